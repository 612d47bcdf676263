"""What `yolo val` prints, on the same detections; not COCO's numbers, and kept apart by name.

Shapes in names: `c` classes with labels, `t` IoU thresholds, `k` points of a confidence grid, `r`
recall points, `l` labels, `d` detections, `p` overlapping pairs, `n` detections of one class, `e`
true positives.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from services.analyzer.domain.assignment import Taken, levels, take
from services.analyzer.domain.average_precision import RECALL_POINTS, mean
from services.analyzer.domain.boxes import Bools, Floats, Ints, Overlaps, best_first
from services.analyzer.domain.confusion import crossed_counts
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import COCO_THRESHOLDS, Matches
from services.analyzer.domain.ranking import by_class, inverse
from services.analyzer.domain.true_table import TrueTable, class_blocks

Singles = npt.NDArray[np.float32]

GRID = np.linspace(0, 1, 1000)
"""The confidences at which ultralytics looks for its highest F1."""
MATRIX_IOU = 0.45
"""Overlap above which its confusion matrix pairs boxes, whatever thresholds a user asks for."""
_EPS = 1e-16
_IOU_EPS = np.float32(1e-7)
_NEAR = 1e-4
"""More than single precision can move an IoU."""


@dataclass(frozen=True)
class UltralyticsAp:
    """What `yolo val` prints, on the detections given: its AP, its P and R at one confidence."""

    classes: tuple[int, ...]
    ap_ct: Floats
    precision_c: Floats
    recall_c: Floats
    f1_c: Floats
    confidence: float

    @property
    def map50(self) -> float:
        """Its `mAP50`."""
        return mean(self.ap_ct[:, 0]) or 0.0

    @property
    def map50_95(self) -> float:
        """Its `mAP50-95`."""
        return mean(self.ap_ct) or 0.0

    @property
    def precision(self) -> float:
        """Its `Box(P`: mean over classes, at the confidence of the highest smoothed mean F1."""
        return mean(self.precision_c) or 0.0

    @property
    def recall(self) -> float:
        """Its `R`: the same, for recall."""
        return mean(self.recall_c) or 0.0


def ultralytics_ap(data: Evidence, matches: Matches) -> UltralyticsAp:
    """AP, P and R as ultralytics 8.4 computes them; not the COCO numbers.

    Its AP is the area by trapezoids under the precision envelope, interpolated linearly at 101
    recall points. P and R are read where the mean F1 over classes, smoothed, is highest, on 1,000
    confidences; they ignore every threshold a user asks for. Its sort is not stable, so where
    scores are equal we sort by the same call on the same numbers.

    Args:
        data: labels and detections.
        matches: of the same evidence.

    Returns:
        The numbers, for the classes that have labels.

    Source: ultralytics `utils/metrics.py`, `ap_per_class`, `compute_ap`, `smooth`.
    """
    taken = ultralytics_matches(data, matches)
    score_d = _scores(data)
    order_d, start_c = by_class(np.argsort(-score_d), data.class_d, classes=len(data.classes))
    place_d = inverse(order_d)
    first_d = np.zeros(data.detections, dtype=bool)
    first_d[taken.detection_h[taken.label_th[0] >= 0]] = True
    listed = np.argsort(place_d[taken.detection_h])
    place_h, true_th = place_d[taken.detection_h[listed]], taken.label_th[:, listed] >= 0
    present = np.flatnonzero(data.support_c)
    precision_ck = np.zeros((len(present), len(GRID)))
    recall_ck = np.zeros_like(precision_ck)
    for row, c in enumerate(present):
        own_n = order_d[start_c[c] : start_c[c + 1]]
        if not len(own_n):
            continue
        true_n = np.cumsum(first_d[own_n], dtype=np.float64)
        falling_n = -score_d[own_n].astype(np.float64)
        support = int(data.support_c[c])
        recall_ck[row] = np.interp(-GRID, falling_n, true_n / (support + _EPS), left=0)
        precision_n = true_n / np.arange(1, len(own_n) + 1)
        precision_ck[row] = np.interp(-GRID, falling_n, precision_n, left=1)
    ap_ct = np.zeros((len(data.classes), len(COCO_THRESHOLDS)))
    bounds_c = np.searchsorted(place_h, start_c)
    for block, own, local_c in class_blocks(bounds_c, len(COCO_THRESHOLDS)):
        rank_n = place_h[own] - np.repeat(start_c[:-1][block], np.diff(local_c)) + 1
        ap_ct[block] = _trapezoid_ap(true_th[:, own], rank_n, local_c, data.support_c[block])
    f1_ck = 2 * precision_ck * recall_ck / (precision_ck + recall_ck + _EPS)
    best = int(_smooth(f1_ck.mean(axis=0), 0.1).argmax()) if len(present) else 0
    return UltralyticsAp(
        tuple(int(c) for c in present),
        ap_ct[present],
        precision_ck[:, best],
        recall_ck[:, best],
        f1_ck[:, best],
        float(GRID[best]),
    )


def ultralytics_matches(data: Evidence, matches: Matches) -> Taken:
    """Its matching: overlaps in single precision, of equal ones the first label.

    It differs from COCO's where an overlap is on a threshold, or two are equal; no cap on
    detections is applied, for `yolo val` matches all that it keeps.

    Source: ultralytics `engine/validator.py`, `match_predictions`.
    """
    near = matches.same_p & (matches.pairs.iou_p >= COCO_THRESHOLDS[0] - _NEAR)
    pairs = _in_single(data, matches.pairs.where(np.flatnonzero(near)))
    return take(
        pairs,
        levels(pairs.iou_p, COCO_THRESHOLDS.astype(np.float32).astype(np.float64)),
        thresholds=len(COCO_THRESHOLDS),
        group_l=data.label_image_l,
    )


def ultralytics_confusion(
    data: Evidence, pairs: Overlaps, *, confidence: float, iou: float = MATRIX_IOU
) -> Ints:
    """Its confusion matrix: detections take the best label of any class, by falling score.

    A right box may lose its label to a surer one of another class, so neither rows nor diagonal
    agree with its printed precision and recall, which match within the class.

    Args:
        data: labels and detections.
        pairs: overlaps of the same evidence, from IoU 0.1.
        confidence: detections above it count (not those at it).
        iou: pairs above it count.

    Returns:
        Counts of shape (classes + 1, classes + 1), rows predicted, columns true, background last.

    Source: ultralytics `utils/metrics.py`, `ConfusionMatrix.process_batch`.
    """
    kept_d = _scores(data) > np.float32(confidence)
    close = kept_d[pairs.detection_p] & (pairs.iou_p > iou - _NEAR)
    single = _in_single(data, pairs.where(np.flatnonzero(close)))
    reached_p = (single.iou_p > float(np.float32(iou))).astype(np.int64)
    taken = take(single, reached_p, thresholds=1, group_l=data.label_image_l)
    return crossed_counts(data, kept_d, taken.spread(data.detections)[0])


def _in_single(data: Evidence, pairs: Overlaps) -> Overlaps:
    """The pairs with their IoU in single precision, first label first.

    Source: ultralytics `utils/metrics.py`, `box_iou`, in the same order of operations.
    """
    box_p4 = data.box_d4[pairs.detection_p].astype(np.float32)
    label_p4 = data.label_box_l4[pairs.label_p].astype(np.float32)
    low_p2 = np.maximum(label_p4[:, :2], box_p4[:, :2])
    side_p2 = np.maximum(np.minimum(label_p4[:, 2:], box_p4[:, 2:]) - low_p2, 0)
    shared_p = side_p2[:, 0] * side_p2[:, 1]
    union_p = _area(label_p4) + _area(box_p4) - shared_p + _IOU_EPS
    iou_p = (shared_p / union_p).astype(np.float64)
    return best_first(Overlaps(pairs.detection_p, pairs.label_p, iou_p), last_label=False)


def _area(box_n4: Singles) -> Singles:
    side_n2 = box_n4[:, 2:] - box_n4[:, :2]
    return side_n2[:, 0] * side_n2[:, 1]


def _scores(data: Evidence) -> Floats | Singles:
    """Scores in the precision in which they were made: the model's is single."""
    single_d = data.score_d.astype(np.float32)
    return single_d if (single_d == data.score_d).all() else data.score_d


