"""Counts at one confidence, on sets worked out by hand."""

import pytest

from services.analyzer.domain.confusion import confusion
from services.analyzer.domain.curves import best_f1_confidence, confidence_curves
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.false_alarms import false_alarms
from services.analyzer.domain.matching import Matches, match
from services.analyzer.domain.operating_point import Counts, operating_point
from tests.unit.services.analyzer.domain.sets import by_hand, drawn

A, B, C = (0, 0, 10, 10), (20, 20, 40, 40), (60, 60, 90, 90)

FIVE_IMAGES = by_hand(
    5,
    "xy",
    # image 0: right; 1: a second box on one label; 2: wrong class; 3: missed; 4: clean, an alarm
    [(0, 0, A), (1, 0, A), (2, 0, B), (3, 1, C)],
    [
        (0, 0, 0.9, A),
        (1, 0, 0.8, A),
        (1, 0, 0.7, (0, 0, 10, 9)),
        (2, 1, 0.6, B),
        (3, 1, 0.1, C),
        (4, 1, 0.5, B),
    ],
)


def test_counts_rates_and_images_of_five_images() -> None:
    point = operating_point(FIVE_IMAGES, match(FIVE_IMAGES), confidence=0.25)
    assert point.per_class == (Counts(tp=2, fp=1, fn=1), Counts(tp=0, fp=2, fn=1))
    assert point.micro.precision == pytest.approx(2 / 5)
    assert point.micro.recall == pytest.approx(2 / 4)
    assert point.micro.f1 == pytest.approx(4 / 9)
    assert point.micro.threat_score == pytest.approx(2 / 7)
    assert point.macro == pytest.approx({"precision": 1 / 3, "recall": 1 / 3, "f1_score": 1 / 3})
    assert point.correct_images == 1
    assert point.accuracy == pytest.approx(1 / 5)


def test_the_threshold_itself_counts() -> None:
    assert operating_point(FIVE_IMAGES, match(FIVE_IMAGES), confidence=0.1).micro.tp == 3
    assert operating_point(FIVE_IMAGES, match(FIVE_IMAGES), confidence=0.11).micro.tp == 2


def test_nothing_to_find_and_nothing_said_is_one_and_is_marked() -> None:
    point = operating_point(*_pair(by_hand(2, "x", [], [])), confidence=0.25)
    assert (point.micro.precision, point.micro.recall, point.micro.f1) == (1.0, 1.0, 1.0)
    assert point.micro.undefined == ("precision", "recall", "f1_score")
    assert point.accuracy == 1.0


def test_labels_but_nothing_said_is_zero_and_only_precision_is_marked() -> None:
    point = operating_point(*_pair(by_hand(1, "x", [(0, 0, A)], [])), confidence=0.25)
    assert (point.micro.precision, point.micro.recall, point.micro.f1) == (0.0, 0.0, 0.0)
    assert point.micro.undefined == ("precision",)


def test_confusion_puts_true_positives_first_then_other_classes_then_background() -> None:
    matches = match(FIVE_IMAGES)
    table = confusion(FIVE_IMAGES, matches, operating_point(*_pair(FIVE_IMAGES), confidence=0.25))
    assert table.names == ("x", "y", "background")
    assert table.counts_cc.tolist() == [[2, 0, 1], [1, 0, 1], [0, 1, 0]]
    assert table.normalised_cc.tolist() == [[2 / 3, 0, 0.5], [1 / 3, 0, 0.5], [0, 1, 0]]


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_confusion_agrees_with_the_counts(seed: int) -> None:
    data, matches = _pair(drawn(seed))
    point = operating_point(data, matches, confidence=0.3)
    cells = confusion(data, matches, point).counts_cc
    for c, counts in enumerate(point.per_class):
        assert cells[c, c] == counts.tp
        assert cells[c].sum() == counts.tp + counts.fp
        assert cells[:, c].sum() == counts.tp + counts.fn
    assert cells[:-1, :-1].sum() > sum(c.tp for c in point.per_class)


def test_curves_pass_through_the_operating_point() -> None:
    data, matches = _pair(drawn(8))
    curves = confidence_curves(data, matches)
    for k in (0, 10, 50, 123, 200):
        point = operating_point(data, matches, confidence=float(curves.confidence_k[k]))
        assert curves.recall_k[k] == pytest.approx(point.micro.recall)
        assert curves.f1_k[k] == pytest.approx(point.micro.f1)
        if point.kept_d.any():
            assert curves.precision_k[k] == pytest.approx(point.micro.precision)
        assert curves.f1_ck[1, k] == pytest.approx(point.per_class[1].f1)


def test_the_best_confidence_of_a_class_is_where_its_f1_is_highest() -> None:
    detections = [(0, 0, 0.9, A), (0, 0, 0.6, B), (0, 0, 0.4, C), (0, 0, 0.3, (0, 60, 10, 70))]
    data = by_hand(1, "xy", [(0, 0, A), (0, 0, B)], detections)
    assert best_f1_confidence(data, match(data), 0) == 0.6
    assert best_f1_confidence(data, match(data), 1) is None


def test_false_alarms_count_only_images_without_labels() -> None:
    alarms = false_alarms(FIVE_IMAGES, operating_point(*_pair(FIVE_IMAGES), confidence=0.25))
    assert (alarms.clean_images, alarms.alarms) == (1, 1)
    assert alarms.per_1000_images == 1000.0
    assert alarms.per_1000_images_by_class == {"x": 0.0, "y": 1000.0}


def test_without_a_clean_image_there_is_no_false_alarm_rate() -> None:
    data = by_hand(1, "x", [(0, 0, A)], [(0, 0, 0.9, B)])
    assert (
        false_alarms(data, operating_point(*_pair(data), confidence=0.25)).per_1000_images is None
    )


def _pair(data: Evidence) -> tuple[Evidence, Matches]:
    return data, match(data)
