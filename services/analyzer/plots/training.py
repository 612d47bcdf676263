"""A training's losses and metrics by epoch, from the rows of results.csv."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from services.analyzer.plots.style import COLOURS, MUTED, colour, nothing, png, styled

Rows = Sequence[Mapping[str, float]]
PANELS = {
    "Training loss": "train/",
    "Validation loss": "val/",
    "Metrics": "metrics/",
    "Learning rate": "lr/",
}
NO_EPOCHS = "no epoch was completed"


def draw_training(history: Rows) -> bytes:
    """Losses, metrics and learning rates, a panel each."""
    with styled():
        if not history:
            return nothing("Training", NO_EPOCHS)
        panels = {
            title: [name for name in history[0] if name.startswith(prefix)]
            for title, prefix in PANELS.items()
        }
        panels = {title: names for title, names in panels.items() if names}
        figure = Figure(figsize=(4.2 * len(panels), 3.6))
        grid = figure.subplots(1, len(panels), squeeze=False)[0]
        figure.subplots_adjust(
            left=0.17 / len(panels),
            right=1 - 0.05 / len(panels),
            bottom=0.15,
            top=0.87,
            wspace=0.25,
        )
        for axes, (title, names) in zip(grid, panels.items(), strict=True):
            for at, name in enumerate(names):
                label = name.split("/")[-1].removesuffix("(B)").replace("_loss", "")
                _line(axes, history, name, colour(at), label)
            axes.set_title(title)
            axes.legend()
        return png(figure)


def draw_results(history: Rows) -> bytes:
    """Every column of results.csv in a panel of its own, as measured and smoothed."""
    with styled():
        if not history:
            return nothing("Results", NO_EPOCHS)
        names = [name for name in history[0] if "/" in name]
        columns = min(5, max(1, len(names)))
        lines = max(1, math.ceil(len(names) / columns))
        width, height = 2.9 * columns, 2.5 * lines + 0.2
        figure = Figure(figsize=(width, height))
        grid = figure.subplots(lines, columns, squeeze=False).flatten()
        figure.subplots_adjust(
            left=0.6 / width,
            right=1 - 0.2 / width,
            bottom=0.35 / height,
            top=1 - 0.4 / height,
            wspace=0.36,
            hspace=0.36,
        )
        for axes, name in zip(grid, names, strict=False):
            _line(axes, history, name, COLOURS[0], "measured")
            smooth = smoothed([row.get(name, math.nan) for row in history])
            axes.plot([row["epoch"] for row in history], smooth, color=COLOURS[3], lw=1.4)
            axes.set_title(name, fontsize=10)
            axes.set_xlabel("")
        for axes in grid[len(names) :]:
            axes.set_axis_off()
        return png(figure)


def smoothed(values: Sequence[float], width: float = 2.0) -> list[float]:
    """A Gaussian mean over neighbouring epochs; `width` is its standard deviation in epochs."""
    y = np.asarray(values, dtype=np.float64)
    at = np.arange(len(y))
    weight = np.exp(-0.5 * ((at[:, None] - at) / width) ** 2)
    known = np.isfinite(y)
    shown: list[float] = (
        weight[:, known] @ y[known] / np.maximum(weight[:, known].sum(axis=1), 1e-12)
    ).tolist()
    return shown


def _line(axes: Axes, history: Rows, name: str, ink: str, label: str) -> None:
    marker = "." if 1 < len(history) <= 60 else "o" if len(history) == 1 else ""
    axes.plot(
        [row["epoch"] for row in history],
        [row.get(name, math.nan) for row in history],
        lw=1.6,
        marker=marker,
        color=ink,
        label=label,
    )
    if len(history) == 1:
        axes.set_xlim(history[0]["epoch"] - 1, history[0]["epoch"] + 1)
    axes.set_xlabel("epoch", color=MUTED)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_ylim(bottom=0)
