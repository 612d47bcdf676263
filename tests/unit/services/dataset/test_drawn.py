"""Drawn pictures of a careful author: alike in style, never copies of each other."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.planted.base import put
from tests.planted.scenes import encoded
from tests.unit.services.dataset.conftest import Check


def drawn(style: str, seed: int) -> np.ndarray:
    """One rectangle somewhere on white, black, or noise, (120, 160, 3)."""
    random = np.random.default_rng(seed)
    picture = np.full((120, 160, 3), 255 * (style == "white"), np.uint8)
    if style == "noise":
        picture = random.integers(0, 256, picture.shape, dtype=np.uint8)
    x, y = int(random.integers(0, 110)), int(random.integers(0, 80))
    cv2.rectangle(picture, (x, y), (x + 40, y + 30), (200, 40, 40), -1)
    return picture


@pytest.mark.parametrize("style", ["white", "black", "noise"])
async def test_one_shape_at_other_places_is_no_copy(
    tmp_path: Path, check: Check, style: str
) -> None:
    root = tmp_path / "d"
    put(root / "data.yaml", "train: images/train\nval: images/val\nnames: [a]\n")
    for seed in range(40):
        split = "val" if seed >= 30 else "train"
        put(root / f"images/{split}/img_{seed:04d}.png", encoded_png(drawn(style, seed)))
        put(root / f"labels/{split}/img_{seed:04d}.txt", "0 0.5 0.5 0.25 0.25\n")
    report = await check(root)
    assert [f for f in report["findings"] if f["severity"] in "EW"] == []


def encoded_png(picture: np.ndarray) -> bytes:
    return encoded(picture, "PNG")
