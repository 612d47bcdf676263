"""The cause of every wrong box, on sets worked out by hand."""

import pytest

from services.analyzer.domain.errors import KINDS, Errors, errors
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import match
from services.analyzer.domain.operating_point import operating_point
from tests.unit.services.analyzer.domain.sets import by_hand, drawn

A, HALF_A, NEAR_A, FAR = (0, 0, 10, 10), (0, 0, 10, 4), (9, 9, 19, 19), (60, 60, 90, 90)


def _errors(data: Evidence, confidence: float = 0.25) -> Errors:
    matches = match(data)
    return errors(data, matches, operating_point(data, matches, confidence=confidence))


@pytest.mark.parametrize(
    ("detections", "cause_d", "cause_l"),
    [
        pytest.param([(0, 0, 0.9, A)], [""], [""], id="right"),
        pytest.param([(0, 1, 0.9, A)], ["cls"], ["cls"], id="right box, wrong class"),
        pytest.param([(0, 0, 0.9, HALF_A)], ["loc"], ["loc"], id="right class, IoU 0.4"),
        pytest.param([(0, 1, 0.9, HALF_A)], ["both"], ["miss"], id="wrong class, IoU 0.4"),
        pytest.param([(0, 0, 0.9, A), (0, 0, 0.8, A)], ["", "dup"], [""], id="found twice"),
        pytest.param([(0, 0, 0.9, FAR)], ["bkg"], ["miss"], id="nothing there"),
        pytest.param([(0, 0, 0.9, NEAR_A)], ["bkg"], ["miss"], id="IoU below 0.1"),
        pytest.param([(0, 0, 0.1, A)], [""], ["miss"], id="below the confidence"),
        pytest.param([], [], ["miss"], id="nothing said"),
        pytest.param(
            [(0, 0, 0.9, A), (0, 1, 0.8, A)], ["", "cls"], [""], id="right, and a wrong class too"
        ),
    ],
)
def test_one_label_and_its_cause(
    detections: list[tuple[int, int, float, tuple[int, ...]]],
    cause_d: list[str],
    cause_l: list[str],
) -> None:
    found = _errors(by_hand(1, "xy", [(0, 0, A)], detections))
    assert found.cause_d.tolist() == cause_d
    assert found.cause_l.tolist() == cause_l


def test_a_wrong_place_comes_before_a_wrong_class() -> None:
    data = by_hand(1, "xy", [(0, 0, A), (0, 1, HALF_A)], [(0, 0, 0.9, HALF_A)])
    assert _errors(data).cause_d.tolist() == ["loc"]


def test_counts_are_mapped_to_the_older_names_and_sorted() -> None:
    data = by_hand(
        4,
        "xy",
        [(0, 0, A), (1, 0, A), (2, 1, A), (3, 1, A)],
        [(0, 1, 0.9, A), (1, 0, 0.9, HALF_A), (2, 1, 0.9, FAR), (3, 1, 0.9, FAR)],
    )
    found = _errors(data)
    assert found.causes == {"cls": 1, "loc": 1, "both": 0, "dup": 0, "bkg": 2, "miss": 2}
    assert found.kinds == {
        "false_positive": 2,
        "false_negative": 2,
        "misclassification": 1,
        "mislocalization": 1,
    }
    assert found.kinds_by_class["y"]["misclassification"] == 1
    assert found.common[:2] == [
        {"class": "y", "error_type": "false_negative", "count": 2},
        {"class": "y", "error_type": "false_positive", "count": 2},
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_wrong_box_has_exactly_one_cause(seed: int) -> None:
    data = drawn(seed)
    matches = match(data)
    point = operating_point(data, matches, confidence=0.3)
    found = errors(data, matches, point)
    assert ((found.cause_d != "") == (point.kept_d & ~point.true_d)).all()
    assert ((found.cause_l != "") == ~point.found_l).all()
    assert set(found.cause_d.tolist()) == {"", *KINDS} - {"miss"}
    assert sum(found.causes.values()) == sum(found.kinds.values())
