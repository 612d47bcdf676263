"""Optimal LRP on sets worked out by hand, and against a plain loop over all thresholds."""

import numpy as np
import pytest

from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.lrp import optimal_lrp
from services.analyzer.domain.matching import match
from tests.unit.services.analyzer.domain.generated import SETS
from tests.unit.services.analyzer.domain.sets import by_hand

A, A8, A6, FAR = (0, 0, 10, 10), (0, 0, 10, 8), (0, 0, 10, 6), (60, 60, 90, 90)  # IoU 1, 0.8, 0.6


def test_the_threshold_with_the_least_error_and_its_three_parts() -> None:
    data = by_hand(
        3,
        "x",
        [(0, 0, A), (1, 0, A), (2, 0, A)],
        [(0, 0, 0.9, A), (1, 0, 0.8, A8), (1, 0, 0.7, FAR), (2, 0, 0.6, A6)],
    )
    # from 0.9: (0 + 0 FP + 2 FN) / 3 = 0.667         from 0.8: (0.2 / 0.5 + 0 + 1) / 3 = 0.467
    # from 0.7: (0.4 + 1 + 1) / 4 = 0.6               from 0.6: (0.4 + 0.8 + 1 + 0) / 4 = 0.55
    found = optimal_lrp(data, match(data))
    assert found.error_c[0] == pytest.approx(1.4 / 3)
    assert found.location_c[0] == pytest.approx(0.1)  # mean of 0 and 0.2
    assert found.false_positive_c[0] == pytest.approx(0.0)
    assert found.false_negative_c[0] == pytest.approx(1 / 3)
    assert found.confidence_c[0] == 0.8


def test_a_class_that_is_never_found_has_error_one_and_one_without_labels_has_none() -> None:
    data = by_hand(1, "xy", [(0, 0, A)], [(0, 0, 0.9, FAR), (0, 1, 0.9, A)])
    found = optimal_lrp(data, match(data))
    assert (found.error_c[0], found.false_negative_c[0]) == (1.0, 1.0)
    assert np.isnan([found.location_c[0], found.confidence_c[0], found.error_c[1]]).all()


def test_detections_of_equal_score_come_together() -> None:
    data = by_hand(1, "x", [(0, 0, A)], [(0, 0, 0.5, A), (0, 0, 0.5, FAR)])
    assert optimal_lrp(data, match(data)).error_c[0] == pytest.approx(1 / 2)  # (0 + 1 FP) / 2


@pytest.mark.parametrize("name", SETS)
def test_the_optimum_equals_a_plain_loop(name: str) -> None:
    data = SETS[name](4)
    found, matches = optimal_lrp(data, match(data)), match(data, match_iou=0.5)
    for c in range(len(data.classes)):
        expected = _plain_loop(data, matches.label_d >= 0, matches.iou_d, c)
        assert found.error_c[c] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def _plain_loop(data: Evidence, right_d: np.ndarray, iou_d: np.ndarray, c: int) -> float:
    support = int((data.label_class_l == c).sum())
    if not support:
        return float("nan")
    best = 1.0
    for threshold in set(data.score_d[data.class_d == c].tolist()):
        kept = (data.class_d == c) & (data.score_d >= threshold)
        tp = int((kept & right_d).sum())
        fp, fn = int(kept.sum()) - tp, support - tp
        loose = float((1 - iou_d[kept & right_d]).sum()) / 0.5
        best = min(best, (loose + fp + fn) / (tp + fp + fn))
    return best
