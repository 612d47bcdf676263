"""Figures on a dataset as data for diagrams: boxes, images, drift, classes that look alike."""

from typing import Any

import numpy as np
import numpy.typing as npt

from services.dataset.domain.look_alikes import look_alikes
from services.dataset.domain.rules_pixels import property_drift
from services.dataset.domain.scanned import FORMATS, Scanned

SMALL_PX, MEDIUM_PX = 32, 96
"""COCO: an object is small under 32 x 32 pixels, medium under 96 x 96."""
POSITION_BINS = 16
Values = npt.NDArray[Any]


def figures(scanned: Scanned, imgsz: int) -> dict[str, Any]:
    """What the page draws. Every histogram has `edges` (n + 1) and `counts` (n).

    Args:
        scanned: the dataset.
        imgsz: the training size that sizes of boxes are told at, in pixels.
    """
    boxes = scanned.boxes
    sides = box_sides(scanned, imgsz)
    areas = sides[:, 0] * sides[:, 1]
    drawn = np.maximum(sides, 1e-6)  # a box may have no width
    ratio = np.log2(drawn[:, 0] / drawn[:, 1]) if len(sides) else np.zeros(0)
    width, height = (scanned.images[name] for name in ("width", "height"))
    known = (width > 0) & (height > 0)
    return {
        "imgsz": imgsz,
        "boxes": {
            "side_px": histogram(np.sqrt(areas), _powers(2, 2048)),
            "aspect_log2": histogram(ratio, np.linspace(-4, 4, 33)),
            "position": positions(boxes["x"], boxes["y"]),
            "per_image": histogram(np.diff(scanned.first_box), np.arange(0, 52)),
            "by_size": size_shares(areas),
            "small_by_class": _small_by_class(scanned, areas),
        },
        "images": {
            "width": histogram(width[known], _powers(16, 16_384)),
            "height": histogram(height[known], _powers(16, 16_384)),
            "formats": _formats(scanned),
            **_pixels(scanned),
        },
        "drift": [
            {
                "split": split,
                "property": name,
                "distance": round(distance, 3),
                "median": round(here, 3),
                "median_train": round(train, 3),
            }
            for split, name, distance, here, train in property_drift(scanned)
        ],
        "look_alikes": look_alikes(scanned),
    }


def box_sides(scanned: Scanned, imgsz: int) -> Values:
    """(M, 2): width and height of every box in pixels, once its image is scaled to `imgsz`.

    As the trainer does: the longer side becomes `imgsz`, the proportions stay. Boxes of images of
    unknown size are told as if these were square.
    """
    image = scanned.boxes["image"]
    size = np.stack([scanned.images["width"], scanned.images["height"]], axis=1).astype(np.float64)
    size[(size <= 0).any(axis=1)] = 1
    scaled = size / size.max(axis=1, keepdims=True) * imgsz if len(size) else size
    shares = np.stack([scanned.boxes["width"], scanned.boxes["height"]], axis=1)
    return np.asarray(shares * scaled[image])


def size_shares(areas: Values) -> dict[str, float]:
    """Shares of small, medium and large boxes by area in pixels; 0 where there are none."""
    total = max(1, len(areas))
    small, medium = (areas < SMALL_PX**2).sum(), (areas < MEDIUM_PX**2).sum()
    return {
        "small": round(float(small) / total, 4),
        "medium": round(float(medium - small) / total, 4),
        "large": round(float(len(areas) - medium) / total, 4),
    }


def histogram(values: Values, edges: Values) -> dict[str, list[float]]:
    """Counts between edges; what lies outside counts in the first or the last."""
    fields = len(edges) - 1
    field = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, fields - 1)
    counts = np.bincount(field, minlength=fields)
    return {"edges": np.round(edges, 4).tolist(), "counts": counts.tolist()}


def positions(x: Values, y: Values) -> list[list[int]]:
    """How many box centres lie in each field of a 16 x 16 grid, rows from the top."""
    inside = (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
    last = POSITION_BINS - 1
    column, row = (
        np.minimum((each[inside].astype(np.float64) * POSITION_BINS).astype(np.intp), last)
        for each in (x, y)
    )
    grid = np.bincount(row * POSITION_BINS + column, minlength=POSITION_BINS**2)
    counts: list[list[int]] = grid.reshape(POSITION_BINS, POSITION_BINS).tolist()
    return counts


def _small_by_class(scanned: Scanned, areas: Values) -> dict[str, float]:
    """Share of small boxes per class that has boxes; classes of one name are added up."""
    small = areas < SMALL_PX**2
    kinds = scanned.boxes["class"]
    width = len(scanned.names)
    total, few = np.bincount(kinds, minlength=width), np.bincount(kinds[small], minlength=width)
    told: dict[str, tuple[int, int]] = {}
    for name, part, whole in zip(scanned.names, few.tolist(), total.tolist(), strict=False):
        before = told.get(name, (0, 0))
        told[name] = (before[0] + part, before[1] + whole)
    return {name: round(part / whole, 4) for name, (part, whole) in told.items() if whole}


def _formats(scanned: Scanned) -> dict[str, int]:
    counts = np.bincount(scanned.images["format"], minlength=len(FORMATS))
    return {name or "unknown": int(n) for name, n in zip(FORMATS, counts, strict=False) if n}


def _pixels(scanned: Scanned) -> dict[str, Any]:
    """Light, colour and sharpness, in full mode."""
    pixels = scanned.pixels
    seen = pixels[pixels["seen"]] if len(pixels) else pixels
    if not len(seen):
        return {}
    jpegs = seen["quality"][seen["quality"] > 0]
    return {
        "brightness": histogram(seen["mean"], np.linspace(0, 256, 33)),
        "contrast": histogram(seen["std"], np.linspace(0, 128, 33)),
        "saturation": histogram(seen["saturation"], np.linspace(0, 1, 33)),
        "sharpness": histogram(seen["sharpness"], np.linspace(0.2, 1, 33)),
        "jpeg_quality": histogram(jpegs, np.arange(0, 102, 5)),
    }


def _powers(low: int, high: int) -> Values:
    """Edges at half powers of two."""
    return np.asarray(2 ** np.arange(np.log2(low), np.log2(high) + 0.25, 0.5))
