"""Comparisons of models: the verdict, and the boxes behind it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from libs.client.calls.calls import Calls, Json, OnProgress
from libs.common.answers.comparisons import ComparedBoxes, ComparisonReport
from libs.common.answers.insights import ThresholdReport


class ComparisonCalls(Calls):
    """The routes that compare."""

    def compare_validations(
        self,
        base: str,
        candidates: Sequence[str],
        *,
        on_progress: OnProgress | None = None,
        **options: Any,
    ) -> ComparisonReport:
        """Hold validations of the same images against the first one, and wait for the verdicts.

        Args:
            base: id of a validation.
            candidates: ids of others.
            on_progress: told the percentage.
            options: confidence_threshold, match_iou, resamples, seed.

        Raises:
            JobFailed: they cannot be compared.
        """
        body = {"base": base, "candidates": list(candidates), **options}
        return self.work(ComparisonReport, "/model/compare", body, "comparison_id", on_progress)

    def compare_models(
        self,
        models: Sequence[str],
        test_dataset_path: str | Path,
        *,
        on_progress: OnProgress | None = None,
        **options: Any,
    ) -> ComparisonReport:
        """Judge models on one dataset where that was not done yet, and compare them.

        Args:
            models: names, paths or artifacts; the first is the base.
            test_dataset_path: as in `validate_model`.
            on_progress: told the percentage.
            options: as in `compare_validations`, and split, imgsz, iou_threshold, device.

        Raises:
            JobFailed: a model could not be judged.
        """
        body = {"models": list(models), "test_dataset_path": str(test_dataset_path), **options}
        return self.work(ComparisonReport, "/model/compare", body, "comparison_id", on_progress)

    def changed_boxes(
        self, comparison_id: str, kind: str | None = None, **query: Any
    ) -> ComparedBoxes:
        """One page of the boxes of a comparison: `fixed`, `broken`, `still_wrong`, `still_right`.

        Args:
            comparison_id: of the comparison.
            kind: what became of them; None = all.
            query: of (label, false_positive), class, candidate, limit, cursor.
        """
        path = f"/model/compare/{quote(comparison_id, safe='')}/boxes"
        return self.get(ComparedBoxes, path, kind=kind, **query)

    def choose_thresholds(
        self, validation_id: str, *, test_validation_id: str | None = None, **target: Any
    ) -> ThresholdReport:
        """A confidence threshold per class, chosen on one validation and measured on another.

        Args:
            validation_id: to choose on.
            test_validation_id: of the same weights; None = half of the images measure.
            target: kind (max_f1, precision, false_alarms) and value.

        Raises:
            JobFailed: none can be chosen.
        """
        body: Json = {"validation_id": validation_id, "target": target}
        if test_validation_id:
            body["test_validation_id"] = test_validation_id
        return self.work(ThresholdReport, "/model/thresholds", body, "thresholds_id", None)
