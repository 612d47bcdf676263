"""The model as it would be used: right and wrong boxes at one confidence threshold.

Shapes in names: `c` classes, `i` images, `l` labels, `d` detections.
"""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.boxes import Bools, Ints
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import Matches


@dataclass(frozen=True)
class Counts:
    """True positives, false positives and false negatives, and the rates they give.

    Where a rate is 0/0: 1 if there is nothing to find and nothing was said, else 0; `undefined`
    names such rates, so that no reader takes the convention for a measurement.
    """

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> float:
        """TP / (TP + FP): the share of the detections that are right."""
        return self._ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """TP / (TP + FN): the share of the labels that were found."""
        return self._ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN): the harmonic mean of precision and recall."""
        return self._ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def threat_score(self) -> float:
        """TP / (TP + FP + FN): accuracy of detection, which knows no true negatives."""
        return self._ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def undefined(self) -> tuple[str, ...]:
        """The rates that are 0/0 here and stand by convention."""
        names = []
        if self.tp + self.fp == 0:
            names.append("precision")
        if self.tp + self.fn == 0:
            names.append("recall")
        if self.tp + self.fp + self.fn == 0:
            names.append("f1_score")
        return tuple(names)

    def _ratio(self, part: int, whole: int) -> float:
        if whole:
            return part / whole
        return 1.0 if self.tp + self.fp + self.fn == 0 else 0.0


@dataclass(frozen=True)
class OperatingPoint:
    """Which boxes count, and which of them are right, at `confidence`."""

    confidence: float
    kept_d: Bools
    true_d: Bools
    found_l: Bools
    wrong_i: Ints
    per_class: tuple[Counts, ...]
    support_c: Ints

    @property
    def micro(self) -> Counts:
        """All boxes together."""
        return Counts(
            sum(c.tp for c in self.per_class),
            sum(c.fp for c in self.per_class),
            sum(c.fn for c in self.per_class),
        )

    @property
    def macro(self) -> dict[str, float]:
        """Mean of precision, recall and F1 over the classes with labels; 0 if there are none."""
        labelled = [self.per_class[c] for c in np.flatnonzero(self.support_c)]
        if not labelled:
            return {"precision": 0.0, "recall": 0.0, "f1_score": 0.0}
        return {
            "precision": float(np.mean([c.precision for c in labelled])),
            "recall": float(np.mean([c.recall for c in labelled])),
            "f1_score": float(np.mean([c.f1 for c in labelled])),
        }

    @property
    def correct_images(self) -> int:
        """Images where every label was found and nothing else was said."""
        return int((self.wrong_i == 0).sum())

    @property
    def accuracy(self) -> float:
        """Share of images with every box right; 1 of no images."""
        return self.correct_images / len(self.wrong_i) if len(self.wrong_i) else 1.0


def operating_point(data: Evidence, matches: Matches, *, confidence: float) -> OperatingPoint:
    """Count the boxes with score >= `confidence` as right, wrong or missing.

    Args:
        data: labels and detections.
        matches: of the same evidence; its `match_iou` decides what is right.
        confidence: threshold in [0, 1], inclusive.

    Returns:
        Marks per box and counts per class. TP + FP = kept detections, TP + FN = labels.

    Source: Everingham et al., The PASCAL VOC Challenge, IJCV 88(2), 2010, section 4.2.
    """
    kept_d = data.score_d >= confidence
    true_d = kept_d & (matches.label_d >= 0)
    false_d = kept_d & ~true_d
    found_l = np.zeros(data.labels, dtype=bool)
    found_l[matches.label_d[true_d]] = True
    classes = len(data.classes)
    tp_c = np.bincount(data.class_d[true_d], minlength=classes)
    fp_c = np.bincount(data.class_d[false_d], minlength=classes)
    fn_c = np.bincount(data.label_class_l[~found_l], minlength=classes)
    wrong_i = np.bincount(data.image_d[false_d], minlength=data.images) + np.bincount(
        data.label_image_l[~found_l], minlength=data.images
    )
    counts = (Counts(int(t), int(f), int(n)) for t, f, n in zip(tp_c, fp_c, fn_c, strict=True))
    return OperatingPoint(
        confidence, kept_d, true_d, found_l, wrong_i, tuple(counts), data.support_c
    )
