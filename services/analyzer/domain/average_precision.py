"""Average precision: COCO's, and the one that `yolo val` prints, kept apart by name.

Shapes in names: `c` classes, `t` IoU thresholds, `r` recall points, `d` detections, `k` points of a
confidence grid.
"""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.boxes import Bools, Floats
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import COCO_THRESHOLDS, Matches, rank_in_group

MAX_DETECTIONS = 300
"""Detections counted per image and class, the highest scores first."""
RECALL_POINTS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True)
class CocoAp:
    """COCO's numbers. Classes without a label have no AP: NaN here, left out of every mean."""

    precision_ctr: Floats
    recall_ct: Floats

    @property
    def ap_ct(self) -> Floats:
        """AP per class and IoU threshold: mean precision over 101 recall points; shape (c, 10)."""
        ap: Floats = self.precision_ctr.mean(axis=2)
        return ap

    @property
    def map50(self) -> float:
        """Mean AP at IoU 0.50 over the classes with labels; 0 if there are none."""
        return _mean(self.ap_ct[:, 0])

    @property
    def map75(self) -> float:
        """Mean AP at IoU 0.75."""
        return _mean(self.ap_ct[:, 5])

    @property
    def map50_95(self) -> float:
        """Mean AP over IoU .50:.05:.95."""
        return _mean(self.ap_ct)

    @property
    def average_recall(self) -> float:
        """Mean over classes and thresholds of the recall of all counted detections (COCO's AR)."""
        return _mean(self.recall_ct)


def coco_ap(data: Evidence, matches: Matches, *, max_detections: int = MAX_DETECTIONS) -> CocoAp:
    """AP as pycocotools computes it, for boxes of any size.

    p(r) = max over r' >= r of TP/(TP+FP) at recall r'; AP = mean of p over r = 0, .01 … 1.

    Args:
        data: labels and detections.
        matches: of the same evidence.
        max_detections: detections counted per image and class.

    Returns:
        Precision at each recall point and the last recall, per class and threshold.

    Source: pycocotools `COCOeval.accumulate`; equal to it to 1e-9 (see the tests).
    """
    counted_d = rank_in_group(data.image_d * len(data.classes) + data.class_d) < max_detections
    order_d = np.argsort(-data.score_d, kind="stable")
    order_d = order_d[counted_d[order_d]]
    found_td = matches.found_coco_td[:, order_d]
    class_d, support_c = data.class_d[order_d], data.support_c
    classes, thresholds = len(data.classes), len(COCO_THRESHOLDS)
    precision_ctr = np.full((classes, thresholds, len(RECALL_POINTS)), np.nan)
    recall_ct = np.full((classes, thresholds), np.nan)
    for c in np.flatnonzero(support_c):
        found_tn = found_td[:, class_d == c]
        for t in range(thresholds):
            precision_ctr[c, t], recall_ct[c, t] = _coco_curve(found_tn[t], int(support_c[c]))
    return CocoAp(precision_ctr, recall_ct)


def _coco_curve(found_n: Bools, support: int) -> tuple[Floats, float]:
    """Interpolated precision at the 101 recall points, and the recall reached."""
    if not len(found_n):
        return np.zeros(len(RECALL_POINTS)), 0.0
    true_n = np.cumsum(found_n, dtype=np.float64)
    recall_n = true_n / support
    precision_n = true_n / (np.arange(1, len(found_n) + 1) + np.spacing(1))
    envelope_n = np.maximum.accumulate(precision_n[::-1])[::-1]
    at_r = np.searchsorted(recall_n, RECALL_POINTS, side="left")
    precision_r = np.append(envelope_n, 0.0)[np.minimum(at_r, len(envelope_n))]
    return precision_r, float(recall_n[-1])


