"""The matching pass, against sets worked out by hand and a plain greedy loop."""

import pytest

from libs.common.errors import BadInput
from services.analyzer.domain import assignment, boxes
from services.analyzer.domain.boxes import paired_iou
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import match
from tests.unit.services.analyzer.domain.generated import generated
from tests.unit.services.analyzer.domain.sets import by_hand, drawn

SQUARE = (0, 0, 10, 10)


def test_the_higher_score_takes_the_label_and_the_second_box_gets_nothing() -> None:
    data = by_hand(1, "a", [(0, 0, SQUARE)], [(0, 0, 0.5, SQUARE), (0, 0, 0.9, (0, 0, 10, 9))])
    assert data.score_d.tolist() == [0.9, 0.5]
    assert match(data).label_d.tolist() == [0, -1]


def test_a_box_of_another_class_matches_nothing() -> None:
    data = by_hand(1, "ab", [(0, 0, SQUARE)], [(0, 1, 0.9, SQUARE)])
    assert match(data).label_d.tolist() == [-1]


def test_a_box_of_another_image_matches_nothing() -> None:
    data = by_hand(2, "a", [(0, 0, SQUARE)], [(1, 0, 0.9, SQUARE)])
    assert match(data).label_d.tolist() == [-1]


def test_iou_exactly_at_the_threshold_matches() -> None:
    data = by_hand(1, "a", [(0, 0, SQUARE)], [(0, 0, 0.9, (0, 0, 10, 5))])
    assert match(data, match_iou=0.5).label_d.tolist() == [0]
    assert match(data, match_iou=0.51).label_d.tolist() == [-1]


def test_two_labels_are_not_both_found_by_one_box() -> None:
    data = by_hand(1, "a", [(0, 0, SQUARE), (0, 0, (0, 0, 10, 9))], [(0, 0, 0.9, SQUARE)])
    assert match(data).label_d.tolist() == [0]


def test_the_second_box_takes_the_label_that_the_first_left() -> None:
    labels = [(0, 0, SQUARE), (0, 0, (0, 0, 10, 8))]
    data = by_hand(1, "a", labels, [(0, 0, 0.9, SQUARE), (0, 0, 0.8, SQUARE)])
    matches = match(data)
    assert matches.label_d.tolist() == [0, 1]
    assert matches.iou_d.tolist() == [1.0, 0.8]


def test_no_boxes_at_all_is_no_error() -> None:
    assert match(by_hand(2, "a", [], [])).label_td.shape == (11, 0)
    assert match(by_hand(2, "a", [(0, 0, SQUARE)], [])).label_td.shape == (11, 0)


def test_a_threshold_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="match_iou"):
        match(by_hand(1, "a", [], []), match_iou=0)


@pytest.mark.parametrize("ties", [False, True])
def test_all_thresholds_at_once_equal_a_plain_loop(ties: bool) -> None:
    data = drawn(11, ties=ties)
    matches = match(data, match_iou=0.6)
    assert (matches.label_d >= 0).sum() > 20
    for t, threshold in enumerate(matches.thresholds_t):
        assert matches.label_td[t].tolist() == _plain_loop(data, float(threshold))


def _plain_loop(data: Evidence, threshold: float) -> list[int]:
    free, result = set(range(data.labels)), []
    for d in range(data.detections):
        best, best_iou = -1, min(threshold, 1 - 1e-10)
        for label in range(data.labels):
            here = data.label_image_l[label] == data.image_d[d]
            if label not in free or not here or data.label_class_l[label] != data.class_d[d]:
                continue
            iou = float(paired_iou(data.box_d4[[d]], data.label_box_l4[[label]])[0])
            if iou >= best_iou:
                best, best_iou = label, iou
        free.discard(best)
        result.append(best)
    return result


def test_boxes_heaped_on_one_spot_are_refused_before_memory_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(boxes, "MOST_PAIRS", 399)
    monkeypatch.setattr(boxes, "PAIRS_AT_ONCE", 100)
    data = by_hand(1, "a", [(0, 0, SQUARE)] * 20, [(0, 0, 0.9, SQUARE)] * 20)
    with pytest.raises(BadInput, match="Keep fewer detections") as refused:
        match(data)
    assert refused.value.code == "too_many_overlaps"


def test_in_small_parts_the_matching_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = generated(1, images=2, labels=40, repeats=6, span=60, empty=0.0)
    together = match(data).taken.label_th
    monkeypatch.setattr(assignment, "_PAIRS_AT_ONCE", 1)
    monkeypatch.setattr(assignment, "_FIRST_TURNS", 3)
    assert (match(data).taken.label_th == together).all()
    assert len({tuple(row) for row in together.tolist()}) > 5
