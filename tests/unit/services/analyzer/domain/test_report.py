"""The report's values on a set worked out by hand."""

import pytest

from services.analyzer.domain import per_image, report
from tests.unit.services.analyzer.domain.sets import by_hand, drawn

A, B, FAR = (0, 0, 10, 10), (20, 20, 40, 40), (60, 60, 90, 90)
DATA = by_hand(
    3,
    "xy",
    [(0, 0, A), (1, 0, A), (1, 1, B)],
    [(0, 0, 0.9, A), (0, 0, 0.05, B), (1, 1, 0.8, A), (2, 0, 0.7, FAR)],
)
FOUND = report.analyse(DATA, confidence=0.25, match_iou=0.5)


def test_the_headline_is_that_of_the_operating_point_and_of_coco() -> None:
    told = report.headline(FOUND)
    assert told["accuracy"] == pytest.approx(1 / 3)
    assert told["precision"] == pytest.approx(1 / 3)
    assert told["recall"] == pytest.approx(1 / 3)
    assert told["detection_accuracy"] == pytest.approx(1 / 5)
    assert told["map50"] == pytest.approx(51 / 101 / 2)


def test_class_metrics_have_support_counts_and_null_where_nothing_is_known() -> None:
    rows = report.class_metrics(FOUND)
    assert (rows["x"]["support"], rows["x"]["tp"], rows["x"]["fp"], rows["x"]["fn"]) == (2, 1, 1, 1)
    assert (rows["x"]["average_iou"], rows["x"]["best_confidence"]) == (1.0, 0.9)
    assert (rows["y"]["average_iou"], rows["y"]["best_confidence"]) == (None, None)


def test_each_image_tells_its_boxes_and_its_gravest_error() -> None:
    every = per_image.listed_images(FOUND, 100)
    paths = ("0.jpg", "1.jpg", "2.jpg")
    first, second, third = per_image.prediction_results(FOUND, paths, every)
    assert first["correct"]
    assert first["error_type"] is None
    assert first["confidence_scores"] == [0.9]
    assert first["ground_truth"] == [{"id": "l0", "class": "x", "bbox": [0, 0, 10, 10]}]
    assert second["error_type"] == "false_negative"
    assert second["error_details"]["counts"] == {"misclassification": 1, "false_negative": 1}
    assert second["error_details"]["boxes"][0]["true_class"] == "x"
    assert third["error_type"] == "false_positive"
    assert third["error_details"]["boxes"][0]["cause"] == "bkg"


def test_errors_of_all_images_are_those_of_the_analysis() -> None:
    found = report.analyse(drawn(9), confidence=0.3, match_iou=0.5)
    paths = tuple(str(i) for i in range(found.data.images))
    rows = per_image.prediction_results(found, paths, per_image.listed_images(found, 1000))
    told = sum(len(row["error_details"]["boxes"]) for row in rows if row["error_details"])
    assert told == report.error_analysis(found)["total_errors"] > 50
    assert sum(row["correct"] for row in rows) == found.point.correct_images


def test_columns_of_the_matches_cross_reference_both_ways() -> None:
    columns = report.match_columns(FOUND)
    assert columns["match"] == [0, -1, -1, 0, -1, -1, -1]
    assert columns["cause"] == ["", "cls", "miss", "", "", "cls", "bkg"]
    # the box of confidence 0.05 counts here too
    assert columns["tide_cause"] == ["", "", "miss", "", "bkg", "cls", "bkg"]
    assert columns["about_label"] == [-1, -1, -1, -1, -1, 1, -1]


def test_samples_show_the_surest_mistakes_first_and_not_too_many() -> None:
    found = report.analyse(drawn(9, images=200), confidence=0.0, match_iou=0.5)
    chosen = per_image.samples(found)
    scores = [found.data.score_d[d] for _, d, _ in chosen["bkg"]]
    assert len(scores) == per_image.SAMPLES_PER_CAUSE
    assert scores == sorted(scores, reverse=True)
    assert all(d == -1 and label >= 0 for _, d, label in chosen["miss"])


def test_coco_predictions_keep_every_detection() -> None:
    rows = per_image.coco_predictions(FOUND, ("a.png", "b.png", "c.png", "d.png"))
    assert len(rows) == 4
    assert rows[-1] == {
        "image_id": 2,
        "file_name": "c.png",
        "category_id": 0,
        "bbox": [60, 60, 30, 30],
        "score": 0.7,
    }
