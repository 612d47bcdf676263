"""Small pictures that look like photographs to the checks: texture, light, and logos of two kinds."""

import io
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

WIDTH, HEIGHT = 160, 120
Pixels = npt.NDArray[np.uint8]
Box = tuple[int, float, float, float, float]
"""Class, centre x, centre y, width, height; relative."""


@cache
def scene(seed: int) -> tuple[Pixels, tuple[Box, ...]]:
    """A picture with one logo of each class, and their boxes."""
    random = np.random.default_rng(seed)
    coarse = random.integers(30, 225, (5, 6, 3), dtype=np.uint8)
    ground = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    pixels = np.asarray(ground).astype(np.int16) + random.integers(-24, 25, (HEIGHT, WIDTH, 3))
    pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    boxes = []
    for number, centre in ((0, 0.27), (1, 0.73)):
        wide, high = random.uniform(0.18, 0.28, 2)
        x, y = centre + random.uniform(-0.08, 0.08), random.uniform(0.3, 0.7)
        boxes.append((number, round(x, 6), round(y, 6), round(wide, 6), round(high, 6)))
        _draw(pixels, boxes[-1])
    return pixels, tuple(boxes)


def _draw(pixels: Pixels, box: Box) -> None:
    """Class 0 is a white cross on red, class 1 blue and yellow stripes."""
    number, x, y, wide, high = box
    left, top = int((x - wide / 2) * WIDTH), int((y - high / 2) * HEIGHT)
    right, bottom = int((x + wide / 2) * WIDTH), int((y + high / 2) * HEIGHT)
    area = pixels[top:bottom, left:right]
    if number == 0:
        area[:] = (200, 30, 40)
        h, w = area.shape[:2]
        area[h * 2 // 5 : h * 3 // 5] = 250
        area[:, w * 2 // 5 : w * 3 // 5] = 250
    else:
        area[:] = (30, 60, 190)
        area[:, ::6] = area[:, 1::6] = (240, 210, 40)


def encoded(pixels: Pixels | Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """A picture as the bytes of a file."""
    out = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    if kind == "JPEG":
        options = {"quality": 92} | options
    image.save(out, kind, **options)
    return out.getvalue()


@cache
def photo(seed: int, kind: str = "JPEG") -> bytes:
    """The file of a scene."""
    return encoded(scene(seed)[0], kind)


def label(seed: int) -> str:
    """The label file of a scene."""
    return "".join(f"{n} {x} {y} {w} {h}\n" for n, x, y, w, h in scene(seed)[1])
