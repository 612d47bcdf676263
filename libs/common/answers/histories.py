"""What `/system/history` and `/training/{id}/logs` answer."""

from typing_extensions import TypedDict


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
