"""Bars: metrics per class, errors by cause, recall by size; and the reliability diagram."""

from typing import Any

from services.analyzer.plots.style import (
    COLOURS,
    GRID,
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

MOST_BARS = 40
METRICS = ("precision", "recall", "f1", "ap50")
CAUSES = {
    "cls": "wrong class",
    "loc": "wrong place",
    "both": "wrong class and place",
    "dup": "found twice",
    "bkg": "nothing there",
    "miss": "not found",
}


def draw_class_metrics(data: dict[str, dict[str, Any]]) -> bytes:
    """Precision, recall, F1 and AP50 of each class; of very many, the weakest."""
    seen = [name for name, row in data.items() if row["support"] or row["fp"]]
    weakest = sorted(seen, key=lambda name: data[name]["f1"])[:MOST_BARS]
    names = [name for name in seen if name in set(weakest)]
    few = len(names) == len(seen)
    title = "Per class" if few else f"The weakest {MOST_BARS} of {len(seen)} classes"
    labels = [f"{short(name)}  ({data[name]['support']})" for name in names]
    with styled():
        if not names:
            return nothing("Per class", "no class has a label or a detection")
        figure, axes = plot(
            5.2,
            max(1.2, 0.46 * len(names)),
            left_in=widest_in(labels, 10) + 0.35,
            right_in=1.3,
            bottom_in=0.5,
        )
        for at, key in enumerate(METRICS):
            places = [row + (at - 1.5) * 0.2 for row in range(len(names))]
            values = [data[name][key] or 0.0 for name in names]
            axes.hlines(
                places, 0, values, lw=0.17 * 0.46 * 72, color=colour(at), label=key, capstyle="butt"
            )
        for at, label in enumerate(labels):
            axes.text(-0.015, at, label, ha="right", va="center")
        axes.set_yticks([])
        axes.set_ylim(len(names) - 0.45, -0.55)
        axes.set_xlim(0, 1)
        axes.set_title(f"{title} (labels in brackets)", x=0)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
        return png(figure)


def draw_causes(data: dict[str, Any]) -> bytes:
    """How many errors have each cause, and what AP mending it would give.

    Args:
        data: `causes` {cause: count}; `delta_ap` {cause: AP gained, in [0, 1]} or null.
    """
    counts, gains = data["causes"], data.get("delta_ap") or {}
    words = [f"{CAUSES[cause]} ({cause})" for cause in counts]
    top = max(counts.values(), default=0)
    with styled():
        figure, axes = plot(
            4.6, 2.6, left_in=widest_in(words, 10) + 0.35, right_in=1.5, bottom_in=0.5
        )
        axes.barh(range(len(words)), list(counts.values()), 0.62, color=COLOURS[: len(words)])
        axes.set_yticks(range(len(words)), words)
        axes.set_ylim(len(words) - 0.4, -0.6)
        axes.set_xlim(0, max(1, 1.02 * top))
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.set_title("Errors by cause" + ("  (AP that mending it would give)" if gains else ""))
        for row, (cause, count) in enumerate(counts.items()):
            gain = gains.get(cause)
            told = f"{count}" if gain is None else f"{count}   (+{gain:.3f})"
            axes.annotate(
                told, (count, row), (6, 0), textcoords="offset points", va="center", color=INK
            )
        return png(figure)


def draw_size_recall(data: dict[str, Any]) -> bytes:
    """Recall by the size of the label, with how many labels each bar stands for."""
    with styled():
        rows = [row for row in data["bins"] if row["labels"]]
        if not rows:
            return nothing("Recall by size", "the set has no labels")
        figure, axes = plot(max(3.6, 0.72 * len(rows)), 3.0, bottom_in=0.75)
        names = [_range(row) for row in rows]
        axes.bar(range(len(rows)), [row["recall"] for row in rows], 0.7, color=COLOURS[0])
        axes.set_xticks(range(len(rows)), names, fontsize=9)
        axes.tick_params(axis="x", length=0)
        axes.grid(visible=False, axis="x")
        axes.set_ylim(0, 1.1)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
        axes.set_ylabel("recall")
        axes.set_xlabel("size of the label (square root of its area) in pixels of the image")
        axes.set_title(f"Recall by size at confidence {data['confidence']:g}")
        for at, row in enumerate(rows):
            inside = row["recall"] > 0.85
            axes.annotate(
                f"{row['recall']:.2f}\nn={row['labels']}",
                (at, row["recall"]),
                (0, -3 if inside else 3),
                textcoords="offset points",
                ha="center",
                va="top" if inside else "bottom",
                fontsize=8,
                color="white" if inside else MUTED,
            )
        return png(figure)


def _range(row: dict[str, Any]) -> str:
    low, high = row["from_px"], row["to_px"]
    return f"{low:g}–{high:g}" if high else f"≥ {low:g}"


def draw_calibration(data: dict[str, Any]) -> bytes:
    """How often detections of a confidence are right, beside how many there are.

    Args:
        data: `bins` [{confidence, precision, detections}], `ece`, `mce`; confidence is the mean.
    """
    with styled():
        rows = [row for row in data["bins"] if row["detections"]]
        if not rows:
            return nothing("Calibration", "the model found nothing")
        figure, axes = plot(4.2, 4.2, right_in=0.4)
        axes.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=(0, (4, 3)))
        total = sum(row["detections"] for row in rows)
        for row in rows:
            x, y = row["confidence"], row["precision"]
            axes.plot([x, x], [x, y], color=COLOURS[1], lw=2, alpha=0.5)
        axes.scatter(
            [row["confidence"] for row in rows],
            [row["precision"] for row in rows],
            s=[20 + 400 * row["detections"] / total for row in rows],
            color=COLOURS[0],
            edgecolor="white",
            zorder=3,
            clip_on=False,
        )
        unit_axes(axes, "confidence said", "share that is right")
        axes.set_title(f"Calibration   ECE {data['ece']:.3f}   MCE {data['mce']:.3f}")
        axes.text(
            0.98,
            0.04,
            "area of a dot: number of detections",
            ha="right",
            fontsize=8,
            color=MUTED,
            transform=axes.transAxes,
        )
        axes.spines[:].set_color(GRID)
        return png(figure)
