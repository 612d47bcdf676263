"""COCO's numbers by size and by the cap on detections, worked out by hand."""

from collections.abc import Sequence

import pytest

from services.analyzer.domain.average_precision import CocoAp, coco_ap
from services.analyzer.domain.matching import match
from tests.unit.services.analyzer.domain.sets import Detection, Label, by_hand

SMALL, MEDIUM, LARGE = (0, 0, 20, 20), (100, 0, 150, 50), (200, 0, 300, 100)
FAR = (0, 200, 20, 220)  # small


def _ap(labels: Sequence[Label], detections: Sequence[Detection], images: int = 1) -> CocoAp:
    data = by_hand(images, "x", labels, detections)
    return coco_ap(data, match(data), max_detections=100)


def test_a_wrong_box_counts_only_against_its_own_size() -> None:
    found = _ap(
        [(0, 0, SMALL), (0, 0, MEDIUM), (0, 0, LARGE)],
        [(0, 0, 0.95, FAR), (0, 0, 0.9, SMALL), (0, 0, 0.5, LARGE)],
    ).summary
    assert found["AP_small"] == pytest.approx(1 / 2)  # the wrong small box comes first
    assert found["AP_medium"] == 0.0  # the medium label is not found
    assert found["AP_large"] == pytest.approx(1.0)  # what is small is not counted
    # all: wrong, right, right of 3 labels: precision 2/3 up to recall 2/3, points 0 to .66
    assert found["AP50"] == pytest.approx(67 * (2 / 3) / 101)
    assert (found["AR_small"], found["AR_medium"], found["AR_large"]) == (1.0, 0.0, 1.0)
    assert found["AR"] == pytest.approx(2 / 3)


def test_a_box_of_exactly_32_by_32_is_small_and_medium() -> None:
    square = (0, 0, 32, 32)
    found = _ap([(0, 0, square)], [(0, 0, 0.9, square)]).summary
    assert (found["AP_small"], found["AP_medium"]) == pytest.approx((1.0, 1.0))
    assert found["AP_large"] is None


def test_a_border_survives_corners_that_are_not_whole_numbers() -> None:
    x1, y1 = 10.3, 7.1  # 10.3 + 32 - 10.3 is 31.999999999999996
    square = (x1, y1, x1 + 32, y1 + 32)
    found = _ap([(0, 0, square)], [(0, 0, 0.9, square)]).summary
    assert (found["AP_small"], found["AP_medium"]) == pytest.approx((1.0, 1.0))


def test_a_label_of_the_size_asked_for_is_preferred_to_a_closer_one_of_another() -> None:
    small, medium = (0, 0, 30, 32), (0, 0, 34, 32)  # areas 960 and 1088; IoU 960 / 1088 = 0.882
    found = _ap([(0, 0, small), (0, 0, medium)], [(0, 0, 0.9, medium)]).summary
    # for small, the box takes the small label at IoU .50 to .85, 8 of 10 thresholds; from .90 on
    # it can only take the medium one, and does not count
    assert found["AP_small"] == pytest.approx(8 / 10)
    assert found["AP_medium"] == pytest.approx(1.0)


def test_recall_with_one_and_ten_detections_per_image_and_class() -> None:
    rows = [(0, 20 * n, 10, 20 * n + 10) for n in range(12)]
    found = _ap(
        [(0, 0, row) for row in rows] + [(1, 0, SMALL)],
        [(0, 0, 0.9 - n / 100, row) for n, row in enumerate(rows)] + [(1, 0, 0.3, SMALL)],
        images=2,
    ).summary
    # 13 labels; of 12 found in one image, the cap lets 1, then 10 through
    assert found["AR1"] == pytest.approx(2 / 13)
    assert found["AR10"] == pytest.approx(11 / 13)
    assert found["AR"] == pytest.approx(1.0)


def test_the_twelve_come_in_cocos_order_with_its_minus_one() -> None:
    found = _ap([(0, 0, LARGE)], [(0, 0, 0.9, LARGE)])
    assert list(found.summary) == [
        *("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large"),
        *("AR1", "AR10", "AR", "AR_small", "AR_medium", "AR_large"),
    ]
    assert found.stats == pytest.approx([1, 1, 1, -1, -1, 1, 1, 1, 1, -1, -1, 1])
