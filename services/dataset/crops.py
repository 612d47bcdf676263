"""Cut boxes out of images and describe what they show: edges and colours.

Only OpenCV and simplejpeg. Runs in a scan process; an image is opened once for all of its boxes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

Picture = npt.NDArray[Any]
Vectors = npt.NDArray[np.float32]

SIDE = 32
"""A crop is described at this size, in pixels."""
LEAST_SIDE = 6
"""Crops under so many pixels a side show nothing to tell them by."""
COLOUR_WEIGHT = 0.35
"""Of colours against edges: one brand comes in many colours."""
_GRID = 4
_CELLS, _BINS = 4, 9
_CELL_OF = np.add.outer(np.arange(SIDE) // 8 * _CELLS, np.arange(SIDE) // 8).ravel()
_QUICK = (0.125, 0.25, 0.5)
"""Of the fractions that a JPEG is decoded at, those that take less time than the whole."""
CROPS_AT_ONCE = 256
LENGTH = (_CELLS - 1) ** 2 * 4 * _BINS + 3 * _GRID * _GRID


@dataclass(frozen=True, slots=True)
class Cut:
    """An image file with the boxes to describe: centre, width and height, shares of the image."""

    path: bytes
    boxes: npt.NDArray[np.float32]
    """(n, 4)."""


def describe(cuts: tuple[Cut, ...]) -> Vectors:
    """(sum of n, LENGTH), a row per box in order; NaN where there is nothing to describe."""
    crops = [crop for cut in cuts for crop in _crops(cut)]
    told = np.full((len(crops), LENGTH), np.nan, np.float32)
    told[[crop is not None for crop in crops]] = described(
        [crop for crop in crops if crop is not None]
    )
    return told


def _crops(cut: Cut) -> list[Picture | None]:
    """What each box shows, at the size of descriptions; None where it is nothing."""
    picture = _opened(cut)
    if picture is None:
        return [None] * len(cut.boxes)
    height, width = picture.shape[:2]
    found: list[Picture | None] = []
    for x, y, w, h in cut.boxes.tolist():
        left, right = int(max(0, x - w / 2) * width), round(min(1, x + w / 2) * width)
        top, bottom = int(max(0, y - h / 2) * height), round(min(1, y + h / 2) * height)
        large = right - left >= LEAST_SIDE and bottom - top >= LEAST_SIDE
        found.append(_shrunk(picture[top:bottom, left:right]) if large else None)
    return found


def _shrunk(crop: Picture) -> Picture:
    small: Picture = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return small


@dataclass(frozen=True, slots=True)
class Hunt:
    """An image file, and what to find in it."""

    path: bytes
    size: tuple[float, float]
    """Width and height, shares of the image."""
    near: tuple[float, float] | None
    """Centre to look around, by one size; None = everywhere."""
    exemplars: Vectors
    """(n, LENGTH)."""


def hunt(task: Hunt) -> tuple[float, tuple[float, ...]]:
    """The window most like any exemplar: its distance, and its centre, width and height."""
    size = np.array([[0.5, 0.5, *task.size]], np.float32)
    picture = _opened(Cut(task.path, size))
    best: tuple[float, tuple[float, ...]] = (float("inf"), (0.0, 0.0, 0.0, 0.0))
    if picture is None:
        return best
    height, width = picture.shape[:2]
    places: list[tuple[float, ...]] = []
    crops: list[Picture] = []
    for x, y, w, h in _windows(task.size, task.near):
        left, top = int((x - w / 2) * width), int((y - h / 2) * height)
        right, bottom = left + round(w * width), top + round(h * height)
        if left < 0 or top < 0 or right > width or bottom > height:
            continue
        if right - left >= LEAST_SIDE and bottom - top >= LEAST_SIDE:
            places.append((x, y, w, h))
            crops.append(_shrunk(picture[top:bottom, left:right]))
    for start in range(0, len(crops), CROPS_AT_ONCE):
        vectors = described(crops[start : start + CROPS_AT_ONCE])
        apart = np.sqrt(((task.exemplars[:, None] - vectors) ** 2).sum(axis=2).min(axis=0))
        least = int(apart.argmin())
        if apart[least] < best[0]:
            best = float(apart[least]), places[start + least]
    return best


def _windows(
    size: tuple[float, float], near: tuple[float, float] | None
) -> Iterator[tuple[float, float, float, float]]:
    """Windows in steps of an eighth of their size; centre, width and height."""
    for scale in (1.0, 0.85, 1.18):
        w, h = size[0] * scale, size[1] * scale
        if near is not None:
            xs, ys = (
                centre + np.arange(-8, 9) / 8 * s for centre, s in zip(near, (w, h), strict=True)
            )
        else:
            xs, ys = (np.arange(s / 2, 1 - s / 2 + 1e-9, s / 8) for s in (w, h))
        for y in ys.tolist():
            for x in xs.tolist():
                yield x, y, w, h


def described(crops: list[Picture]) -> Vectors:
    """(K, LENGTH): gradients by direction in blocks (length 1), then colours in a 4 x 4 grid.

    Args:
        crops: K of (SIDE, SIDE, 3) BGR.

    Source: Dalal and Triggs, Histograms of Oriented Gradients, CVPR 2005.
    """
    if not crops:
        return np.zeros((0, LENGTH), np.float32)
    tall = np.concatenate(crops)
    grey = np.asarray(cv2.cvtColor(tall, cv2.COLOR_BGR2GRAY)).reshape(-1, SIDE, SIDE)
    lab = cv2.cvtColor(tall, cv2.COLOR_BGR2Lab)
    grid = cv2.resize(lab, (_GRID, _GRID * len(crops)), interpolation=cv2.INTER_AREA)
    colours = (np.asarray(grid, np.float32).reshape(len(crops), -1) - 128) / 128 / _GRID
    return np.concatenate([_edges(grey), COLOUR_WEIGHT * colours], axis=1).astype(np.float32)


def _edges(grey: Picture) -> Vectors:
    """Strength of edges by direction (9, without sign), per cell of 8 x 8, in blocks of 2 x 2.

    Args:
        grey: (K, SIDE, SIDE).
    """
    levels = np.pad(grey.astype(np.float32), ((0, 0), (1, 1), (1, 1)), mode="reflect")
    tall = levels.reshape(-1, SIDE + 2)  # what a filter takes from the neighbour is cut off again
    across, down = (
        np.asarray(cv2.Sobel(tall, cv2.CV_32F, *way)).reshape(levels.shape)[:, 1:-1, 1:-1]
        for way in ((1, 0), (0, 1))
    )
    strength, angle = cv2.cartToPolar(across.reshape(-1, SIDE), down.reshape(-1, SIDE))
    bins = (np.asarray(angle) * (_BINS / np.pi)).astype(np.intp).reshape(len(grey), -1)
    size = _CELLS * _CELLS * _BINS
    place = np.arange(len(grey))[:, None] * size + _CELL_OF * _BINS + bins % _BINS
    cells = np.bincount(place.ravel(), np.asarray(strength).ravel(), len(grey) * size)
    grid = cells.reshape(-1, _CELLS, _CELLS, _BINS)
    last = _CELLS - 1
    corners = [grid[:, i : i + last, j : j + last] for i in (0, 1) for j in (0, 1)]
    blocks = np.concatenate(corners, axis=3).reshape(len(grey), last * last, -1)
    blocks = blocks / (np.linalg.norm(blocks, axis=2, keepdims=True) + 100)  # flat stays weak
    blocks = blocks.reshape(len(grey), -1)
    return np.asarray(blocks / np.maximum(np.linalg.norm(blocks, axis=1, keepdims=True), 1e-6))


def _opened(cut: Cut) -> Picture | None:
    """The picture, BGR, no larger than its smallest box needs; None when it cannot be read."""
    try:
        with open(cut.path, "rb") as stream:  # noqa: PTH123 (the path is bytes)
            data = stream.read()
        if data[:2] != b"\xff\xd8":
            flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
            return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        high, wide, _, _ = simplejpeg.decode_jpeg_header(data, strict=False)  # type: ignore[attr-defined]
        sides = cut.boxes[:, 2:] * (int(wide), int(high))
        wanted = 1.5 * SIDE / max(1.0, float(sides.min(initial=1e9)))
        factor = next((part for part in _QUICK if part >= wanted), 1.0)
        picture: Picture = simplejpeg.decode_jpeg(  # type: ignore[attr-defined]
            data,
            "BGR",
            strict=False,
            min_width=max(1, int(int(wide) * factor)),
            min_height=max(1, int(int(high) * factor)),
        )
    except (OSError, ValueError, cv2.error):
        return None
    return picture
