"""Many names in one picture: a text costs matplotlib two milliseconds, and there are hundreds."""

import functools
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont

from services.analyzer.plots.style import DPI, INK, POINT_IN


def strip(
    names: Sequence[str], points: float, *, pitch_in: float, width_in: float
) -> npt.NDArray[Any]:
    """The names below each other, each ending at the right edge; dark on white.

    Args:
        names: of one line each.
        points: size of the font.
        pitch_in: from one name to the next.
        width_in: of the strip.

    Returns:
        Shape (height, width, 3), 0 to 255, at `DPI` pixels an inch.
    """
    width, height = round(width_in * DPI), round(len(names) * pitch_in * DPI)
    picture = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(picture)
    for at, name in enumerate(names):
        middle = (width, (at + 0.5) * pitch_in * DPI)
        pen.text(middle, name, fill=INK, font=_font(name, points), anchor="rm")
    return np.asarray(picture)


def _font(name: str, points: float) -> ImageFont.FreeTypeFont:
    """The font that knows Japanese, unless only the other one has all of the name's characters."""
    ours, other = _paths()
    unknown = {ord(character) for character in name} - _characters(ours)
    path = other if unknown and unknown < _characters(other) else ours
    return _opened(path, points * POINT_IN * DPI)


@functools.cache
def _paths() -> tuple[Path, Path]:
    spec = importlib.util.find_spec("matplotlib_fontja")
    assert spec is not None
    assert spec.origin is not None
    data = Path(mpl.get_data_path())
    return Path(spec.origin).parent / "fonts" / "ipaexg.ttf", data / "fonts/ttf/DejaVuSans.ttf"


@functools.cache
def _characters(path: Path) -> frozenset[int]:
    return frozenset(FT2Font(path).get_charmap())


@functools.lru_cache(maxsize=8)
def _opened(path: Path, size_px: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size_px)
