"""TIDE's causes and their cost on sets worked out by hand; against tidecv in test_referees."""

import pytest

from services.analyzer.domain.matching import match
from services.analyzer.domain.tide import tide
from tests.unit.services.analyzer.domain.sets import by_hand

A, HALF, FAR = (0, 0, 10, 10), (0, 0, 10, 4), (60, 60, 90, 90)  # IoU of A and HALF: 0.4

SIX = by_hand(
    6,
    "xy",
    [(image, 0, A) for image in range(6)],
    [
        (0, 0, 0.95, A),  # right
        (1, 1, 0.9, A),  # wrong class
        (2, 0, 0.85, HALF),  # wrong place
        (3, 0, 0.8, A),  # right, and
        (3, 0, 0.75, A),  # found twice
        (4, 0, 0.7, FAR),  # nothing there; the label is missed
        (5, 1, 0.6, HALF),  # both wrong; the label is missed
    ],
)
# Class x has 6 labels; its detections by score: right, loc, right, dup, bkg.
# Right ones: precision 1 at recall 1/6, 2/3 at recall 2/6. Recall points up to 1/6 are 0 to .16,
# 17 of them; from there to 1/3 another 17. So AP(x) = (17 + 17 * 2/3) / 101. Class y has
# detections and no label: AP 0, and it counts in the mean of the 2 classes.
X = 17 + 17 * 2 / 3


def test_each_cause_is_counted_once() -> None:
    found = tide(SIX, match(SIX))
    assert found.counts == {"cls": 1, "loc": 1, "both": 1, "dup": 1, "bkg": 1, "miss": 2}
    assert found.ap50 == pytest.approx(X / 101 / 2)


@pytest.mark.parametrize(
    ("cause", "points"),
    [
        # right, right, right: precision 1 up to recall 3/6, points 0 to .50
        pytest.param("loc", 51, id="a wrong place put right"),
        # the box of class y joins x at 0.9: right, right, loc, right: precision 1 up to recall 2/6
        # (34 points), 3/4 up to 3/6 (17 points)
        pytest.param("cls", 34 + 17 * 3 / 4, id="a wrong class put right"),
        # what comes after the last right box costs nothing
        pytest.param("dup", X, id="the second box taken away"),
        pytest.param("bkg", X, id="the box on nothing taken away"),
        pytest.param("both", X, id="the box of class y taken away, another is left"),
        # 4 labels are left: precision 1 up to recall 1/4 (26 points), 2/3 up to 2/4 (25 points)
        pytest.param("miss", 26 + 25 * 2 / 3, id="labels that nothing is about taken away"),
        # no wrong box: precision 1 up to recall 2/6
        pytest.param("false_positive", 34, id="all wrong boxes taken away"),
        # 2 labels: precision 1 up to recall 1/2 (51 points), 2/3 up to 1 (50 points)
        pytest.param("false_negative", 51 + 50 * 2 / 3, id="all labels not found taken away"),
    ],
)
def test_the_cost_is_what_mean_ap_gains(cause: str, points: float) -> None:
    assert tide(SIX, match(SIX)).cost[cause] == pytest.approx((points - X) / 101 / 2, abs=1e-12)


def test_of_two_wrong_boxes_about_one_label_only_the_surer_is_put_right() -> None:
    data = by_hand(1, "x", [(0, 0, A)], [(0, 0, 0.9, HALF), (0, 0, 0.8, HALF)])
    found = tide(data, match(data))
    assert found.counts["loc"] == 2
    assert found.cost["loc"] == pytest.approx(1.0)  # the other is dropped, so precision stays 1
    assert found.missed_l.tolist() == [False]


def test_an_overlap_of_exactly_half_with_a_taken_label_is_the_wrong_place_not_a_duplicate() -> None:
    data = by_hand(1, "x", [(0, 0, A)], [(0, 0, 0.9, A), (0, 0, 0.8, (0, 0, 10, 5))])
    assert tide(data, match(data)).counts["loc"] == 1


def test_of_two_labels_with_equal_overlap_the_first_is_taken() -> None:
    upper, lower = (0, 0, 10, 10), (0, 10, 10, 20)
    data = by_hand(
        1, "x", [(0, 0, upper), (0, 0, lower)], [(0, 0, 0.9, (0, 0, 10, 20)), (0, 0, 0.8, lower)]
    )
    # the tall box has IoU 100 / 200 with both; COCO gives it the last, so the second box gets none
    assert match(data).label_d.tolist() == [1, -1]
    assert tide(data, match(data)).counts["miss"] == 0
    assert tide(data, match(data)).ap50 == pytest.approx(1.0)


def test_only_the_surest_detections_of_an_image_count() -> None:
    data = by_hand(1, "x", [(0, 0, A)], [(0, 0, 0.9, FAR), (0, 0, 0.8, A)])
    found = tide(data, match(data), max_detections=1)
    assert found.counts == {"cls": 0, "loc": 0, "both": 0, "dup": 0, "bkg": 1, "miss": 1}
