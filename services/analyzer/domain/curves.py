"""Precision, recall and F1 as the confidence threshold moves, and precision against recall.

Shapes in names: `c` classes, `k` points of the confidence grid, `n` detections of one class.
"""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.boxes import Bools, Floats, Ints
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import Matches

GRID = np.linspace(0.0, 1.0, 201)
"""Confidence thresholds of the curves, 0.005 apart."""


@dataclass(frozen=True)
class ConfidenceCurves:
    """Rates per class at each threshold of `confidence_k`, and of all boxes together (micro)."""

    confidence_k: Floats
    precision_ck: Floats
    recall_ck: Floats
    f1_ck: Floats
    precision_k: Floats
    recall_k: Floats
    f1_k: Floats

    @property
    def best(self) -> tuple[float, float]:
        """Highest micro F1 and the lowest confidence that reaches it."""
        k = int(self.f1_k.argmax())
        return float(self.f1_k[k]), float(self.confidence_k[k])


def confidence_curves(data: Evidence, matches: Matches) -> ConfidenceCurves:
    """Exact rates at each threshold of the grid: no interpolation, no smoothing.

    At a threshold, detections with score >= it count; rates are those of `operating_point`, with
    precision 1 where nothing is said any more, so that a curve ends where it should, and recall and
    F1 of a class without labels 0.

    Args:
        data: labels and detections.
        matches: of the same evidence, at `match_iou`.

    Returns:
        Curves of shape (classes, 201) and (201,).
    """
    true_d = matches.label_d >= 0
    support_c = data.support_c.astype(np.float64)
    reached_d = np.searchsorted(GRID, data.score_d, side="right") - 1  # the last threshold it meets
    tp_ck = _at_or_above(data, reached_d, true_d)
    said_ck = _at_or_above(data, reached_d, np.ones(data.detections, dtype=bool))
    precision_ck, recall_ck, f1_ck = _rates(tp_ck, said_ck, support_c[:, None])
    precision_k, recall_k, f1_k = _rates(
        tp_ck.sum(axis=0), said_ck.sum(axis=0), np.array(support_c.sum())
    )
    return ConfidenceCurves(GRID, precision_ck, recall_ck, f1_ck, precision_k, recall_k, f1_k)


def _at_or_above(data: Evidence, reached_d: Ints, use_d: Bools) -> Floats:
    """How many detections of each class have a score >= each threshold, of those to use."""
    use = np.flatnonzero(use_d & (reached_d >= 0))
    cells = data.class_d[use] * len(GRID) + reached_d[use]
    counts_ck = np.bincount(cells, minlength=len(data.classes) * len(GRID))
    counts_ck = counts_ck.reshape(len(data.classes), len(GRID))
    above: Floats = np.cumsum(counts_ck[:, ::-1], axis=1)[:, ::-1].astype(np.float64)
    return above


def _rates(tp: Floats, said: Floats, support: Floats) -> tuple[Floats, Floats, Floats]:
    """Precision, recall and F1 from counts."""
    precision = np.divide(tp, said, out=np.ones_like(tp), where=said > 0)
    recall = np.divide(tp, support, out=np.zeros_like(tp), where=support > 0)
    f1 = np.divide(2 * tp, said + support, out=np.zeros_like(tp), where=said + support > 0)
    return precision, recall, f1


def best_f1_confidence(data: Evidence, matches: Matches, c: int) -> float | None:
    """The score threshold with the highest F1 of one class; of equals, the highest threshold.

    Args:
        data: labels and detections.
        matches: of the same evidence.
        c: class index.

    Returns:
        A score that a detection of the class has, or None if no detection of it is right.
    """
    own_n = data.ranking.of_class(c)
    true_n = matches.label_d[own_n] >= 0
    if not true_n.any():
        return None
    score_n = data.score_d[own_n]
    tp_n = np.cumsum(true_n)
    f1_n = 2 * tp_n / (np.arange(1, len(tp_n) + 1) + data.support_c[c])
    ends_n = np.append(np.diff(score_n) != 0, True)
    f1_n[~ends_n] = -1
    return float(score_n[int(f1_n.argmax())])
