"""The diagrams of a check as PNG, drawn in a scan process. The only importer of matplotlib here."""

import importlib.util
import io
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

INK, BAR = "#1f2937", "#2563eb"
MOST_CLASSES = 40
_STYLE: Any = {"font.family": ["IPAexGothic", "sans-serif"], "axes.spines.top": False}


def draw(report: dict[str, Any]) -> dict[str, bytes]:
    """A PNG by name: class_distribution, box_sizes, box_positions, look_alikes (where there are).

    Args:
        report: with `class_distribution` and `statistics.figures`.
    """
    from matplotlib import font_manager, rc_context  # noqa: PLC0415 (0.5 s, and seldom)
    from matplotlib.figure import Figure  # noqa: PLC0415

    found = importlib.util.find_spec("matplotlib_fontja")
    if found and found.origin:
        for font in Path(found.origin).parent.glob("fonts/*.ttf"):
            font_manager.fontManager.addfont(str(font))
    figures = report["statistics"]["figures"]
    wanted: dict[str, tuple[Callable[[Any, Any], None], Any]] = {
        "class_distribution": (_classes, report["class_distribution"]),
        "box_sizes": (_sizes, figures),
        "box_positions": (_positions, figures["boxes"]["position"]),
        "look_alikes": (_look_alikes, figures["look_alikes"]),
    }
    drawn: dict[str, bytes] = {}
    for name, (paint, data) in wanted.items():
        if not data:
            continue
        with rc_context(_STYLE):
            figure = Figure(figsize=(8, 5), layout="constrained")
            paint(figure.subplots(), data)
            out = io.BytesIO()
            figure.savefig(out, format="png", dpi=110, metadata={"Software": "Shirushi"})
            drawn[name] = out.getvalue()
    return drawn


def _classes(axes: Any, distribution: dict[str, dict[str, int]]) -> None:
    """Boxes per class, the splits stacked; of very many classes the most frequent."""
    totals: dict[str, int] = {}
    for of_split in distribution.values():
        for name, count in of_split.items():
            totals[name] = totals.get(name, 0) + count
    names = sorted(totals, key=lambda name: -totals[name])[:MOST_CLASSES]
    left = [0] * len(names)
    for split, colour in zip(distribution, (BAR, "#d97706", "#059669"), strict=False):
        counts = [distribution[split].get(name, 0) for name in names]
        axes.barh(names, counts, left=left, color=colour, label=split)
        left = [a + b for a, b in zip(left, counts, strict=True)]
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelsize=8 if len(names) < 25 else 5)
    axes.set_xlabel("Boxes")
    axes.set_title("Boxes per class")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _sizes(axes: Any, figures: dict[str, Any]) -> None:
    sides = figures["boxes"]["side_px"]
    edges, counts = sides["edges"], sides["counts"]
    widths = [b - a for a, b in pairwise(edges)]
    axes.bar(edges[:-1], counts, width=widths, align="edge", color=BAR, edgecolor="white")
    axes.set_xscale("log", base=2)
    for limit in (32, 96):
        axes.axvline(limit, color=INK, lw=1, ls=":")
    small = figures["boxes"]["by_size"]["small"]
    axes.set_title(f"Size of boxes at {figures['imgsz']} pixels ({small:.0%} small, under 32)")
    axes.set_xlabel("Square root of the area, pixels")
    axes.set_ylabel("Boxes")


def _positions(axes: Any, grid: list[list[int]]) -> None:
    shown = axes.imshow(grid, cmap="Blues", extent=(0, 1, 1, 0), interpolation="nearest")
    axes.figure.colorbar(shown, ax=axes, label="Boxes")
    axes.set_title("Where the centres of boxes lie")
    axes.set_xlabel("x, share of the width")
    axes.set_ylabel("y, share of the height")


def _look_alikes(axes: Any, pairs: list[dict[str, Any]]) -> None:
    shown = pairs[:15]
    names = [" / ".join(pair["classes"]) for pair in shown]
    bars = axes.barh(names, [pair["distance"] for pair in shown], color=BAR)
    axes.bar_label(bars, [f"{pair['confused']:.0%} confused" for pair in shown], padding=3, size=8)
    axes.axvline(1, color=INK, lw=1, ls=":")
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.set_title("Classes that look most alike")
    axes.set_xlabel("Distance, over the distance inside the class")
