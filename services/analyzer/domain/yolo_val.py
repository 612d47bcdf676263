"""What `yolo val` prints, on the same detections; not COCO's numbers, and kept apart by name.

Shapes in names: `c` classes with labels, `t` IoU thresholds, `k` points of a confidence grid, `r`
recall points, `l` labels, `d` detections, `p` overlapping pairs, `n` detections of one class, `e`
true positives.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.analyzer.domain.assignment import Taken, levels, take
from services.analyzer.domain.average_precision import RECALL_POINTS, TrueTable, mean
from services.analyzer.domain.boxes import Bools, Floats, Ints, Overlaps, best_first
from services.analyzer.domain.confusion import crossed_counts
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import COCO_THRESHOLDS, Matches
from services.analyzer.domain.ranking import by_class, inverse

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
    bounds_c = np.searchsorted(place_h, start_c)
    present = np.flatnonzero(data.support_c)
    ap_ct = np.zeros((len(present), len(COCO_THRESHOLDS)))
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
        own = slice(bounds_c[c], bounds_c[c + 1])
        ap_ct[row] = _trapezoid_ap(true_th[:, own], place_h[own] - start_c[c] + 1, support)
    f1_ck = 2 * precision_ck * recall_ck / (precision_ck + recall_ck + _EPS)
    best = int(_smooth(f1_ck.mean(axis=0), 0.1).argmax()) if len(present) else 0
    return UltralyticsAp(
        tuple(int(c) for c in present),
        ap_ct,
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


def _trapezoid_ap(true_tn: Bools, rank_n: Ints, support: int) -> Floats:
    """Area under the precision envelope, on 101 points, between the sentinels of ultralytics.

    Its curve has a point per detection; only the last one before each rise of recall matters. That
    is the true positive itself if the next follows directly, else a wrong detection under the next
    one's envelope, where the curve is level. From the last true positive on it is 0.

    Args:
        true_tn: which candidates are right, per threshold.
        rank_n: how many detections of the class there are up to each.
        support: labels of the class.

    Returns:
        AP per threshold, shape (t,).
    """
    table = TrueTable.of(true_tn)
    rank_e = rank_n[table.place[1]].astype(np.float64)
    envelope_tk, rank_tk = table.envelope(table.number_e / rank_e), table.spread(rank_e)
    recall_k = np.arange(support + 1) / (support + _EPS)
    below_r = np.searchsorted(recall_k[1:], RECALL_POINTS, side="right")
    next_r = np.minimum(below_r, envelope_tk.shape[1] - 1)
    last_r = next_r - 1
    right_tr = envelope_tk[:, next_r]
    before_tr = np.where(below_r > 0, rank_tk[:, last_r], 0)
    left_tr = np.where(below_r > 0, envelope_tk[:, last_r], 1.0)
    left_tr = np.where(rank_tk[:, next_r] == before_tr + 1, left_tr, right_tr)
    step_r = np.diff(recall_k)[np.minimum(below_r, support - 1)]
    value_tr = (right_tr - left_tr) / step_r * (RECALL_POINTS - recall_k[below_r]) + left_tr
    value_tr[below_r >= table.found_t[:, None]] = 0.0
    return np.asarray(np.trapezoid(value_tr, RECALL_POINTS, axis=1))


def _smooth(curve_k: Floats, fraction: float) -> Floats:
    """Box filter whose width is `fraction` of the curve, ends repeated."""
    width = round(len(curve_k) * fraction * 2) // 2 + 1
    pad = np.ones(width // 2)
    padded = np.concatenate((pad * curve_k[0], curve_k, pad * curve_k[-1]))
    return np.convolve(padded, np.ones(width) / width, mode="valid")
