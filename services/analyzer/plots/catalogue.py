"""Which diagrams there are, and the part of a report that each is drawn from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.analyzer.plots import bars, curves, matrix, training

Pen = Callable[[Any], bytes]


@dataclass(frozen=True)
class Diagram:
    """One picture: `data` takes what it shows from a report, or None if the report lacks it."""

    name: str
    pen: Pen
    data: Callable[[Any], Any]


def _causes(report: dict[str, Any]) -> dict[str, Any] | None:
    found = report.get("error_analysis")
    if not found:
        return None
    return {"causes": found["causes"], "delta_ap": (report.get("tide") or {}).get("delta_ap")}


def _rate(rate: str) -> Callable[[Any], Any]:
    """What `curves.draw_rate` shows of one rate; a report of an older release may lack it."""
    shown = ("confidence", "best_f1", "best_confidence", rate, f"{rate}_by_class")
    return lambda report: {name: report["curves"]["confidence"][name] for name in shown}


JUDGEMENT = (
    Diagram("confusion_matrix", matrix.draw_counts, lambda r: r["confusion_matrix"]),
    Diagram("confusion_matrix_normalized", matrix.draw_shares, lambda r: r["confusion_matrix"]),
    Diagram("pr_curve", curves.draw_pr, lambda r: r["curves"]["pr"]),
    Diagram("f1_curve", curves.draw_f1, _rate("f1")),
    Diagram("p_curve", curves.draw_p, _rate("precision")),
    Diagram("r_curve", curves.draw_r, _rate("recall")),
    Diagram("class_metrics", bars.draw_class_metrics, lambda r: r["class_metrics"]),
    Diagram("error_causes", bars.draw_causes, _causes),
    Diagram("calibration", bars.draw_calibration, lambda r: r["calibration"]["above"]),
    Diagram("size_recall", bars.draw_size_recall, lambda r: r["size_recall"]),
)
"""Drawn from a validation's report."""
TRAINING = (
    Diagram("training_curves", training.draw_training, lambda rows: rows),
    Diagram("results", training.draw_results, lambda rows: rows),
)
"""Drawn from the rows of a run's results.csv."""
