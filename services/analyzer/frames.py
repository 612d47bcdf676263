"""Images as the network sees them: decoded by the trainer's own reader, letterboxed, labelled."""

# mypy: disable-error-code="no-untyped-call"

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from ultralytics.data.augment import LetterBox
from ultralytics.utils.patches import imread

from services.analyzer.domain.appearance import Appearance, appearance
from services.analyzer.domain.boxes import Floats, Ints
from services.analyzer.domain.labels import BadLabels, read_labels
from services.analyzer.truth import upright_size

BROKEN = "the image cannot be decoded, or has more than 178,956,970 pixels"
"""Pillow's bound; OpenCV has the same by its environment, see `child.judging_environment`."""
SHARES = 4
RECT_PADDING = 0.5
"""Strides that `yolo val` adds to a rectangle."""

Picture = npt.NDArray[Any]
Size = tuple[int, int]
Finding = dict[str, str]


@dataclass(frozen=True)
class Frame:
    """One image on its canvas, and its labels in pixels of the original."""

    path: str
    width_px: int
    height_px: int
    pixels: Picture
    ratio_pad: tuple[Any, Any] | None
    classes: Ints
    corners_n4: Floats
    look: Appearance


@dataclass(frozen=True)
class Batch:
    """Images that go through the network together, on canvases of one size (height, width)."""

    items: tuple[tuple[str, str | None], ...]
    size: Size
    rect: bool = False


def square_batches(images: Sequence[Any], imgsz: int, at_once: int) -> list[Batch]:
    """The images in their order, on squares: as `predict` with `rect=False`."""
    size = (imgsz, imgsz)
    return [
        Batch(tuple((image, label) for image, label in images[start : start + at_once]), size)
        for start in range(0, len(images), at_once)
    ]


def images_at_once(images: int, size: Size, most: int, pixels: int) -> int:
    """How many images one thread asks about together.

    Small ones go together, for each call costs something; large ones go alone, where they stay in
    the cache. It does not depend on the number of threads, so that another host can go on.

    Args:
        images: of the whole set, which is shared out at least `SHARES` times.
        size: of their canvas.
        most: limit in images.
        pixels: limit in pixels of all their canvases.
    """
    height, width = size
    return max(1, min(most, pixels // (height * width), math.ceil(images / SHARES)))


def rect_batches(
    images: Sequence[Any], imgsz: int, most: int, stride: int, pixels: int
) -> list[Batch]:
    """The images by rising height / width, each `most` on the smallest canvas that holds them.

    Images without a readable size come last, on a square: they become findings.

    Source: ultralytics 8.4 `data/base.py`, `set_rectangle`, as `yolo val` calls it.
    """
    sized, unsized = [], []
    for image, label in images:
        try:
            width, height = upright_size(Path(image))
        except (OSError, ValueError, SyntaxError):
            unsized.append((image, label))
        else:
            sized.append((image, label, height / width))
    tall = np.array([ratio for *_, ratio in sized])
    order = tall.argsort()
    batches = []
    for start in range(0, len(sized), most):
        rows = order[start : start + most]
        low, high = tall[rows].min(), tall[rows].max()
        shape = [high, 1.0] if high < 1 else [1.0, 1 / low] if low > 1 else [1.0, 1.0]
        height, width = (
            np.ceil(np.array(shape) * imgsz / stride + RECT_PADDING).astype(int) * stride
        ).tolist()
        items = tuple((sized[at][0], sized[at][1]) for at in rows)
        at_once = images_at_once(len(images), (height, width), most, pixels)
        batches += [
            Batch(items[first : first + at_once], (height, width), rect=True)
            for first in range(0, len(items), at_once)
        ]
    return batches + square_batches(unsized, imgsz, 1)


def open_frame(
    item: tuple[str, str | None], imgsz: int, batch: Batch, classes: int
) -> Frame | Finding:
    """Image and labels of one item; a finding instead if either is broken.

    Args:
        item: image, and label file or None.
        imgsz: the longer side of the image on the canvas.
        batch: the one that the image belongs to.
        classes: number of classes in the dataset.
    """
    path, label = item
    picture = _read(path)
    if isinstance(picture, str):
        return {"image_path": path, "message": picture}
    height, width = picture.shape[:2]
    try:
        text = Path(label).read_text("utf-8-sig") if label else ""
        kinds, corners = read_labels(text, classes=classes, width_px=width, height_px=height)
    except (OSError, UnicodeDecodeError, BadLabels) as error:
        return {"image_path": path, "message": f"its label file is unusable: {error}"}
    pixels, ratio_pad = letterbox(picture, imgsz, batch.size, rect=batch.rect)
    look = appearance(picture)
    return Frame(path, width, height, pixels, ratio_pad, kinds, corners, look)


def _read(path: str) -> Picture | str:
    """The decoded image, or what is wrong with it."""
    try:
        before = os.stat(path)  # noqa: PTH116 - as quick as it gets
        picture = imread(path)
        after = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError, SyntaxError, cv2.error, Pillow.DecompressionBombError):
        return BROKEN
    if picture is None:
        return BROKEN
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        return "the image changed while it was read"
    return np.asarray(picture)


def letterbox(picture: Picture, imgsz: int, size: Size, *, rect: bool) -> tuple[Picture, Any]:
    """The picture on a grey canvas, and its gains (y, x) and padding (x, y); None = derive them.

    `predict` scales in one step and rounds; `yolo val` scales first, rounding up. Where a side is
    no whole number of pixels they differ by one, and boxes by up to half a pixel.

    Source: ultralytics 8.4 `LetterBox` as `predict` calls it; `load_image` and `LetterBox` as
    `val` calls them.
    """
    if not rect:
        return np.asarray(LetterBox(size, auto=False)(image=picture)), None
    height, width = picture.shape[:2]
    ratio = imgsz / max(height, width)
    if ratio != 1:
        scaled = tuple(min(math.ceil(side * ratio), imgsz) for side in (width, height))
        picture = cv2.resize(picture, scaled, interpolation=cv2.INTER_LINEAR)
    box = LetterBox(size, auto=False, scaleup=False)
    place = box.get_params({"img": picture})
    gains = (picture.shape[0] / height, picture.shape[1] / width)
    return np.asarray(box(image=picture)), (gains, (place["left"], place["top"]))
