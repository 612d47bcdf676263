"""Localisation recall precision: one error in which a loose box costs too, and its three parts.

Shapes in names: `c` classes, `n` detections of one class, `h` of them that are right.
"""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.boxes import Floats
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import COCO_THRESHOLDS, Matches

TAU = float(COCO_THRESHOLDS[0])
"""Overlap from which a detection is right, as in the paper's reports."""


@dataclass(frozen=True)
class Lrp:
    """The lowest LRP of each class over all confidences, where it is reached, and what it is of.

    All in [0, 1], 0 is best; NaN for a class without labels. `location_c` is 1 - mean IoU of the
    right boxes, `false_positive_c` is 1 - precision, `false_negative_c` is 1 - recall, all at
    `confidence_c`; the first two and the confidence are NaN too where no detection is best.
    """

    error_c: Floats
    location_c: Floats
    false_positive_c: Floats
    false_negative_c: Floats
    confidence_c: Floats


def optimal_lrp(data: Evidence, matches: Matches) -> Lrp:
    """Optimal LRP per class.

    LRP(s) = (sum over right boxes of (1 - IoU) / (1 - 0.5) + FP + FN) / (TP + FP + FN), for the
    detections with score >= s, matched at IoU 0.5. Detections of equal score come together. Of
    equal minima the highest confidence is taken. A wrong detection only raises LRP, so it is looked
    at only where a right one is added; and where nothing is said it is 1.

    Args:
        data: labels and detections.
        matches: of the same evidence; matched at 0.5, whatever its `match_iou`.

    Returns:
        The error and its parts.

    Source: Oksuz et al., Localization Recall Precision, ECCV 2018; One Metric to Measure Them All,
    TPAMI 2021, equations 2 to 5.
    """
    ranks, classes = data.ranking, len(data.classes)
    parts_4c = np.full((4, classes), np.nan)
    error_c = np.where(data.support_c > 0, 1.0, np.nan)
    parts_4c[2, data.support_c > 0] = 1.0
    right_h = np.flatnonzero(matches.taken.label_th[0] >= 0)
    detection_h = matches.taken.detection_h[right_h]
    iou_h = _iou(matches)
    order = np.argsort(ranks.place_d[detection_h])
    detection_h, iou_h = detection_h[order], iou_h[order]
    bounds_c = np.searchsorted(ranks.place_d[detection_h], ranks.start_c)
    for c in np.flatnonzero((data.support_c > 0) & (np.diff(bounds_c) > 0)):
        own = slice(bounds_c[c], bounds_c[c + 1])
        score_h = data.score_d[detection_h[own]]
        falling_n = -data.score_d[ranks.of_class(int(c))]
        said_h = np.searchsorted(falling_n, -score_h, side="right")
        true_h = np.searchsorted(-score_h, -score_h, side="right")
        loose_h = np.cumsum(1 - iou_h[own])[true_h - 1]
        support = int(data.support_c[c])
        lrp_h = loose_h / (1 - TAU) + said_h - true_h + support - true_h
        lrp_h /= said_h + support - true_h
        at = int(lrp_h.argmin())
        if lrp_h[at] >= 1:
            continue
        error_c[c] = lrp_h[at]
        parts_4c[:, c] = (
            loose_h[at] / true_h[at],
            1 - true_h[at] / said_h[at],
            1 - true_h[at] / support,
            score_h[at],
        )
    return Lrp(error_c, *parts_4c)


def _iou(matches: Matches) -> Floats:
    """Overlap of each detection that is right at 0.5 with its label."""
    taken, own = matches.taken, matches.own
    label_d = np.full(len(matches.label_d), -1, dtype=np.int64)
    label_d[taken.detection_h] = taken.label_th[0]
    hit_p = np.flatnonzero(label_d[own.detection_p] == own.label_p)
    return own.iou_p[hit_p]  # pairs come by detection, as `taken` does