@dataclass(frozen=True)
class UltralyticsAp:
    """What `yolo val` prints, on the detections given: its AP, its P and R at one confidence."""

    classes: tuple[int, ...]
    ap_ct: Floats
    precision_c: Floats
    recall_c: Floats
    confidence: float

    @property
    def map50(self) -> float:
        """Its `mAP50`."""
        return _mean(self.ap_ct[:, 0])

    @property
    def map50_95(self) -> float:
        """Its `mAP50-95`."""
        return _mean(self.ap_ct)

    @property
    def precision(self) -> float:
        """Its `Box(P`: mean over classes, at the confidence of the highest smoothed mean F1."""
        return _mean(self.precision_c)

    @property
    def recall(self) -> float:
        """Its `R`: the same, for recall."""
        return _mean(self.recall_c)


def ultralytics_ap(data: Evidence, matches: Matches) -> UltralyticsAp:
    """AP, P and R as ultralytics 8.4 computes them; not the COCO numbers.

    Its AP is the area by trapezoids under the precision envelope, interpolated linearly at 101
    recall points. P and R are read where the mean F1 over classes, smoothed, is highest, on 1,000
    confidences; they ignore every threshold a user asks for.

    Args:
        data: labels and detections.
        matches: of the same evidence.

    Returns:
        The numbers, for the classes that have labels.

    Source: ultralytics `utils/metrics.py`, `ap_per_class`, `compute_ap`, `smooth`.
    """
    order_d = np.argsort(-data.score_d, kind="stable")
    found_dt, class_d = matches.found_coco_td[:, order_d].T, data.class_d[order_d]
    score_d, support_c = data.score_d[order_d], data.support_c
    present = np.flatnonzero(support_c)
    grid_k = np.linspace(0, 1, 1000)
    ap_ct = np.zeros((len(present), len(COCO_THRESHOLDS)))
    precision_ck = np.zeros((len(present), len(grid_k)))
    recall_ck = np.zeros_like(precision_ck)
    for row, c in enumerate(present):
        own_d = class_d == c
        if not own_d.any():
            continue
        true_nt = np.cumsum(found_dt[own_d], axis=0, dtype=np.float64)
        recall_nt = true_nt / (support_c[c] + 1e-16)
        precision_nt = true_nt / np.arange(1, len(true_nt) + 1)[:, None]
        falling_n = -score_d[own_d]
        recall_ck[row] = np.interp(-grid_k, falling_n, recall_nt[:, 0], left=0)
        precision_ck[row] = np.interp(-grid_k, falling_n, precision_nt[:, 0], left=1)
        ap_ct[row] = [_trapezoid_ap(recall_nt[:, t], precision_nt[:, t]) for t in range(10)]
    f1_ck = 2 * precision_ck * recall_ck / (precision_ck + recall_ck + 1e-16)
    best = int(_smooth(f1_ck.mean(axis=0), 0.1).argmax()) if len(present) else 0
    return UltralyticsAp(
        tuple(int(c) for c in present),
        ap_ct,
        precision_ck[:, best],
        recall_ck[:, best],
        float(grid_k[best]),
    )


def _trapezoid_ap(recall_n: Floats, precision_n: Floats) -> float:
    """Area under the precision envelope, on 101 points, between the sentinels of ultralytics."""
    recall = np.concatenate(([0.0], recall_n, [recall_n[-1]], [1.0]))
    precision = np.concatenate(([1.0], precision_n, [0.0], [0.0]))
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.trapezoid(np.interp(RECALL_POINTS, recall, envelope), RECALL_POINTS))


def _smooth(curve_k: Floats, fraction: float) -> Floats:
    """Box filter whose width is `fraction` of the curve, ends repeated."""
    width = round(len(curve_k) * fraction * 2) // 2 + 1
    pad = np.ones(width // 2)
    padded = np.concatenate((pad * curve_k[0], curve_k, pad * curve_k[-1]))
    return np.convolve(padded, np.ones(width) / width, mode="valid")


def _mean(values: Floats) -> float:
    """Mean of what is not NaN; 0 of nothing."""
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if kept.size else 0.0
