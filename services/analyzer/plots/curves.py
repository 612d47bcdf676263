"""Precision against recall, and precision, recall and F1 against the confidence threshold."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from services.analyzer.plots.style import (
    INK,
    MUTED,
    colour,
    nothing,
    plot,
    png,
    short,
    styled,
    unit_axes,
    widest_in,
)

MOST_NAMED = 8
NO_LABELS = "the set has no labels"
RATES = {"f1": "F1", "precision": "Precision", "recall": "Recall"}


def draw_pr(data: dict[str, Any]) -> bytes:
    """At IoU 0.50: per class, the weakest classes by name, and the mean of all."""
    title = f"Precision against recall at IoU 0.50   mAP50 {data['map50']:.3f}"
    with styled():
        if not data["precision"]:
            return nothing("Precision against recall", NO_LABELS)
        series = {name: (row, data["ap50"][name]) for name, row in data["precision"].items()}
        figure, axes = _lines(data["recall"], series, title)
        axes.plot(data["recall"], data["mean"], lw=2.5, color=INK, label="mean of all classes")
        unit_axes(axes, "recall", "precision")
        _legend(axes, len(series))
        return png(figure)


def draw_rate(data: dict[str, Any], rate: str) -> bytes:
    """One rate of `RATES` against confidence: per class and of all boxes; F1 with its best point.

    The legend gives each class's highest F1, or its rate at the best point of all boxes.
    """
    at, best = data["best_confidence"], data["best_f1"]
    name = RATES[rate]
    with styled():
        rows: Mapping[str, list[float]] = data.get(f"{rate}_by_class") or {}
        if not rows:
            return nothing(f"{name} against confidence", NO_LABELS)
        place = min(range(len(data["confidence"])), key=lambda k: abs(data["confidence"][k] - at))
        series = {
            each: (row, max(row) if rate == "f1" else row[place]) for each, row in rows.items()
        }
        here = best if rate == "f1" else data[rate][place]
        figure, axes = _lines(
            data["confidence"], series, f"{name} against confidence   {here:.3f} at {at:.2f}"
        )
        axes.plot(data["confidence"], data[rate], lw=2.5, color=INK, label="all boxes")
        axes.axvline(at, color=MUTED, lw=1, ls=(0, (4, 3)))
        axes.plot([at], [here], "o", color=INK)
        unit_axes(axes, "confidence threshold", name.lower() if rate != "f1" else name)
        _legend(axes, len(series))
        return png(figure)


def draw_f1(data: dict[str, Any]) -> bytes:
    """F1 against confidence."""
    return draw_rate(data, "f1")


def draw_p(data: dict[str, Any]) -> bytes:
    """Precision against confidence."""
    return draw_rate(data, "precision")


def draw_r(data: dict[str, Any]) -> bytes:
    """Recall against confidence."""
    return draw_rate(data, "recall")


def _lines(
    x: list[float], series: Mapping[str, tuple[list[float], float]], title: str
) -> tuple[Any, Axes]:
    """A line per class; of many, only the weakest have a colour and a name."""
    weakest = sorted(series, key=lambda name: series[name][1])[:MOST_NAMED]
    named = list(series) if len(series) <= MOST_NAMED else weakest
    labels = {name: f"{short(name)}  {series[name][1]:.3f}" for name in named}
    words = [*labels.values(), "mean of all classes", "the weakest 8 of 999 classes"]
    figure, axes = plot(5.6, 4.2, right_in=widest_in(words, 9) + 0.7)
    axes.set_title(title)
    others = [
        list(zip(x, row, strict=True)) for name, (row, _) in series.items() if name not in labels
    ]
    axes.add_collection(LineCollection(others, linewidths=0.6, colors=MUTED, alpha=0.35))
    for at, name in enumerate(named):
        axes.plot(x, series[name][0], lw=1.4, color=colour(at), label=labels[name])
    return figure, axes


def _legend(axes: Axes, classes: int) -> None:
    some = classes > MOST_NAMED
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1.02),
        title=f"the weakest {MOST_NAMED} of {classes} classes" if some else None,
        title_fontsize=9,
        alignment="left",
    )
