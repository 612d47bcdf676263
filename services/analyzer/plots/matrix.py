"""The confusion matrix, as counts or as shares of each true class."""

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from services.analyzer.plots.names import strip
from services.analyzer.plots.style import (
    DPI,
    INK,
    MUTED,
    plot,
    png,
    short,
    styled,
    widest_in,
)

MOST_NUMBERS = 31
MOST_NAMES = 150
MOST_CONFUSIONS = 12
LIST_IN = 3.4
PAD_IN = 0.08
"""Between a name and its row."""
AXIS_IN = 0.4
"""At the edge, for what the axis is called."""


def draw_counts(data: dict[str, Any]) -> bytes:
    """How many boxes were crossed; background counts what stands alone."""
    return _draw(data, data["counts"], "Confusion matrix", "{:.0f}")


def draw_shares(data: dict[str, Any]) -> bytes:
    """Of the labels of each class (column), the share seen as each row."""
    return _draw(
        data, data["normalised_by_column"], "Confusion matrix, share of each column", "{:.2f}"
    )


def _draw(data: dict[str, Any], cells: list[list[float]], title: str, form: str) -> bytes:
    names = [short(name) for name in data["names"]]
    count = len(names)
    cell_in = 0.44 if count <= 12 else 0.32 if count <= MOST_NUMBERS else max(10.5 / count, 0.06)
    points = 9.0 if count <= MOST_NUMBERS else max(72 * cell_in * 0.85, 4.0)
    named = count <= MOST_NAMES
    side = count * cell_in
    margin = (widest_in(names, points) if named else 0.2) + 0.55
    listed = worst(data) if count > 4 else []
    with styled():
        figure, axes = plot(
            side,
            side,
            left_in=margin,
            bottom_in=margin,
            right_in=0.3 + (LIST_IN if listed else 0.4),
            top_in=0.75,
        )
        _cells(axes, np.asarray(cells, dtype=float), form)
        axes.set_title(title)
        axes.set_axis_off()  # a tick costs five times what its name does
        if named:
            width = margin - PAD_IN - AXIS_IN
            _name(figure, strip(names, points, pitch_in=cell_in, width_in=width), margin)
        far = (margin - 0.25) / cell_in
        axes.text(count / 2, count - 0.5 + far, "true", ha="center", va="center")
        axes.text(-0.5 - far, count / 2, "predicted", ha="center", va="center", rotation=90)
        if listed:
            x = 1 + 0.25 / side
            axes.text(x, 1, "Most frequent confusions", transform=axes.transAxes, va="top")
            for row, (predicted, true, number) in enumerate(listed, start=1):
                line = f"{number} ×  {short(true, 10)} → {short(predicted, 10)}"
                y = 1 - row * 0.22 / side
                axes.text(x, y, line, transform=axes.transAxes, va="top", fontsize=9, color=MUTED)
        return png(figure)


def _name(figure: Figure, strip_hw3: Any, margin_in: float) -> None:
    """Lay the names beside the rows and, turned on their side, below the columns."""
    edge = round(margin_in * DPI)
    far = edge - round(PAD_IN * DPI) - strip_hw3.shape[1]
    figure.figimage(strip_hw3, far, edge)
    figure.figimage(np.rot90(strip_hw3), edge, far)


def worst(data: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Which classes are taken for which most often: predicted, true, boxes; as many as fit."""
    counts = np.asarray(data["counts"], dtype=np.int64)[:-1, :-1].copy()
    np.fill_diagonal(counts, 0)
    fit = min(MOST_CONFUSIONS, max(3, len(counts)))
    order = np.argsort(-counts, axis=None, kind="stable")[:fit]
    places = [divmod(int(at), len(counts)) for at in order]
    return [
        (data["names"][row], data["names"][column], int(counts[row, column]))
        for row, column in places
        if counts[row, column]
    ]


def _cells(axes: Axes, cells_cc: Any, form: str) -> None:
    """Colours up to the biggest cell among the classes: background would drown them."""
    top = float(cells_cc[:-1, :-1].max(initial=0)) or 1.0
    colours = colormaps["Blues"](np.clip(cells_cc / top, 0, 1), bytes=True)  # here of each cell,
    axes.imshow(colours, aspect="equal", interpolation="nearest")  # there it would be of each pixel
    axes.grid(visible=False)
    edge = len(cells_cc) - 1.5
    ends = [-0.5, len(cells_cc) - 0.5]
    for x, y in (([edge, edge], ends), (ends, [edge, edge])):
        axes.plot(x, y, color=MUTED, linewidth=0.8)
    axes.set_xlim(*ends)
    axes.set_ylim(*reversed(ends))
    if len(cells_cc) > MOST_NUMBERS:
        return
    for y, x in zip(*np.nonzero(cells_cc), strict=True):
        value = cells_cc[y, x]
        ink = "white" if value > 0.55 * top else INK
        size = 9 if len(cells_cc) <= 12 else 7
        axes.text(x, y, form.format(value), ha="center", va="center", color=ink, size=size)
