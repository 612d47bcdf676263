from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.analyzer.domain.appearance import appearance
from services.analyzer.domain.dimensions import Looks, dimensions
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import match
from services.analyzer.domain.operating_point import operating_point
from services.analyzer.domain.slices import slices
from tests.unit.services.analyzer.domain.sets import Detection, Label, by_hand, drawn


def looks(data: Evidence, side: float = 640.0) -> Looks:
    return Looks(np.full((data.images, 2), side), imgsz=640)


def found(data: Evidence, known: Looks | None = None) -> dict[str, Any]:
    matches = match(data)
    point = operating_point(data, matches, confidence=0.25)
    return slices(data, matches, point, known or looks(data))


def test_each_box_falls_into_the_part_worked_out_by_hand() -> None:
    boxes = [
        [300, 300, 310, 310],  # 10 px, in the middle
        [0, 100, 20, 180],  # 40 px, four times as tall as wide, at the left edge
        [100, 20, 340, 60],  # six times as wide as tall
        [400, 400, 640, 640],  # 240 px, at the lower right edge
    ]
    data = by_hand(
        3, "ab", [(0, at % 2, box) for at, box in enumerate(boxes)], [(1, 0, 0.9, boxes[0])]
    )
    by_name = {each.name: each for each in dimensions(data, looks(data))}
    named = {
        name: [by_name[name].parts[part] for part in by_name[name].label_l]
        for name in ("class", "size", "aspect", "position", "crowding")
    }
    assert named == {
        "class": ["a", "b", "a", "b"],
        "size": ["<16px", "32-64px", "64-128px", ">=128px"],
        "aspect": ["even", "tall", "very_wide", "even"],
        "position": ["centre", "border", "elsewhere", "border"],
        "crowding": ["4+"] * 4,
    }
    assert by_name["crowding"].detection_d.tolist() == [-1]
    half = {each.name: each for each in dimensions(data, looks(data, side=1280.0))}
    assert [half["size"].parts[part] for part in half["size"].label_l] == [
        *("<16px", "16-32px", "32-64px", "64-128px")
    ]
    plain = replace(looks(data, side=1280.0), imgsz=None)
    assert dimensions(data, plain)[1].parts[dimensions(data, plain)[1].label_l[0]] == "<16px"
    assert "brightness" not in by_name


def small_logos_are_missed() -> Evidence:
    """Of 60 small logos 12 are found, of 60 big ones 54; nothing false."""
    labels: list[Label] = []
    detections: list[Detection] = []
    for image in range(60):
        small, big = [10, 10, 20, 20], [100, 100, 180, 180]
        labels += [(image, 0, small), (image, 0, big)]
        if image % 5 == 0:
            detections.append((image, 0, 0.8, small))
        if image % 10:
            detections.append((image, 0, 0.9, big))
    return by_hand(60, "a", labels, detections)


def test_weak_part_comes_first_with_its_interval_and_a_sentence() -> None:
    report = found(small_logos_are_missed())
    weakest = report["weakest"]
    first = weakest[0]
    assert (first["dimension"], first["part"], first["metric"]) == ("size", "<16px", "recall")
    assert first["value"] == pytest.approx(12 / 60)
    assert first["rest"] == pytest.approx(54 / 60)
    assert first["low"] < 0.2 < first["high"]
    assert first["sentence"]["en"].startswith("Logos below 16 px at 640: recall 0.20 (0.")
    assert "16 px 未満のロゴ（640 で推論時）: recall 0.20" in first["sentence"]["ja"]
    assert {each["part"] for each in weakest} == {"<16px"}


def test_a_part_of_an_even_model_is_seldom_called_weak() -> None:
    called = [len(found(drawn(seed, images=100))["weakest"]) for seed in range(6)]
    assert sum(called) <= 6  # of about 6 x 18 parts that could be


def test_a_part_with_few_labels_is_listed_but_never_weak() -> None:
    few = by_hand(
        60,
        "ab",
        [
            *[(image, 0, [10, 10, 90, 90]) for image in range(60)],
            *[(image, 1, [200, 200, 280, 280]) for image in range(10)],
        ],
        [(image, 0, 0.9, [10, 10, 90, 90]) for image in range(60)],
    )
    report = found(few)
    rows = {(row["dimension"], row["part"]): row for row in report["parts"]}
    assert (rows["class", "b"]["labels"], rows["class", "b"]["enough"]) == (10, False)
    assert rows["class", "b"]["recall"]["value"] == 0
    assert all(each["part"] != "b" for each in report["weakest"])
    assert "_p" not in rows["class", "b"]


def test_parts_of_a_dimension_add_up_to_the_whole() -> None:
    data = drawn(3, images=80)
    matches = match(data)
    point = operating_point(data, matches, confidence=0.25)
    values = np.linspace(0, 1, data.images)
    known = replace(looks(data), brightness_i=values, in_train_i=(values > 0.5).astype(np.int64))
    rows = slices(data, matches, point, known)["parts"]
    for name in ("class", "size", "aspect", "position", "crowding", "brightness", "leakage"):
        own = [row for row in rows if row["dimension"] == name]
        assert sum(row["labels"] for row in own) == data.labels, name
        hits = sum(row["recall"]["value"] * row["labels"] for row in own if row["recall"])
        assert hits == pytest.approx(point.micro.tp), name


def test_darkness_flatness_and_blur_are_seen() -> None:
    random = np.random.default_rng(0)
    sharp = random.integers(0, 255, (300, 200, 3), dtype=np.uint8)
    dark, flat = (sharp * 0.2).astype(np.uint8), (sharp * 0.1 + 110).astype(np.uint8)
    blurred = np.repeat(np.repeat(sharp[::10, ::10], 10, axis=0), 10, axis=1)
    of = {name: appearance(each) for name, each in
          {"sharp": sharp, "dark": dark, "flat": flat, "blurred": blurred}.items()}  # fmt: skip
    assert of["dark"].brightness == pytest.approx(0.2 * of["sharp"].brightness, abs=0.01)
    assert of["flat"].contrast < 0.2 * of["sharp"].contrast
    assert of["blurred"].sharpness < 0.6 * of["sharp"].sharpness
    white = appearance(np.full((40, 60, 3), 255, np.uint8))
    assert white.brightness == pytest.approx(1, abs=1e-5)
    assert max(white.contrast, white.sharpness) == pytest.approx(0, abs=1e-5)
    assert appearance(np.zeros((1, 1, 3), np.uint8)).sharpness == 0
