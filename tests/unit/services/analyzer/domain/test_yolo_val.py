"""What `yolo val` prints, on sets worked out by hand; against ultralytics in test_referees."""

import pytest

from services.analyzer.domain.confusion import confusion
from services.analyzer.domain.matching import match
from services.analyzer.domain.operating_point import operating_point
from services.analyzer.domain.yolo_val import (
    ultralytics_ap,
    ultralytics_confusion,
    ultralytics_matches,
)
from tests.unit.services.analyzer.domain.sets import by_hand

A, B, FAR = (0, 0, 10, 10), (20, 20, 40, 40), (60, 60, 90, 90)


def test_its_ap_is_an_area_by_trapezoids_that_ends_at_recall_one() -> None:
    data = by_hand(
        1, "x", [(0, 0, A), (0, 0, B)], [(0, 0, 0.9, A), (0, 0, 0.8, FAR), (0, 0, 0.7, B)]
    )
    # recall .5, .5, 1; envelope of precision 1, 2/3, 2/3. At recall 0 to .49 it is 1, at .5 to .99
    # it is 2/3, at 1 it is 0: 49 steps of 1, one from 1 to 2/3, 49 of 2/3, one from 2/3 to 0
    steps = 49 + (1 + 2 / 3) / 2 + 49 * 2 / 3 + (2 / 3) / 2
    printed = ultralytics_ap(data, match(data))
    assert printed.map50 == pytest.approx(steps / 100, abs=1e-12)
    assert printed.map50_95 == pytest.approx(steps / 100, abs=1e-12)  # every IoU is 1 or 0


def test_its_precision_and_recall_are_those_of_the_highest_f1_whatever_was_asked_for() -> None:
    data = by_hand(
        1, "x", [(0, 0, A), (0, 0, B)], [(0, 0, 0.9, A), (0, 0, 0.8, FAR), (0, 0, 0.7, B)]
    )
    # from 0.9 F1 = 2 * 1 / (2 + 0 + 1) = 0.67; from 0.7 and below 2 * 2 / (4 + 1) = 0.8
    printed = ultralytics_ap(data, match(data))
    assert (printed.precision, printed.recall) == pytest.approx((2 / 3, 1.0))
    assert printed.confidence == 0.0  # the first of the confidences with that F1


def test_all_detections_right_is_not_quite_one() -> None:
    data = by_hand(1, "x", [(0, 0, A)], [(0, 0, 0.9, A)])
    assert ultralytics_ap(data, match(data)).map50 == pytest.approx(0.995)  # the last step is half


def test_of_two_labels_with_equal_overlap_it_takes_the_first_and_coco_the_last() -> None:
    upper, lower = (0, 0, 10, 10), (0, 10, 10, 20)
    data = by_hand(
        1, "x", [(0, 0, upper), (0, 0, lower)], [(0, 0, 0.9, (0, 0, 10, 20)), (0, 0, 0.8, lower)]
    )
    assert match(data).taken.label_th[0].tolist() == [1, -1]
    assert ultralytics_matches(data, match(data)).label_th[0].tolist() == [0, 1]


def test_in_its_matrix_a_surer_box_of_another_class_takes_the_label_in_ours_it_does_not() -> None:
    data = by_hand(1, "xy", [(0, 0, A)], [(0, 1, 0.9, A), (0, 0, 0.8, A)])
    matches = match(data)
    theirs = ultralytics_confusion(data, matches.pairs, confidence=0.25)
    assert theirs.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 0]]
    ours = confusion(data, matches, operating_point(data, matches, confidence=0.25)).counts_cc
    assert ours.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_in_its_matrix_neither_threshold_itself_counts() -> None:
    at_45 = (0, 0, 10, 4.5)
    data = by_hand(2, "x", [(0, 0, A), (1, 0, A)], [(0, 0, 0.25, A), (1, 0, 0.9, at_45)])
    theirs = ultralytics_confusion(data, match(data).pairs, confidence=0.25)
    assert theirs.tolist() == [[0, 1], [2, 0]]  # a box on nothing, and both labels missed
