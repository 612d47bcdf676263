"""Drawn pictures of a careful author: alike in style, never copies of each other."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.planted.base import put
from tests.planted.scenes import encoded
from tests.unit.services.dataset.conftest import Check


def drawn(style: str, seed: int) -> np.ndarray:
    """One rectangle somewhere on white, black, noise or stripes, (120, 160, 3)."""
    random = np.random.default_rng(seed)
    picture = np.full((120, 160, 3), 255 * (style == "white"), np.uint8)
    if style == "stripes":
        picture[:] = (np.arange(160) // 10 % 2 * 120 + 80).astype(np.uint8)[:, None]
    if style == "noise":
        picture = random.integers(0, 256, picture.shape, dtype=np.uint8)
    x, y = int(random.integers(0, 110)), int(random.integers(0, 80))
    if style == "stripes":  # where chance would put two nearly on one place
        x, y = 5 + 14 * (seed % 8), 5 + 9 * (seed // 8)
    cv2.rectangle(picture, (x, y), (x + 40, y + 30), (200, 40, 40), -1)
    return picture


@pytest.mark.parametrize("style", ["white", "black", "noise", "stripes"])
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
