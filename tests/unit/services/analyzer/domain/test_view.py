"""Panels of a stored pass at any operating point: what they count is what their references give."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from services.analyzer.domain.matching import match
from services.analyzer.domain.panels import fixed, panels
from services.analyzer.domain.report import analyse, class_metrics
from services.analyzer.domain.rows import image_boxes, image_order, image_table
from services.analyzer.domain.view import Filters, View, select, view
from tests.unit.services.analyzer.domain.sets import by_hand, drawn

POINTS = [(0.25, 0.5), (0.0, 0.1), (0.7, 0.75), (1.0, 1.0)]


def seen_at(confidence: float, iou: float, *, seed: int = 3) -> View:
    data = drawn(seed)
    return view(data, match(data, match_iou=iou), confidence=confidence)


def followed(seen: View, reference: str) -> int:
    """How many boxes a reference of a panel leads to."""
    words = {name: value for name, [value] in parse_qs(urlsplit(reference).query).items()}
    assert (float(words["confidence"]), float(words["iou"])) == (
        seen.point.confidence,
        seen.matches.match_iou,
    )
    kind = words.get("class")
    filters = Filters(
        class_index=None if kind is None else seen.data.classes.index(kind),
        cause=words.get("cause"),
        size=words.get("size"),
        kind=words.get("kind"),
    )
    return sum(map(len, select(seen, filters)))


@pytest.mark.parametrize(("confidence", "iou"), POINTS)
def test_any_operating_point_equals_an_analysis_of_its_own(confidence: float, iou: float) -> None:
    seen = seen_at(confidence, iou)
    whole = analyse(seen.data, confidence=confidence, match_iou=iou)
    found = panels(seen, Filters(), fixed(seen.data))
    micro = whole.point.micro
    assert (found["headline"]["tp"], found["headline"]["fp"], found["headline"]["fn"]) == (
        micro.tp,
        micro.fp,
        micro.fn,
    )
    assert found["headline"]["accuracy"] == whole.point.accuracy
    assert found["map50_95"] == whole.ap.map50_95
    aps = {name: row["ap50"] for name, row in class_metrics(whole).items()}
    assert {name: row["ap50"] for name, row in found["class_metrics"].items()} == aps
    assert {name: row["count"] for name, row in found["causes"].items()} == whole.errors.causes
    dense = np.zeros_like(whole.table.counts_cc)
    for row, column, count in found["confusion"]["cells"]:
        dense[row, column] = count
    assert (dense == whole.table.counts_cc).all()
    assert found["false_alarms"]["alarms"] == whole.alarms.alarms


@pytest.mark.parametrize(("confidence", "iou"), POINTS)
@pytest.mark.parametrize("filters", [Filters(), Filters(class_index=1), Filters(size="medium")])
def test_every_number_leads_to_as_many_boxes(
    confidence: float, iou: float, filters: Filters
) -> None:
    seen = seen_at(confidence, iou)
    found = panels(seen, filters, fixed(seen.data))
    for kind, reference in found["headline"]["boxes"].items():
        assert followed(seen, reference) == found["headline"][kind]
    for row in found["class_metrics"].values():
        for kind, reference in row["boxes"].items():
            assert followed(seen, reference) == row[kind]
    for cause in found["causes"].values():
        assert followed(seen, cause["boxes"]) == cause["count"]
    assert found["confusion"]["cells"]
    for row, column, count in found["confusion"]["cells"]:
        own = replace(filters, cell=(row, column))
        assert sum(map(len, select(seen, own))) == count


def test_sizes_share_all_labels_and_all_detections() -> None:
    seen = seen_at(0.25, 0.5)
    parts = [
        panels(seen, Filters(size=size), fixed(seen.data))["headline"]
        for size in ("small", "medium", "large")
    ]
    whole = panels(seen, Filters(), fixed(seen.data))["headline"]
    for name in ("tp", "fp", "fn", "labels", "detections"):
        assert sum(part[name] for part in parts) == whole[name]
    assert all(part["tp"] + part["fn"] == part["labels"] for part in parts)


def test_a_box_tells_what_it_is_about() -> None:
    data = by_hand(
        2,
        ["cat", "dog"],
        [(0, 0, [0, 0, 10, 10]), (1, 1, [0, 0, 10, 10])],
        [
            (0, 0, 0.9, [0, 0, 10, 10]),
            (0, 0, 0.8, [0, 0, 10, 10]),
            (1, 0, 0.7, [0, 0, 10, 10]),
            (1, 1, 0.1, [0, 0, 10, 10]),
        ],
    )
    seen = view(data, match(data, match_iou=0.5), confidence=0.25)
    [right], [first, second] = image_boxes(seen, 0)
    assert (right["kind"], right["detection"], first["label"]) == ("tp", "d0", "l0")
    assert (second["cause"], second["label"], second["kind"]) == ("dup", "l0", "fp")
    [missed], [wrong] = image_boxes(seen, 1)
    assert (missed["kind"], missed["cause"], missed["detection"]) == ("fn", "cls", wrong["id"])
    assert (wrong["cause"], wrong["label"], wrong["true_class"]) == ("cls", "l1", "dog")
    [row] = image_table(seen, [1])
    assert (row["fp"], row["fn"], row["causes"]) == (1, 1, {"cls": 1})
    assert [len(each) for each in select(seen, Filters(cause="cls"))] == [0, 1]
    assert [len(each) for each in select(seen, Filters(cause="cls", kind="fn"))] == [1, 0]


def test_the_worst_images_come_first() -> None:
    seen = seen_at(0.25, 0.5)
    order = image_order(seen, correct=None, cause=None, class_index=None, worst=True)
    wrong = seen.point.wrong_i[order]
    assert (np.diff(wrong) <= 0).all()
    assert wrong[0] > 1
    right = image_order(seen, correct=True, cause=None, class_index=None, worst=False)
    assert len(right) == seen.point.correct_images
    only = image_order(seen, correct=None, cause="miss", class_index=None, worst=False)
    assert all(row["causes"].get("miss") for row in image_table(seen, only.tolist()))


def test_a_class_of_any_name_can_be_referred_to() -> None:
    name = "R&B #1 + ロゴ=50%?"
    data = by_hand(1, [name, "b"], [(0, 0, [0, 0, 9, 9])], [(0, 0, 0.9, [0, 0, 9, 9])])
    seen = view(data, match(data), confidence=0.25)
    row = panels(seen, Filters(), fixed(data))["class_metrics"][name]
    assert followed(seen, row["boxes"]["tp"]) == row["tp"] == 1


def test_a_set_without_any_box_has_panels() -> None:
    data = by_hand(3, ["cat"], [], [])
    seen = view(data, match(data, match_iou=0.5), confidence=0.25)
    found = panels(seen, Filters(), fixed(seen.data))
    assert (found["headline"]["accuracy"], found["headline"]["undefined"][0]) == (1.0, "precision")
    assert found["confusion"]["cells"] == []
