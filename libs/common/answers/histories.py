"""What `/system/history`, `/training/{id}/logs` and `/training/curves` answer."""

from typing import Literal

from typing_extensions import TypedDict

CurveColumn = Literal[
    "metrics/mAP50-95(B)",
    "metrics/mAP50(B)",
    "metrics/precision(B)",
    "metrics/recall(B)",
    "train/box_loss",
    "train/cls_loss",
    "train/dfl_loss",
    "val/box_loss",
    "val/cls_loss",
    "val/dfl_loss",
    "seconds",
]
"""Columns of results.csv that are laid over each other."""


class TrainingCurve(TypedDict):
    """One column of one training's history: a value per epoch named, null where it has none."""

    training_id: str
    name: str
    epochs: list[int]
    values: list[float | None]


class GpuHistory(TypedDict):
    """One card; each list has an entry per time, null where it did not tell."""

    uuid: str
    name: str | None
    index: int | None
    memory_total_bytes: int | None
    memory_used_bytes: list[float | None]
    utilization_percent: list[float | None]
    temperature_c: list[float | None]
    power_w: list[float | None]


class MachineHistory(TypedDict):
    """One host; `time` is Unix time in seconds, the oldest first."""

    host: str
    time: list[float]
    cpu_percent: list[float | None]
    memory_percent: list[float | None]
    disk_percent: list[float | None]
    gpus: list[GpuHistory]


class ConsoleLine(TypedDict):
    """A line that a training printed; numbers begin anew with each attempt."""

    line: int
    text: str
    attempt: int
