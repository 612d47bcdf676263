"""One matching pass: which detection found which label, at every IoU threshold at once.

Shapes in names: `t` IoU thresholds, `l` labels, `d` detections, `p` overlapping pairs, `e` pairs of
one round.
"""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.boxes import Bools, Floats, Ints, Overlaps, overlaps
from services.analyzer.domain.evidence import Evidence

COCO_THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""IoU .50:.05:.95, the numbers that pycocotools computes with."""
BACKGROUND_IOU = 0.1
"""At or above this a wrong detection is near something (TIDE's background threshold)."""
_NEARLY_ONE = 1 - 1e-10
NONE = -1
"""Stands for "no label" in arrays of label indices."""


@dataclass(frozen=True)
class Matches:
    """The outcome of one pass over an `Evidence`.

    `label_td` holds, for each threshold of `thresholds_t`, the label that each detection found, or
    -1. The last threshold is `match_iou`, the one of the operating point.
    """

    thresholds_t: Floats
    match_iou: float
    pairs: Overlaps
    label_td: Ints
    iou_d: Floats

    @property
    def label_d(self) -> Ints:
        """The label each detection found at `match_iou`, or -1; shape (d,)."""
        matched: Ints = self.label_td[-1]
        return matched

    @property
    def found_coco_td(self) -> Bools:
        """Whether each detection is right at each of COCO's ten thresholds; shape (10, d)."""
        found: Bools = self.label_td[:-1] >= 0
        return found


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
    if not 0 < match_iou <= 1:
        raise ValueError(f"match_iou must be in (0, 1], not {match_iou}")
    thresholds_t = np.append(COCO_THRESHOLDS, match_iou)
    pairs = overlaps(
        data.label_image_l,
        data.label_box_l4,
        data.image_d,
        data.box_d4,
        floor=min(BACKGROUND_IOU, match_iou),
    )
    same_p = data.class_d[pairs.detection_p] == data.label_class_l[pairs.label_p]
    group_d = data.image_d * len(data.classes) + data.class_d
    label_td = take_greedily(pairs.where(same_p), group_d, thresholds_t, labels=data.labels)
    return Matches(
        thresholds_t=thresholds_t,
        match_iou=match_iou,
        pairs=pairs,
        label_td=label_td,
        iou_d=_iou_of(pairs, label_td[-1]),
    )


def take_greedily(
    pairs: Overlaps,
    group_d: Ints,
    thresholds_t: Floats,
    *,
    labels: int,
    taken_l: Bools | None = None,
) -> Ints:
    """Let the detections of each group take free labels in turn, in all groups at once.

    Groups must not share labels. The k-th detection of every group is served in round k, for all
    thresholds together, so the number of Python steps is the size of the largest group.

    Args:
        pairs: what may be taken, in the order of `Overlaps`; detections rise by falling score.
        group_d: the group of each detection.
        thresholds_t: smallest IoU that counts, one matching each.
        labels: number of labels.
        taken_l: labels that are not free from the start, shape (labels,).

    Returns:
        The label each detection took at each threshold, or -1; shape (t, d).
    """
    result_td = np.full((len(thresholds_t), len(group_d)), NONE, dtype=np.int64)
    thresholds_t = np.minimum(thresholds_t, _NEARLY_ONE)
    pairs = pairs.where(pairs.iou_p >= thresholds_t.min())
    if not len(pairs.detection_p):
        return result_td
    free_tl = np.ones((len(thresholds_t), labels), dtype=bool)
    if taken_l is not None:
        free_tl[:, taken_l] = False
    round_p = _rounds(pairs.detection_p, group_d)
    order_p = np.argsort(round_p, kind="stable")
    cuts = np.flatnonzero(np.diff(round_p[order_p])) + 1
    for now_e in np.split(order_p, cuts):
        _serve(pairs, now_e, thresholds_t, free_tl, result_td)
    return result_td


def _rounds(detection_p: Ints, group_d: Ints) -> Ints:
    """For each pair, how many detections with pairs come before its own in its group."""
    serving, serving_of_p = np.unique(detection_p, return_inverse=True)
    rounds_p: Ints = rank_in_group(group_d[serving])[serving_of_p]
    return rounds_p


def rank_in_group(group_n: Ints) -> Ints:
    """How many members of the same group come before each element; shape (n,)."""
    order = np.argsort(group_n, kind="stable")
    ordered = group_n[order]
    starts = np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(ordered)]
    position = np.arange(len(ordered))
    rank_n = np.empty(len(ordered), dtype=np.int64)
    rank_n[order] = position - np.maximum.accumulate(np.where(starts, position, 0))
    return rank_n


def _serve(
    pairs: Overlaps, now_e: Ints, thresholds_t: Floats, free_tl: Bools, result_td: Ints
) -> None:
    """One round: each detection takes its first free pair; marks it taken and notes it."""
    detection_e, label_e = pairs.detection_p[now_e], pairs.label_p[now_e]
    starts = np.flatnonzero(np.concatenate(([True], detection_e[1:] != detection_e[:-1])))
    allowed_te = free_tl[:, label_e] & (pairs.iou_p[now_e] >= thresholds_t[:, None])
    nothing = len(now_e)
    first_tn = np.minimum.reduceat(
        np.where(allowed_te, np.arange(nothing), nothing), starts, axis=1
    )
    threshold, n = np.nonzero(first_tn < nothing)
    chosen = first_tn[threshold, n]
    free_tl[threshold, label_e[chosen]] = False
    result_td[threshold, detection_e[chosen]] = label_e[chosen]


def _iou_of(pairs: Overlaps, label_d: Ints) -> Floats:
    """IoU of each detection with the label it took; 0 where it took none."""
    iou_d = np.zeros(len(label_d))
    taken_p = label_d[pairs.detection_p] == pairs.label_p
    iou_d[pairs.detection_p[taken_p]] = pairs.iou_p[taken_p]
    return iou_d
