"""How bright, how contrasty and how sharp a picture is: three numbers, once per image."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LONGEST_PX = 256
LUMA = np.array([0.114, 0.587, 0.299], dtype=np.float32)
"""Of blue, green, red: ITU-R BT.601."""


@dataclass(frozen=True)
class Appearance:
    """Mean and standard deviation of the brightness, both in [0, 1], and its sharpness.

    `sharpness` is the standard deviation of the Laplacian of the brightness, on every k-th pixel
    so that the longer side has about 256: comparable among the images of one set only.
    """

    brightness: float
    contrast: float
    sharpness: float


def appearance(picture: npt.NDArray[Any]) -> Appearance:
    """Look at a picture.

    Args:
        picture: blue, green, red, 0 to 255, shape (height, width, 3).

    Source: Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR 2000 (variance
    of the Laplacian).
    """
    step = max(1, max(picture.shape[:2]) // LONGEST_PX)
    grey = picture[::step, ::step, :3].astype(np.float32) @ LUMA / 255
    padded = np.pad(grey, 1, mode="edge")
    laplacian = (
        padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * grey
    )
    return Appearance(float(grey.mean()), float(grey.std()), float(laplacian.std()))
