"""COCO's sizes small, medium and large, and what matching becomes when only one of them counts.

Shapes in names: `a` ranges of area, `t` IoU thresholds, `l` labels, `d` detections, `h` detections
with a label of their class at IoU >= 0.5, `p` pairs of these.
"""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.assignment import NONE, Taken, levels, take
from services.analyzer.domain.boxes import Bools, Floats, Ints
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import COCO_THRESHOLDS, Matches


@dataclass(frozen=True)
class AreaRange:
    """A size: areas from `low` to `high` square pixels, both included, as in pycocotools."""

    name: str
    low: float
    high: float


AREAS = (
    AreaRange("all", 0.0, 1e5**2),
    AreaRange("small", 0.0, 32.0**2),
    AreaRange("medium", 32.0**2, 96.0**2),
    AreaRange("large", 96.0**2, 1e5**2),
)
"""A box of exactly 32 x 32 pixels is both small and medium."""


def in_range(area_n: Floats) -> Bools:
    """Which boxes are of each size, shape (4, n)."""
    return np.stack([(area_n >= each.low) & (area_n <= each.high) for each in AREAS])


def found_by_area(
    data: Evidence, matches: Matches, in_al: Bools, in_ad: Bools, listed: Ints
) -> tuple[Bools, Bools]:
    """Which candidates are right, and which count, when only labels of one size do.

    Args:
        data: labels and detections.
        matches: of the same evidence.
        in_al: from `in_range`, of the labels.
        in_ad: the same, of the detections.
        listed: which rows of `matches.taken` to tell about, in this order.

    Returns:
        Whether each found a label in range, and whether it counts; shapes (4, 10, listed).
    """
    detection_h = matches.taken.detection_h[listed]
    shape = (len(AREAS), len(COCO_THRESHOLDS), len(listed))
    true_ath, seen_ath = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for a in range(len(AREAS)):
        taken = _taken_in(data, matches, in_al[a])
        label_th = taken.label_th[:, listed]
        # One more label, out of every range, for those that found none: index -1.
        true_ath[a] = np.append(in_al[a], False)[label_th]
        seen_ath[a] = true_ath[a] | ((label_th == NONE) & in_ad[a][detection_h])
    return true_ath, seen_ath


def _taken_in(data: Evidence, matches: Matches, in_l: Bools) -> Taken:
    """The matching in which labels in range are preferred to any other, as COCO does.

    It differs from that of all sizes only in images where a detection has the choice between a
    label in range and one out of it; only these are matched again.
    """
    own = matches.own
    inside_p = in_l[own.label_p]
    if inside_p.all():
        return matches.taken
    same = own.detection_p[1:] == own.detection_p[:-1]
    mixed = np.flatnonzero(same & (inside_p[1:] != inside_p[:-1]))
    if not len(mixed):
        return matches.taken
    again_i = np.zeros(data.images, dtype=bool)
    again_i[data.image_d[own.detection_p[mixed]]] = True
    again_p = np.flatnonzero(again_i[data.image_d[own.detection_p]])
    again_p = again_p[np.lexsort((~inside_p[again_p], own.detection_p[again_p]))]
    pairs = own.where(again_p)
    return matches.taken.replaced(
        take(
            pairs,
            levels(pairs.iou_p, COCO_THRESHOLDS),
            thresholds=len(COCO_THRESHOLDS),
            group_l=data.label_image_l,
        )
    )
