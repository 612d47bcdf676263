"""The order of tidecv's curves once errors are fixed: some detections stand in another class.

Shapes in names: `d` detections, `m` moved detections, `e` data points: both together.
"""

import numpy as np

from services.analyzer.domain.boxes import Bools, Ints
from services.analyzer.domain.evidence import Evidence


def data_points(
    data: Evidence, order_n: Ints, true_d: Bools, moved_m: Ints, to_m: Ints
) -> tuple[Ints, Ints, Bools]:
    """Detections by class and falling score, with moved ones standing in their new class as well.

    Of equal scores in a class the wrong come before the right, then the order of the evidence
    decides. Moved ones count as wrong here, for they were.

    Args:
        data: labels and detections.
        order_n: the detections that count, by class, falling score and index.
        true_d: which are right.
        moved_m: detections to stand in another class too.
        to_m: which one.

    Returns:
        Detection, class, and whether it is a moved one, of each data point; shapes (e,).
    """
    class_n, score_n = data.class_d[order_n], data.score_d[order_n]
    new_n = np.ones(len(order_n), dtype=bool)
    new_n[1:] = (class_n[1:] != class_n[:-1]) | (score_n[1:] != score_n[:-1])
    tie_n = np.cumsum(new_n)  # numbers groups of equal class and score, rising along the order
    key_n = 2 * tie_n + true_d[order_n]
    if not (np.diff(key_n) >= 0).all():
        by_key = np.argsort(key_n, kind="stable")
        order_n, key_n = order_n[by_key], key_n[by_key]
    at_m = np.empty(len(moved_m), dtype=np.int64)
    start_c = np.searchsorted(class_n, np.arange(len(data.classes) + 1))
    wide_n = key_n * (data.detections + 1) + order_n
    by_class_m = np.argsort(to_m, kind="stable")
    moved_c = np.bincount(to_m, minlength=len(data.classes))
    ends_c = np.cumsum(moved_c)
    for c in np.flatnonzero(moved_c):
        own = by_class_m[ends_c[c] - moved_c[c] : ends_c[c]]
        falling = -score_n[start_c[c] : start_c[c + 1]]
        low = np.searchsorted(falling, -data.score_d[moved_m[own]], side="left")
        high = np.searchsorted(falling, -data.score_d[moved_m[own]], side="right")
        at_m[own] = start_c[c] + low
        tied = own[high > low]
        ties = 2 * tie_n[at_m[tied]]
        at_m[tied] = np.searchsorted(wide_n, ties * (data.detections + 1) + moved_m[tied])
    turn_m = np.lexsort((moved_m, -data.score_d[moved_m], to_m, at_m))
    at_m, moved_m, to_m = at_m[turn_m], moved_m[turn_m], to_m[turn_m]
    return (
        np.insert(order_n, at_m, moved_m),
        np.insert(class_n, at_m, to_m),
        np.insert(np.zeros(len(order_n), dtype=bool), at_m, True),
    )