def _trapezoid_ap(true_tn: Bools, rank_n: Ints, start_c: Ints, support_c: Ints) -> Floats:
    """Area under the precision envelope, on 101 points, between the sentinels of ultralytics.

    Its curve has a point per detection; only the last one before each rise of recall matters. That
    is the true positive itself if the next follows directly, else a wrong detection under the next
    one's envelope, where the curve is level. From the last true positive on it is 0.

    Args:
        true_tn: which candidates of some classes are right, per threshold.
        rank_n: how many detections of the class there are up to each.
        start_c: where each class starts among the columns, and the last ends.
        support_c: labels of each class.

    Returns:
        AP per class and threshold, shape (c, t).
    """
    table = TrueTable.of(true_tn, start_c)
    rank_e = rank_n[table.column_e].astype(np.float64)
    envelope_ctk, rank_ctk = table.envelope(table.number_e / rank_e), table.spread(rank_e)
    below_cr = np.stack([_labels_within(support) for support in support_c.tolist()])
    below_c1r = below_cr[:, None]
    next_c1r = np.minimum(below_c1r, envelope_ctk.shape[2] - 1)
    last_c1r = np.maximum(next_c1r - 1, 0)
    right_ctr = table.at(envelope_ctk, next_c1r)
    before_ctr = np.where(below_c1r, table.at(rank_ctk, last_c1r), 0)
    left_ctr = np.where(below_c1r, table.at(envelope_ctk, last_c1r), 1.0)
    left_ctr = np.where(table.at(rank_ctk, next_c1r) == before_ctr + 1, left_ctr, right_ctr)
    labels_c1 = support_c[:, None] + _EPS
    recall_cr = below_cr / labels_c1
    step_cr = np.maximum((below_cr + 1) / labels_c1 - recall_cr, _EPS)
    value_ctr = (right_ctr - left_ctr) / step_cr[:, None] * (RECALL_POINTS - recall_cr)[:, None]
    value_ctr += left_ctr
    value_ctr[below_c1r >= table.found_cw[:, :, None]] = 0.0
    return np.asarray(np.trapezoid(value_ctr, RECALL_POINTS, axis=2))


@lru_cache(maxsize=4096)
def _labels_within(support: int) -> Ints:
    """How many true positives lie at or before each recall point, out of `support` labels."""
    return np.searchsorted(np.arange(1, support + 1) / (support + _EPS), RECALL_POINTS, "right")


def _smooth(curve_k: Floats, fraction: float) -> Floats:
    """Box filter whose width is `fraction` of the curve, ends repeated."""
    width = round(len(curve_k) * fraction * 2) // 2 + 1
    pad = np.ones(width // 2)
    padded = np.concatenate((pad * curve_k[0], curve_k, pad * curve_k[-1]))
    return np.convolve(padded, np.ones(width) / width, mode="valid")
