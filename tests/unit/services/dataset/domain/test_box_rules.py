"""Boxes against each other, and what stands out: by the definition, and on clean sets."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.findings import Rules
from services.dataset.domain.paths import Paths
from services.dataset.domain.rules_boxes import check_corners, check_overlaps, overlapping
from services.dataset.domain.rules_outliers import (
    check_box_shapes,
    check_class_drift,
    check_image_sizes,
    check_object_counts,
    deviations,
)
from services.dataset.domain.scanned import BOX, IMAGE, Scanned, Table

RULES = Rules(CATALOGUE)


def table(rows: Sequence[tuple[float, ...]]) -> Table:
    """From image, class, x, y, width, height."""
    boxes = np.zeros(len(rows), BOX)
    for name, column in zip(("image", "class", "x", "y", "width", "height"), range(6), strict=True):
        boxes[name] = [row[column] for row in rows]
    boxes["line"] = np.arange(len(rows)) + 1
    return boxes


def scanned(rows: Sequence[tuple[float, ...]], splits: list[int], classes: int = 2) -> Scanned:
    images = np.zeros(len(splits), IMAGE)
    images["split"] = splits
    images["width"], images["height"] = 640, 480
    names = tuple(f"c{n}" for n in range(classes))
    paths = Paths.of(f"images/{i}.jpg" for i in range(len(splits)))
    known = ("train", "val", "test")[: max(splits) + 1]
    return Scanned("/d", names, known, paths, images, table(sorted(rows)))


def iou(a: Any, b: Any) -> float:
    sides = []
    for centre, side in (("x", "width"), ("y", "height")):
        low = max(a[centre] - a[side] / 2, b[centre] - b[side] / 2)
        sides.append(max(0.0, min(a[centre] + a[side] / 2, b[centre] + b[side] / 2) - low))
    shared = sides[0] * sides[1]
    return float(shared / (a["width"] * a["height"] + b["width"] * b["height"] - shared))


@pytest.mark.parametrize("seed", range(5))
def test_overlapping_pairs_are_those_of_the_definition(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = 120
    boxes = np.zeros(count, BOX)
    boxes["image"] = np.sort(random.integers(0, 8, count))
    for name in ("x", "y"):
        boxes[name] = random.uniform(0.4, 0.6, count)
    for name in ("width", "height"):
        boxes[name] = random.uniform(0.1, 0.4, count)
    wanted = {
        (a, b): iou(boxes[a], boxes[b])
        for a, b in itertools.combinations(range(count), 2)
        if boxes["image"][a] == boxes["image"][b] and iou(boxes[a], boxes[b]) > 0.7
    }
    found = {(min(a, b), max(a, b)): value for a, b, value in overlapping(boxes, 0.7)}
    assert len(wanted) > 3
    assert found == pytest.approx(wanted, abs=1e-5)


def test_boxes_of_different_images_never_overlap() -> None:
    rows = [(image, 0, 0.5, 0.5, 0.2, 0.2) for image in range(50)]
    assert not list(check_overlaps(scanned(rows, [0] * 50), RULES))


@pytest.mark.parametrize(
    "rows",
    [
        [(0, 0, 0.5, 0.5, 0.9, 0.9)],
        [(0, 0, 0.5, 0.5, 1.0, 1.0), (0, 1, 0.3, 0.3, 0.4, 0.4)],
        [(0, 0, 0.02, 0.5, 0.1, 0.2)],
        [(0, 0, 0.95, 0.95, 0.2, 0.2)],
        [(0, 0, 0.2, 0.2, 0.4, 0.4), (0, 0, 0.6, 0.6, 0.1, 0.1)],
    ],
    ids=[
        "large",
        "whole and part",
        "leaves at the left",
        "leaves at the corner",
        "one corner-like",
    ],
)
def test_centres_and_sizes_are_not_taken_for_corners(rows: Sequence[tuple[float, ...]]) -> None:
    assert not list(check_corners(scanned(rows, [0]), RULES))


def test_a_large_dataset_of_varied_boxes_has_few_outliers() -> None:
    random = np.random.default_rng(7)
    sizes = np.exp(random.normal(-2, 0.4, (2000, 2)))
    rows = [
        (i, i % 2, 0.5, 0.5, min(0.9, w), min(0.9, h)) for i, (w, h) in enumerate(sizes.tolist())
    ]
    told = list(check_box_shapes(scanned(rows, [0] * 2000), RULES))
    assert len(told) < 20


def test_without_enough_to_compare_nothing_stands_out() -> None:
    few = scanned([(0, 0, 0.5, 0.5, 0.9, 0.01), (1, 0, 0.5, 0.5, 0.1, 0.1)], [0, 0])
    for rule in (check_box_shapes, check_object_counts, check_image_sizes):
        assert not list(rule(few, RULES))
    alike = scanned([(i, 0, 0.5, 0.5, 0.2, 0.2) for i in range(50)], [0] * 50)
    for rule in (check_box_shapes, check_object_counts, check_image_sizes):
        assert not list(rule(alike, RULES))


def test_deviations_are_robust_to_what_they_look_for() -> None:
    values = np.concatenate([np.random.default_rng(1).normal(0, 1, 999), [50.0]])
    far = deviations(values, 0.1)
    assert abs(far[-1]) > 40
    assert np.mean(np.abs(far[:-1]) > 3.5) < 0.005


@pytest.mark.parametrize(
    ("val", "told"), [(([0] * 20), True), (([0, 1] * 10), False), (([0] * 3), False)]
)
def test_drift_needs_more_than_chance(val: list[int], told: bool) -> None:
    classes = [0, 1] * 20 + val
    rows = [(i, number, 0.5, 0.5, 0.2, 0.2) for i, number in enumerate(classes)]
    found = list(check_class_drift(scanned(rows, [0] * 40 + [1] * len(val)), RULES))
    assert bool(found) == told


def test_random_splits_hardly_ever_drift() -> None:
    random = np.random.default_rng(3)
    alarms = 0
    for _ in range(200):
        classes = random.integers(0, 5, 120)
        rows = [(i, int(number), 0.5, 0.5, 0.2, 0.2) for i, number in enumerate(classes)]
        data = scanned(rows, [0] * 100 + [1] * 20, classes=5)
        alarms += bool(list(check_class_drift(data, RULES)))
    assert alarms <= 3
