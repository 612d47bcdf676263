"""Ten images, one case each, and every count that follows, worked out by hand."""

import json

import pytest

from services.analyzer.domain import report
from services.analyzer.domain.accuracies import label_accuracy, presence
from services.analyzer.domain.operating_point import Counts
from services.analyzer.domain.yolo_val import ultralytics_confusion
from tests.unit.services.analyzer.domain.sets import by_hand

A, B = (0, 0, 10, 10), (20, 20, 40, 40)
LOW_A = (0, 0, 10, 5)  # its lower half: IoU 50 / 100 = 0.5
MOST_A = (0, 0, 10, 8)  # IoU 80 / 100 = 0.8
PART_B = (20, 20, 40, 26)  # IoU 20 * 6 / (20 * 20) = 0.3

DATA = by_hand(
    10,
    "xyz",
    [
        (0, 0, A),
        (1, 0, A),
        (2, 0, A),
        (3, 0, A),
        (4, 0, A),
        (4, 0, MOST_A),
        (6, 1, B),
        (7, 1, B),
        (8, 1, B),
    ],
    [
        (0, 0, 0.9, A),  # 0: right
        (1, 0, 0.9, A),  # 1: right, and
        (1, 0, 0.8, MOST_A),  # a duplicate on the same label
        (2, 1, 0.9, A),  # 2: the right box with the wrong class
        (3, 0, 0.9, LOW_A),  # 3: on the border, which belongs to right
        (4, 0, 0.9, A),  # 4: two labels, one box
        (5, 2, 0.7, B),  # 5: no label, an alarm
        # 6: a label, nothing said
        (7, 1, 0.9, PART_B),  # 7: the right class in the wrong place
        (8, 0, 0.9, PART_B),  # 8: both wrong
        (9, 2, 0.2, B),  # 9: no label; below the threshold
    ],
)
FOUND = report.analyse(DATA, confidence=0.25, match_iou=0.5)


def test_right_wrong_and_missing_boxes_per_class() -> None:
    # x: right in 0, 1, 3, 4; wrong: the duplicate of 1, and 8; missing: 2, and one of 4
    # y: right nowhere; wrong: 2, 7; missing: 6, 7, 8
    # z: wrong: 5
    assert FOUND.point.per_class == (
        Counts(tp=4, fp=2, fn=2),
        Counts(tp=0, fp=2, fn=3),
        Counts(tp=0, fp=1, fn=0),
    )


def test_the_rates_of_all_boxes_together() -> None:
    told = report.headline(FOUND)
    assert told["precision"] == pytest.approx(4 / 9)  # 4 right of 4 + 5 said
    assert told["recall"] == pytest.approx(4 / 9)  # 4 found of 9 labels
    assert told["f1_score"] == pytest.approx(8 / 18)  # 2 * 4 / (2 * 4 + 5 + 5)
    assert told["detection_accuracy"] == pytest.approx(4 / 14)  # 4 / (4 + 5 + 5)


def test_macro_rates_are_means_over_the_two_labelled_classes() -> None:
    # x: precision 4/6, recall 4/6, F1 8/12; y: all 0; z has no label
    assert FOUND.point.macro == pytest.approx(
        {"precision": 1 / 3, "recall": 1 / 3, "f1_score": 1 / 3}
    )


def test_accuracy_is_the_share_of_images_with_every_box_right() -> None:
    # 0, 3, and 9, whose only detection does not count
    assert FOUND.point.correct_images == 3
    assert report.headline(FOUND)["accuracy"] == pytest.approx(3 / 10)


def test_each_wrong_box_has_its_cause_and_each_missing_label_too() -> None:
    assert FOUND.errors.causes == {"cls": 1, "loc": 1, "both": 1, "dup": 1, "bkg": 1, "miss": 3}
    # of the labels not found, 2 is explained by `cls` and 7 by `loc`; 4, 6 and 8 are missed
    assert FOUND.errors.cause_l.tolist() == ["", "", "cls", "", "", "miss", "miss", "loc", "miss"]
    assert FOUND.errors.kinds == {
        "false_positive": 2,  # background, duplicate
        "false_negative": 3,
        "misclassification": 2,  # wrong class, both
        "mislocalization": 1,
    }


def test_the_matrix_has_detections_in_rows_and_labels_in_columns() -> None:
    assert FOUND.table.counts_cc.tolist() == [
        [4, 0, 0, 2],  # x: right; the duplicate and 8 stand alone
        [1, 0, 0, 1],  # y: 2 on a label x; 7 stands alone
        [0, 0, 0, 1],  # z: 5
        [1, 3, 0, 0],  # nothing: one label of 4; 6, 7, 8
    ]
    matrix = ultralytics_confusion(DATA, FOUND.matches.pairs, confidence=0.25)
    assert matrix.tolist() == FOUND.table.counts_cc.tolist()  # no surer box steals a label here


def test_of_five_boxes_in_the_right_place_four_have_the_right_class() -> None:
    # 0, 1, 3 and 4 right, 2 wrong; the duplicate finds no free label
    assert label_accuracy(DATA, FOUND.matches, FOUND.point) == pytest.approx(4 / 5)


def test_presence_asks_only_which_classes_are_in_an_image() -> None:
    seen = presence(DATA, FOUND.point)
    # labelled: x in 0 to 4, y in 6, 7, 8; said: x in 0, 1, 3, 4, 8, y in 2, 7, z in 5
    # both: x in 0, 1, 3, 4 and y in 7; 30 cells of image and class
    assert (seen.tp, seen.fp, seen.fn, seen.tn) == (5, 3, 3, 19)
    assert seen.accuracy == pytest.approx(24 / 30)


def test_one_of_two_images_without_a_logo_raises_an_alarm() -> None:
    assert (FOUND.alarms.clean_images, FOUND.alarms.per_1000_images) == (2, 500.0)


NOTHING = {
    "no image has a label": by_hand(3, "xy", [], [(1, 0, 0.9, A)]),
    "nothing is said": by_hand(3, "xy", [(0, 0, A), (2, 0, B)], []),
    "no label and nothing said": by_hand(3, "xy", [], []),
    "no image": by_hand(0, "xy", [], []),
    "no class": by_hand(2, "", [], []),
    "boxes without area": by_hand(1, "x", [(0, 0, (5, 5, 5, 9))], [(0, 0, 0.9, (5, 5, 5, 9))]),
}


@pytest.mark.parametrize("name", NOTHING)
def test_where_there_is_nothing_the_report_is_whole_and_holds_no_nan(name: str) -> None:
    found = report.analyse(NOTHING[name], confidence=0.25, match_iou=0.5)
    blocks = [
        report.headline(found),
        report.class_metrics(found),
        report.error_analysis(found),
        report.extras(found),
    ]
    told = json.loads(json.dumps(blocks, allow_nan=False))
    assert told[3]["coco"]["summary"]["AP"] == (None if not found.data.labels else 0.0)
    assert told[3]["coco"]["stats"][0] == (-1 if not found.data.labels else 0)
