import numpy as np
import pytest

from services.analyzer.domain.matching import match
from services.analyzer.domain.operating_point import Counts, operating_point
from services.analyzer.domain.thresholds import Target, choose, halves, marks, measure
from tests.unit.services.analyzer.domain.sets import Detection, Label, by_hand, drawn

BOX, ELSEWHERE = [0, 0, 40, 40], [100, 100, 140, 140]


def ten_logos_and_ten_clean_images() -> tuple[list[Label], list[Detection]]:
    """Class 0 on images 0-9, found at .90, .85 … .45; false on clean images at .80, .60 and .20."""
    labels: list[Label] = [(at, 0, BOX) for at in range(10)]
    right: list[Detection] = [(at, 0, round(0.9 - 0.05 * at, 2), BOX) for at in range(10)]
    wrong: list[Detection] = [(10, 0, 0.8, BOX), (11, 0, 0.6, BOX), (12, 0, 0.2, BOX)]
    return labels, [*right, *wrong]


def test_each_target_gets_the_threshold_worked_out_by_hand() -> None:
    labels, detections = ten_logos_and_ten_clean_images()
    data = by_hand(20, "a", labels, detections)
    seen = marks(data, match(data))
    assert (seen.images, seen.clean_images) == (20, 10)
    for target, confidence, counts in (
        (Target("max_f1"), 0.45, Counts(10, 2, 0)),
        (Target("precision", 0.85), 0.65, Counts(6, 1, 4)),
        (Target("false_alarms", 0), 0.85, Counts(2, 0, 8)),
        (Target("false_alarms", 100), 0.65, Counts(6, 1, 4)),
        (Target("false_alarms", 300), 0.45, Counts(10, 2, 0)),
    ):
        [choice] = choose(seen, target)
        assert (choice.confidence, choice.met, choice.own) == (confidence, True, True), target
        [own, total] = measure(seen, np.array([choice.confidence]))
        assert own == total
        assert own.counts == counts
        assert own.alarms_per_1000 == counts.fp * 100


def test_target_out_of_reach_is_said_and_the_nearest_taken() -> None:
    labels, detections = ten_logos_and_ten_clean_images()
    data = by_hand(20, "a", labels, [(13, 0, 0.99, BOX), *detections])
    [choice] = choose(marks(data, match(data)), Target("precision", 0.9))
    assert not choice.met
    [choice] = choose(marks(data, match(data)), Target("false_alarms", 10))
    assert choice.confidence > 0.99
    assert choice.met


def test_class_with_few_labels_takes_the_threshold_of_all_together() -> None:
    labels, detections = ten_logos_and_ten_clean_images()
    data = by_hand(20, "ab", [*labels, (0, 1, ELSEWHERE)], [*detections, (0, 1, 0.3, ELSEWHERE)])
    first, second = choose(marks(data, match(data)), Target())
    assert first.own
    assert not second.own
    assert second.confidence == 0.3
    no_detection = by_hand(10, "a", labels, [])
    [choice] = choose(marks(no_detection, match(no_detection)), Target())
    assert choice.confidence == 1.0


def test_no_threshold_on_the_scores_has_a_higher_f1() -> None:
    data = drawn(8, images=120)
    seen = marks(data, match(data))
    for c, choice in enumerate(choose(seen, Target())[:4]):
        if not choice.own:
            continue
        best = max(
            measure(seen, np.full(5, score))[c].counts.f1
            for score in np.unique(data.score_d[data.class_d == c])
        )
        assert measure(seen, np.full(5, choice.confidence))[c].counts.f1 == best


def test_one_threshold_for_all_gives_the_operating_point() -> None:
    data = drawn(9)
    matches = match(data)
    *per_class, total = measure(marks(data, matches), np.full(5, 0.3))
    point = operating_point(data, matches, confidence=0.3)
    assert tuple(each.counts for each in per_class) == point.per_class
    assert total.counts == point.micro


def test_halves_share_every_image_and_the_clean_ones_evenly() -> None:
    paths = [f"/d/{at}.jpg" for at in range(101)]
    clean_i = np.arange(101) % 3 == 0
    first_i = halves(paths, clean_i)
    assert abs(int(first_i.sum()) - 50.5) <= 1
    assert abs(int((first_i & clean_i).sum()) - clean_i.sum() / 2) <= 1
    turned = halves(paths[::-1], clean_i[::-1])
    assert (turned[::-1] == first_i).all()


def test_marks_of_two_halves_add_up_to_the_whole() -> None:
    data = drawn(10)
    matches = match(data)
    first_i = halves([str(at) for at in range(data.images)], data.without_labels_i)
    confidence_c = np.full(5, 0.2)
    whole = measure(marks(data, matches), confidence_c)[-1].counts
    parts = [
        measure(marks(data, matches, keep_i), confidence_c)[-1].counts
        for keep_i in (first_i, ~first_i)
    ]
    assert [whole.tp, whole.fp, whole.fn] == [
        sum(values) for values in zip(*[(p.tp, p.fp, p.fn) for p in parts], strict=True)
    ]
    assert whole.precision == pytest.approx(whole.tp / (whole.tp + whole.fp))
