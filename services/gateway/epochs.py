"""The epochs of trainings as tables and curves, with the columns of results.csv: pure."""

import math
from typing import Any

from libs.common.answers.histories import CurveColumn, TrainingCurve
from libs.common.events import EpochCompleted
from libs.common.jobs import Job
from services.gateway.views import run_name

METRICS = {
    "metrics/precision(B)": "precision",
    "metrics/recall(B)": "recall",
    "metrics/mAP50(B)": "map50",
    "metrics/mAP50-95(B)": "map50_95",
}
"""Column of results.csv: field of an epoch."""


def history(job: Job) -> list[dict[str, Any]]:
    """Every epoch, with the columns of results.csv."""
    rows = []
    clock_s = 0.0
    for epoch in job.epochs:
        clock_s += epoch.seconds
        row: dict[str, Any] = {"epoch": epoch.epoch, "time": round(clock_s, 3)}
        row |= {f"train/{name}": value for name, value in epoch.train_losses.items()}
        row |= {column: getattr(epoch, field) for column, field in METRICS.items()}
        row |= {f"val/{name}": value for name, value in epoch.val_losses.items()}
        row |= {f"lr/{name}": value for name, value in epoch.learning_rates.items()}
        if epoch.gpu_peak_bytes is not None:
            row["gpu_peak_bytes"] = epoch.gpu_peak_bytes
        rows.append(row | {"seconds": epoch.seconds})
    return rows


def curve(job: Job, column: CurveColumn, most: int) -> TrainingCurve:
    """One column of `history` at no more than `most` epochs, evenly apart, the last among them."""
    step = max(1, math.ceil(len(job.epochs) / most))
    shown = list(reversed(job.epochs[::-1][::step]))
    return {
        "training_id": job.id,
        "name": run_name(job),
        "epochs": [epoch.epoch for epoch in shown],
        "values": [_value(epoch, column) for epoch in shown],
    }


def _value(epoch: EpochCompleted, column: CurveColumn) -> float | None:
    """What `history` has in this column."""
    if column == "seconds":
        return epoch.seconds
    if field := METRICS.get(column):
        value: float = getattr(epoch, field)
        return value
    split, _, loss = column.partition("/")
    return (epoch.train_losses if split == "train" else epoch.val_losses).get(loss)
