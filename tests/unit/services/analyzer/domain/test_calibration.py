"""Calibration on a set worked out by hand, and against a plain loop over bins."""

import numpy as np
import pytest

from services.analyzer.domain.calibration import BINS, Reliability, calibration
from services.analyzer.domain.matching import match
from tests.unit.services.analyzer.domain.generated import SETS
from tests.unit.services.analyzer.domain.sets import by_hand

A, FAR, BIG = (0, 0, 10, 10), (60, 60, 70, 70), (0, 100, 96, 196)

DATA = by_hand(
    2,
    "xy",
    [(0, 0, A), (1, 0, A)],
    [
        (0, 0, 0.9, A),  # right
        (0, 1, 0.9, BIG),  # wrong
        (0, 0, 0.3, FAR),  # wrong
        (1, 0, 0.3, A),  # right
        (1, 0, 0.3, FAR),  # wrong
        (1, 0, 0.05, FAR),  # wrong
    ],
)


def test_errors_are_gaps_between_confidence_and_precision() -> None:
    found = calibration(DATA, match(DATA))
    # [0, .1): 1 box, confidence .05, precision 0: gap .05
    # [.3, .4): 3 boxes, confidence .3, precision 1/3: gap .0333
    # [.9, 1]: 2 boxes, confidence .9, precision 1/2: gap .4
    assert found.all.count_b.tolist() == [1, 0, 0, 3, 0, 0, 0, 0, 0, 2]
    assert found.all.ece == pytest.approx((0.05 + 3 * (1 / 3 - 0.3) + 2 * 0.4) / 6)
    assert found.all.mce == pytest.approx(0.4)
    assert found.sure.ece == pytest.approx((3 * (1 / 3 - 0.3) + 2 * 0.4) / 5)


def test_classes_and_sizes_have_their_own_errors() -> None:
    found = calibration(DATA, match(DATA))
    assert found.by_class["y"].ece == pytest.approx(0.9)  # one box of 0.9, wrong
    # x: .9 right, gap .1; three of .3, one right, gap .0333
    assert found.by_class["x"].ece == pytest.approx((0.1 + 3 * (1 / 3 - 0.3)) / 4)
    # 96 x 96 is large; nothing is medium
    assert found.by_size["large"].ece == pytest.approx(0.9)
    assert (found.by_size["medium"].ece, found.by_size["medium"].mce) == (None, None)


@pytest.mark.parametrize("edge", [0.1, 0.3, 0.6, 0.7, 0.8, 0.9, 1.0])
def test_an_edge_belongs_to_the_bin_above_it(edge: float) -> None:
    data = by_hand(1, "x", [], [(0, 0, edge, A), (0, 0, float(np.nextafter(edge, 0)), A)])
    above = min(round(edge * BINS), BINS - 1)
    counts = calibration(data, match(data)).all.count_b
    assert counts[above] == (2 if edge == 1.0 else 1)
    assert counts.sum() == 2


@pytest.mark.parametrize("name", SETS)
def test_both_errors_equal_a_plain_loop(name: str) -> None:
    data = SETS[name](5)
    matches = match(data)
    found, right_d = calibration(data, matches), matches.label_d >= 0
    edges = np.arange(BINS) / BINS
    for table, kept in ((found.all, data.score_d >= 0), (found.sure, data.score_d >= 0.1)):
        gaps, total = [], 0.0
        for b, low in enumerate(edges):
            high = edges[b + 1] if b + 1 < BINS else 2.0
            own = kept & (data.score_d >= low) & (data.score_d < high)
            if own.any():
                gaps.append(abs(right_d[own].mean() - data.score_d[own].mean()))
                total += gaps[-1] * own.sum() / kept.sum()
        assert (table.ece or 0.0) == pytest.approx(total, abs=1e-12)
        assert (table.mce or 0.0) == pytest.approx(max(gaps, default=0.0), abs=1e-12)


def test_no_detection_has_no_error() -> None:
    nothing = Reliability(np.zeros(BINS, dtype=np.int64), np.zeros(BINS), np.zeros(BINS))
    assert (nothing.ece, nothing.mce) == (None, None)
