import numpy as np
import pytest

from libs.common.dataset_edits import PatchLabels
from libs.common.label_doubts import Suspects
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import match
from services.analyzer.domain.suspects import suspects, suspects_table
from tests.unit.services.analyzer.domain.sets import Detection, Label, by_hand

BOX, SHIFTED, ELSEWHERE = [0, 0, 40, 40], [20, 0, 60, 40], [200, 200, 240, 280]
SURE = 40


def mostly_right(labels: list[Label], detections: list[Detection]) -> Evidence:
    """Forty more images with a label that is found, so that the model has earned trust."""
    more = range(3, 3 + SURE)
    return by_hand(
        3 + SURE,
        "ab",
        [*labels, *[(image, 0, BOX) for image in more]],
        [*detections, *[(image, 0, 0.8, BOX) for image in more]],
    )


def doubts(data: Evidence) -> Suspects:
    return suspects(data, match(data))


def test_overlooked_swapped_and_badly_placed_labels_are_found_and_ranked() -> None:
    data = mostly_right(
        [(0, 0, BOX), (1, 0, BOX), (2, 1, BOX)],
        [
            (0, 0, 0.9, BOX),
            (0, 1, 0.85, ELSEWHERE),
            (1, 1, 0.95, BOX),
            (2, 1, 0.9, SHIFTED),
        ],
    )
    found = doubts(data)
    assert found.from_confidence == pytest.approx(0.8)
    assert [(each.kind, each.label, each.detection) for each in found.found] == [
        ("swapped", 1, 2),
        ("overlooked", -1, 1),
        ("badly_placed", 2, 3),
    ]
    assert [each.suspicion for each in found.found] == pytest.approx(
        [0.95, 0.85, 0.9 * (1 - 1 / 3)]
    )


def test_right_boxes_double_boxes_and_unsure_ones_raise_no_doubt() -> None:
    data = mostly_right(
        [(0, 0, BOX), (1, 0, BOX)],
        [
            (0, 0, 0.9, BOX),
            (0, 1, 0.85, BOX),  # the surest box on the label agrees with it
            (0, 0, 0.82, [0, 0, 40, 36]),  # a second box on the label
            (1, 1, 0.4, BOX),
            (1, 1, 0.3, ELSEWHERE),
        ],
    )
    assert doubts(data).found == ()


def test_two_logos_on_one_spot_that_are_both_found_do_not_contradict_each_other() -> None:
    around = [0, 0, 40, 44]
    labels: list[Label] = [(0, 0, BOX), (0, 1, around)]
    assert doubts(mostly_right(labels, [(0, 0, 0.9, BOX), (0, 1, 0.95, around)])).found == ()


def test_the_same_overlooked_logo_is_told_once() -> None:
    data = mostly_right([], [(0, 0, 0.9, ELSEWHERE), (0, 1, 0.85, ELSEWHERE), (1, 0, 0.9, BOX)])
    assert [(each.kind, each.detection) for each in doubts(data).found] == [
        ("overlooked", 0),
        ("overlooked", 2),
    ]


def test_a_model_that_is_mostly_wrong_may_not_contradict() -> None:
    wrong: list[Detection] = [(image, 0, 0.9, ELSEWHERE) for image in range(30)]
    data = by_hand(30, "ab", [(image, 0, BOX) for image in range(30)], wrong)
    found = doubts(data)
    assert found == Suspects((), None)
    table = suspects_table(data, found, ["n"] * 30, ["p"] * 30, np.full((30, 2), 400.0))
    assert "not sure enough" in table["note"]
    nothing = by_hand(1, "a", [], [])
    assert doubts(nothing).found == ()


def test_each_doubt_comes_with_the_edit_that_the_dataset_service_takes() -> None:
    data = mostly_right(
        [(1, 0, BOX), (2, 1, BOX)],
        [(0, 1, 0.85, ELSEWHERE), (1, 1, 0.95, BOX), (2, 1, 0.9, SHIFTED)],
    )
    names = [f"val/{at}.jpg" for at in range(data.images)]
    size = np.tile([400.0, 800.0], (data.images, 1))
    table = suspects_table(data, doubts(data), names, names, size)
    assert table["counts"] == {"overlooked": 1, "swapped": 1, "badly_placed": 1}
    edits = {row["kind"]: row["patch"] for row in table["suspects"]}
    assert edits == {
        "overlooked": {
            "image": "val/0.jpg",
            "add": [{"class": "b", "box": [0.55, 0.3, 0.1, 0.1]}],
        },
        "swapped": {
            "image": "val/1.jpg",
            "add": [{"class": "b", "box": [0.05, 0.025, 0.1, 0.05]}],
            "remove": [{"class": "a", "box": [0.05, 0.025, 0.1, 0.05]}],
        },
        "badly_placed": {
            "image": "val/2.jpg",
            "add": [{"class": "b", "box": [0.1, 0.025, 0.1, 0.05]}],
            "remove": [{"class": "b", "box": [0.05, 0.025, 0.1, 0.05]}],
        },
    }
    step = PatchLabels.model_validate({"op": "patch_labels", "patches": list(edits.values())})
    assert step.patches[0].remove[0].class_ == "a"  # type: ignore[union-attr]
