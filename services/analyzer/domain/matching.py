"""One matching pass: which detection found which label, at every IoU threshold at once.

Stable for readers: `label_d`, `iou_d`, `found_coco_td`, `label_td`, `pairs`, `same_p`, `match_iou`
of `Matches`, and `match`, `rematch`. Matching is per image, so rows of one image are all that a
resampling of images needs. `own` and `taken` are the compact form that the sums are made from.

Shapes in names: `t` IoU thresholds, `l` labels, `d` detections, `p` overlapping pairs.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from services.analyzer.domain.assignment import NONE, Taken, levels, take
from services.analyzer.domain.boxes import Bools, Floats, Ints, Overlaps, overlaps
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.ranking import rank_in_group

__all__ = ["BACKGROUND_IOU", "COCO_THRESHOLDS", "NONE", "Matches", "match", "rank_in_group"]

COCO_THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""IoU .50:.05:.95, the numbers that pycocotools computes with."""
BACKGROUND_IOU = 0.1
"""At or above this a wrong detection is near something (TIDE's background threshold)."""
_NEARLY_ONE = 1 - 1e-10


@dataclass(frozen=True)
class Matches:
    """The outcome of one pass over an `Evidence`.

    `pairs` are all overlaps of an image, of any two classes, down to IoU 0.1, and `same_p` marks
    those within a class; `own` are the latter from IoU 0.5. `taken` is the outcome at COCO's ten
    thresholds, `label_d` and `iou_d` that at `match_iou`, the threshold of the operating point:
    the label each detection found, or -1, and its overlap with it, or 0.
    """

    match_iou: float
    pairs: Overlaps
    same_p: Bools
    own: Overlaps
    taken: Taken
    label_d: Ints
    iou_d: Floats

    @property
    def thresholds_t(self) -> Floats:
        """COCO's ten thresholds and, last, `match_iou`."""
        return np.append(COCO_THRESHOLDS, self.match_iou)

    @cached_property
    def label_td(self) -> Ints:
        """The label each detection found at each of `thresholds_t`, or -1; shape (11, d)."""
        return np.vstack([self.taken.spread(len(self.label_d)), self.label_d])

    @cached_property
    def found_coco_td(self) -> Bools:
        """Whether each detection is right at each of COCO's ten thresholds; shape (10, d)."""
        found_td = np.zeros((len(COCO_THRESHOLDS), len(self.label_d)), dtype=bool)
        found_td[:, self.taken.detection_h] = self.taken.label_th >= 0
        return found_td


def match(data: Evidence, *, match_iou: float = 0.5) -> Matches:
    """Match detections with labels, per image and class, greedily by falling score.

    Each detection in turn takes the free label of its class with the highest IoU, if that reaches
    the threshold; of equal IoUs the last label wins. A detection of lower score never changes what
    one of higher score got, so the pass over all detections serves every confidence threshold.

    Args:
        data: labels and detections.
        match_iou: threshold of the operating point, in (0, 1].

    Returns:
        The matches at COCO's ten thresholds and at `match_iou`.

    Raises:
        ValueError: `match_iou` is outside (0, 1].

    Source: Lin et al., Microsoft COCO, ECCV 2014, as computed by pycocotools `evaluateImg`.
    """
    _check(match_iou)
    return match_pairs(
        data, close_pairs(data, floor=min(BACKGROUND_IOU, match_iou)), match_iou=match_iou
    )


def close_pairs(data: Evidence, *, floor: float = BACKGROUND_IOU) -> Overlaps:
    """All overlaps that a matching at an IoU >= `floor` needs to know of."""
    return overlaps(data.label_image_l, data.label_box_l4, data.image_d, data.box_d4, floor=floor)


def match_pairs(data: Evidence, pairs: Overlaps, *, match_iou: float) -> Matches:
    """As `match`, from overlaps that are known already down to 0.1 and `match_iou`."""
    _check(match_iou)
    same_p = data.class_d[pairs.detection_p] == data.label_class_l[pairs.label_p]
    own = pairs.where(np.flatnonzero(same_p & (pairs.iou_p >= COCO_THRESHOLDS[0])))
    taken = take(
        own,
        levels(own.iou_p, COCO_THRESHOLDS),
        thresholds=len(COCO_THRESHOLDS),
        group_l=data.label_image_l,
    )
    nothing_d = np.full(data.detections, NONE, dtype=np.int64)
    found = Matches(match_iou, pairs, same_p, own, taken, nothing_d, np.zeros(data.detections))
    return _at(data, found, match_iou)


def rematch(data: Evidence, matches: Matches, *, match_iou: float) -> Matches:
    """The same matches with another threshold of the operating point, from the stored pairs.

    Args:
        data: labels and detections.
        matches: of the same evidence.
        match_iou: the new threshold, in (0, 1]; below 0.1 everything is matched anew.

    Returns:
        The matches at COCO's ten thresholds and at the new `match_iou`.

    Raises:
        ValueError: `match_iou` is outside (0, 1].
    """
    _check(match_iou)
    if match_iou < BACKGROUND_IOU:
        return match(data, match_iou=match_iou)
    return _at(data, matches, match_iou)


def _check(match_iou: float) -> None:
    if not 0 < match_iou <= 1:
        raise ValueError(f"match_iou must be in (0, 1], not {match_iou}")


def _at(data: Evidence, matches: Matches, match_iou: float) -> Matches:
    """Fill in `label_d` and `iou_d`."""
    known = np.flatnonzero(match_iou == COCO_THRESHOLDS)
    if len(known):
        row = matches.taken.label_th[known[0]]
        taken = Taken(matches.taken.detection_h, row[None])
    else:
        floor = min(match_iou, _NEARLY_ONE)
        pairs = matches.pairs.where(np.flatnonzero(matches.same_p & (matches.pairs.iou_p >= floor)))
        level_p = np.ones(len(pairs.iou_p), dtype=np.int64)
        taken = take(pairs, level_p, thresholds=1, group_l=data.label_image_l)
    label_d = taken.spread(data.detections)[0]
    return replace(
        matches, match_iou=match_iou, label_d=label_d, iou_d=_iou_of(matches.pairs, label_d)
    )


def _iou_of(pairs: Overlaps, label_d: Ints) -> Floats:
    """IoU of each detection with the label it took; 0 where it took none."""
    iou_d = np.zeros(len(label_d))
    taken_p = np.flatnonzero(label_d[pairs.detection_p] == pairs.label_p)
    iou_d[pairs.detection_p[taken_p]] = pairs.iou_p[taken_p]
    return iou_d
