"""The diagrams of a report, as PNG. The only importer of matplotlib; its font knows Japanese."""

import importlib.util
from pathlib import Path
from typing import Any

from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

DPI = 110
FONT = "IPAexGothic"
MOST_LINES = 15
MOST_BARS = 40
MOST_CELLS = 30
MOST_NAMES = 60
MOST_INCHES = 11.0
INK = "#1f2937"
COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f")


def draw_confusion(data: dict[str, Any], path: Path) -> None:
    """Counts beside shares per column, from `report.confusion_data`."""
    names = data["names"]
    side = min(MOST_INCHES, max(4.5, 0.42 * len(names) + 2.5))
    with _style():
        figure = Figure(figsize=(2 * side, side), layout="constrained")
        left, right = figure.subplots(1, 2)
        _matrix(left, data["counts"], names, "Counts", "{:d}")
        _matrix(right, data["normalised_by_column"], names, "Share of each true class", "{:.2f}")
        _save(figure, path)


def draw_pr(data: dict[str, Any], path: Path) -> None:
    """Precision against recall at IoU 0.50, per class and in the mean."""
    with _style():
        figure, axes = _axes(f"Precision-recall at IoU 0.50 (mAP50 {data['map50']:.3f})")
        for at, (name, precision) in enumerate(list(data["precision"].items())[:MOST_LINES]):
            label = f"{name} {data['ap50'][name]:.3f}"
            axes.plot(data["recall"], precision, lw=1, color=_colour(at), label=label)
        if data["mean"]:
            axes.plot(data["recall"], data["mean"], lw=2.5, color=INK, label="mean of all classes")
        _finish(figure, axes, "Recall", "Precision", path)


def draw_f1(data: dict[str, Any], path: Path) -> None:
    """F1 against the confidence threshold, per class and of all boxes, the best one marked."""
    best, confidence = data["best_f1"], data["best_confidence"]
    with _style():
        figure, axes = _axes(f"F1 against confidence (best {best:.3f} at {confidence:.3f})")
        for at, (name, f1) in enumerate(list(data["f1_by_class"].items())[:MOST_LINES]):
            axes.plot(data["confidence"], f1, lw=1, color=_colour(at), label=name)
        axes.plot(data["confidence"], data["f1"], lw=2.5, color=INK, label="all boxes")
        axes.plot([confidence], [best], "o", color=INK)
        _finish(figure, axes, "Confidence threshold", "F1", path)


def draw_class_metrics(data: dict[str, dict[str, Any]], path: Path) -> None:
    """Precision, recall, F1 and AP50 of each class as bars; of very many, the weakest."""
    keys = ("precision", "recall", "f1", "ap50")
    weakest = sorted(data, key=lambda name: data[name]["f1"])[:MOST_BARS]
    names = [name for name in data if name in set(weakest)]
    title = (
        "Per class"
        if len(names) == len(data)
        else f"The weakest {MOST_BARS} of {len(data)} classes"
    )
    with _style():
        figure = Figure(figsize=(8, max(3.0, 0.55 * len(names) + 1.5)), layout="constrained")
        axes = figure.subplots()
        for at, key in enumerate(keys):
            places = [row + (at - 1.5) * 0.2 for row in range(len(names))]
            values = [data[name][key] or 0.0 for name in names]
            axes.barh(places, values, 0.18, color=_colour(at), label=key)
        axes.set_yticks(range(len(names)), [f"{n} ({data[n]['support']})" for n in names])
        axes.invert_yaxis()
        axes.set_title(f"{title} (number of labels)")
        axes.set_xlim(0, 1)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
        _save(figure, path)


def draw_training(history: list[dict[str, float]], path: Path) -> None:
    """Losses and metrics by epoch, from the rows of results.csv."""
    epochs = [row["epoch"] for row in history]
    panels = {
        "Training loss": ("train/box_loss", "train/cls_loss", "train/dfl_loss"),
        "Validation loss": ("val/box_loss", "val/cls_loss", "val/dfl_loss"),
        "Metrics": (
            "metrics/precision(B)",
            "metrics/recall(B)",
            "metrics/mAP50(B)",
            "metrics/mAP50-95(B)",
        ),
    }
    with _style():
        figure = Figure(figsize=(13, 4), layout="constrained")
        for axes, (title, columns) in zip(figure.subplots(1, 3), panels.items(), strict=True):
            for at, column in enumerate(name for name in columns if name in history[0]):
                label = column.split("/")[-1].removesuffix("(B)")
                values = [row[column] for row in history]
                axes.plot(epochs, values, lw=1.8, marker=".", color=_colour(at), label=label)
            axes.set_title(title)
            axes.set_xlabel("Epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_ylim(bottom=0)
            if axes.get_legend_handles_labels()[0]:
                axes.legend(frameon=False)
        _save(figure, path)


def _style() -> Any:
    """One look for all, in a font that draws Japanese class names."""
    spec = importlib.util.find_spec("matplotlib_fontja")
    assert spec is not None
    assert spec.origin is not None
    known = {entry.name for entry in font_manager.fontManager.ttflist}
    if FONT not in known:
        font_manager.fontManager.addfont(Path(spec.origin).parent / "fonts" / "ipaexg.ttf")
    return rc_context(
        {
            "font.family": [FONT, "DejaVu Sans"],
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "text.color": INK,
        }
    )


def _matrix(axes: Axes, cells: list[list[float]], names: list[str], title: str, form: str) -> None:
    top = max(max(row[:-1]) for row in cells[:-1]) or 1  # background would drown the classes
    axes.imshow(cells, cmap="Blues", vmin=0, vmax=top, aspect="equal")
    axes.grid(visible=False)
    axes.set_title(title)
    axes.set_xlabel("True")
    axes.set_ylabel("Predicted")
    if len(names) <= MOST_NAMES:
        size = 10 if len(names) <= MOST_CELLS else 7
        axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=size)
        axes.set_yticks(range(len(names)), names, fontsize=size)
    if len(names) > MOST_CELLS:
        return
    for y, row in enumerate(cells):
        for x, value in enumerate(row):
            if value:
                colour = "white" if value > top / 2 else INK
                axes.text(x, y, form.format(value), ha="center", va="center", color=colour, size=8)


def _axes(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    return figure, axes


def _finish(figure: Figure, axes: Axes, x: str, y: str, path: Path) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=8)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI, bbox_inches="tight", metadata={"Software": "Shirushi"})


def _colour(at: int) -> str:
    return COLOURS[at % len(COLOURS)]
