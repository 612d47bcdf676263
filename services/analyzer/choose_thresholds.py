"""Operation `thresholds`: one per class, chosen on one validation and measured on another."""

import asyncio
import time
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from libs.common.errors import BadInput
from libs.common.events import AnalysisRequested, ThresholdsChosen
from libs.common.work import Attempt
from services.analyzer import outputs
from services.analyzer.domain.matching import match
from services.analyzer.domain.threshold_table import ONE_HALF, OTHER_HALF, table
from services.analyzer.domain.thresholds import Marks, Target, halves, marks
from services.analyzer.options import ThresholdOptions
from services.analyzer.stored import Stored, StoredValidations

NAME = "thresholds.json"
Json = dict[str, Any]


async def choose_thresholds(attempt: Attempt, request: AnalysisRequested, folder: Path) -> None:
    """Solve for the target, store `thresholds.json` with the model's hash, tell it."""
    started = time.monotonic()
    options = ThresholdOptions.of(request.options)
    validations = StoredValidations(attempt.deps)
    chosen = await validations.get(options.validation_id)
    tested = await validations.get(options.test_validation_id or options.validation_id)
    reports = [await _report(attempt, each) for each in (chosen, tested)]
    model = reports[0]["model_info"]
    _same_model(model, reports[1]["model_info"], chosen, tested)
    found = await asyncio.to_thread(_solved, chosen, tested, options)
    halved = chosen.job_id == tested.job_id
    answer = {
        "thresholds_id": attempt.job.id,
        "model": {name: model[name] for name in ("name", "sha256", "training_id")},
        "chosen_on": _where(chosen, reports[0], ONE_HALF if halved else "all"),
        "measured_on": _where(tested, reports[1], OTHER_HALF if halved else "all"),
        **found,
        "match_iou": chosen.options.match_iou,
        "processing_time": round(time.monotonic() - started, 3),
        "timestamp": attempt.job.created_at.isoformat(),
    }
    outputs.write_json(folder / NAME, answer)
    prefix = outputs.prefix_of("thresholds", request.model.name, attempt)
    artifacts = await outputs.upload(attempt.deps, prefix, folder, [NAME])
    await attempt.tell(
        ThresholdsChosen,
        prefix=prefix,
        thresholds=found["thresholds"],
        model_sha256=model["sha256"],
        seconds=time.monotonic() - started,
        report=artifacts[NAME],
        artifacts=artifacts,
    )


async def _report(attempt: Attempt, validation: Stored) -> Json:
    report: Json = orjson.loads(await attempt.deps.artifacts.get_bytes(validation.report.key))
    return report


def _same_model(ours: Json, theirs: Json, chosen: Stored, tested: Stored) -> None:
    """Raises BadInput unless both judged the same weights, right boxes meaning the same."""
    if ours["sha256"] != theirs["sha256"]:
        raise BadInput(
            "The two validations are of different weights: thresholds of one model mean nothing "
            "to another.",
            code="models_differ",
        )
    if sorted(chosen.data.classes) != sorted(tested.data.classes):
        raise BadInput("The two validations are of different classes.", code="classes_differ")


def _solved(chosen: Stored, tested: Stored, options: ThresholdOptions) -> Json:
    target = Target(options.target.kind, options.target.value)
    confidence = chosen.options.confidence_threshold
    first_i = None
    if chosen.job_id == tested.job_id:
        first_i = halves([each.path for each in chosen.images], chosen.data.without_labels_i)
    ours = _marks(chosen, chosen, first_i)
    if target.kind == "false_alarms" and not ours.clean_images:
        raise BadInput(
            "The images have none without a logo, so false alarms cannot be counted: choose "
            "another target, or add clean images.",
            code="no_clean_images",
        )
    theirs = _marks(tested, chosen, None if first_i is None else ~first_i)
    return table(chosen.data.classes, ours, theirs, target, confidence)


def _marks(validation: Stored, named: Stored, keep_i: Any) -> Marks:
    """The marks of a validation, its classes numbered as in `named`, whose `match_iou` counts."""
    data = validation.data
    seen = marks(data, match(data, match_iou=named.options.match_iou), keep_i)
    to_named = np.array([named.data.classes.index(name) for name in data.classes], dtype=np.int64)
    support_c = np.zeros_like(seen.support_c)
    support_c[to_named] = seen.support_c
    return Marks(
        to_named[seen.class_d],
        seen.score_d,
        seen.true_d,
        seen.alarm_d,
        support_c,
        seen.images,
        seen.clean_images,
    )


def _where(validation: Stored, report: Json, images: str) -> Json:
    request = validation.request
    return {
        "validation_id": validation.job_id,
        "dataset": request.dataset.name if request.dataset else None,
        "dataset_version": request.dataset.version if request.dataset else None,
        "split": report["split"],
        "images": images,
    }
