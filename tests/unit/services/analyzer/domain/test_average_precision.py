"""AP on sets worked out by hand; against pycocotools and ultralytics in test_referees."""

import numpy as np
import pytest

from services.analyzer.domain.average_precision import coco_ap
from services.analyzer.domain.matching import match
from services.analyzer.domain.yolo_val import ultralytics_ap
from tests.unit.services.analyzer.domain.sets import by_hand

SQUARE, FAR = (0, 0, 10, 10), (50, 50, 60, 60)


def test_every_label_found_and_nothing_else_is_ap_one() -> None:
    data = by_hand(2, "a", [(0, 0, SQUARE), (1, 0, FAR)], [(0, 0, 0.9, SQUARE), (1, 0, 0.8, FAR)])
    ap = coco_ap(data, match(data))
    assert (ap.map50, ap.map75, ap.map50_95, ap.average_recall) == (1.0, 1.0, 1.0, 1.0)


def test_half_the_labels_found_first_is_51_of_101_points() -> None:
    data = by_hand(
        2, "a", [(0, 0, SQUARE), (1, 0, FAR)], [(0, 0, 0.9, SQUARE), (1, 0, 0.8, SQUARE)]
    )
    assert coco_ap(data, match(data)).map50 == pytest.approx(51 / 101, abs=1e-12)


def test_a_false_box_before_the_right_one_halves_the_precision() -> None:
    data = by_hand(1, "a", [(0, 0, SQUARE)], [(0, 0, 0.9, FAR), (0, 0, 0.8, SQUARE)])
    assert coco_ap(data, match(data)).map50 == pytest.approx(0.5, abs=1e-12)


def test_a_box_with_iou_07_counts_up_to_070_only() -> None:
    data = by_hand(1, "a", [(0, 0, SQUARE)], [(0, 0, 0.9, (0, 0, 10, 7))])
    ap = coco_ap(data, match(data))
    assert ap.map50 == pytest.approx(1.0)
    assert ap.map75 == 0.0
    assert ap.map50_95 == pytest.approx(5 / 10)


def test_classes_without_labels_are_left_out_of_the_mean() -> None:
    data = by_hand(1, "ab", [(0, 0, SQUARE)], [(0, 0, 0.9, SQUARE), (0, 1, 0.9, FAR)])
    ap = coco_ap(data, match(data))
    assert ap.map50 == pytest.approx(1.0)
    assert np.isnan(ap.ap_ct[1]).all()


def test_no_labels_at_all_gives_zero_and_no_nan() -> None:
    data = by_hand(1, "a", [], [(0, 0, 0.9, SQUARE)])
    assert coco_ap(data, match(data)).map50_95 == 0.0
    assert ultralytics_ap(data, match(data)).map50_95 == 0.0
