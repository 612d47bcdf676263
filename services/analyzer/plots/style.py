"""One look for all diagrams: sizes in inches, a font that knows Japanese, places for long names.

With its neighbours in this folder the only importer of matplotlib. Margins are computed from the
names that have to fit, for matplotlib's own layout engines take as long as the drawing.
"""

import functools
import importlib.util
import io
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DPI = 110
FONT = "IPAexGothic"
INK, MUTED, GRID = "#1f2937", "#6b7280", "#e5e7eb"
COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f")
TOP_IN, BOTTOM_IN, LEFT_IN, RIGHT_IN = 0.55, 0.6, 0.75, 0.25
NAME_EMS = 18.0
POINT_IN = 1 / 72


@contextmanager
def styled() -> Iterator[None]:
    """Draw inside this; a glyph that no font has is a box, not a warning."""
    _know_font()
    look: Any = {
        "font.family": [FONT, "DejaVu Sans"],
        "font.size": 10,
        "text.parse_math": False,  # a class may be called $100
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": MUTED,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.titlelocation": "left",
        "axes.titlesize": 12,
        "axes.titlepad": 10,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "legend.frameon": False,
        "legend.fontsize": 9,
    }
    with rc_context(look), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


@functools.cache
def _know_font() -> None:
    spec = importlib.util.find_spec("matplotlib_fontja")
    assert spec is not None
    assert spec.origin is not None
    if FONT not in {entry.name for entry in font_manager.fontManager.ttflist}:
        font_manager.fontManager.addfont(Path(spec.origin).parent / "fonts" / "ipaexg.ttf")


def plot(
    width_in: float,
    height_in: float,
    *,
    left_in: float = LEFT_IN,
    right_in: float = RIGHT_IN,
    bottom_in: float = BOTTOM_IN,
    top_in: float = TOP_IN,
) -> tuple[Figure, Axes]:
    """A figure with one diagram of this size, and margins around it."""
    whole_w, whole_h = left_in + width_in + right_in, bottom_in + height_in + top_in
    figure = Figure(figsize=(whole_w, whole_h))
    place = (left_in / whole_w, bottom_in / whole_h, width_in / whole_w, height_in / whole_h)
    return figure, figure.add_axes(place)


def png(figure: Figure) -> bytes:
    """The figure as a PNG."""
    buffer = io.BytesIO()
    figure.savefig(
        buffer, dpi=DPI, metadata={"Software": "Shirushi"}, pil_kwargs={"compress_level": 2}
    )
    return buffer.getvalue()


def unit_axes(axes: Axes, x: str, y: str) -> None:
    """Both axes from 0 to 1, named."""
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def nothing(title: str, sentence: str) -> bytes:
    """A picture that says why there is nothing to draw."""
    figure, axes = plot(5.5, 2.0)
    axes.set_title(title)
    axes.set_axis_off()
    axes.text(0.5, 0.5, sentence, ha="center", va="center", color=MUTED, transform=axes.transAxes)
    return png(figure)


def short(name: str, ems: float = NAME_EMS) -> str:
    """A name in one line, cut where it would be wider than `ems` times the font's size."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in name).split()) or "(no name)"
    if width_ems(clean) <= ems:
        return clean
    kept = ""
    for character in clean:
        if width_ems(kept + character) > ems - 1:
            break
        kept += character
    return kept + "…"


def width_ems(text: str) -> float:
    """About how wide a text is, in font sizes: Japanese characters are square."""
    wide = sum(unicodedata.east_asian_width(character) in "WFA" for character in text)
    return wide + 0.58 * (len(text) - wide)


def widest_in(texts: Sequence[str], points: float) -> float:
    """Inches that the widest of some texts takes at a font size."""
    return max((width_ems(text) for text in texts), default=0.0) * points * POINT_IN


def colour(at: int) -> str:
    """The colour of the n-th series."""
    return COLOURS[at % len(COLOURS)]
