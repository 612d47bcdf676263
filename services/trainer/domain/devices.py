"""Which device a training gets, and how a GPU is shown: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from libs.common.errors import PermanentError


@dataclass(frozen=True)
class GpuProcess:
    """Somebody who computes on a GPU."""

    pid: int
    used_bytes: int
    group: int | None = None
    """Its process group: that of a training has all its ranks; None where the pid is unknown."""


@dataclass(frozen=True)
class Gpu:
    """One reading of one GPU; None = the card does not tell."""

    index: int
    uuid: str
    name: str
    memory_total_bytes: int
    memory_used_bytes: int
    utilization_percent: float | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    throttled: tuple[str, ...] = ()
    """Why its clocks are held down: heat, power; empty when they are not, or it does not tell."""
    processes: tuple[GpuProcess, ...] = ()

    @property
    def free_bytes(self) -> int:
        """Memory that nobody uses."""
        return self.memory_total_bytes - self.memory_used_bytes


def choose_device(requested: str | None, gpus: Sequence[Gpu]) -> str:
    """The device of a training, as ultralytics names it: `cpu`, or indices of GPUs as in `0,1`.

    Args:
        requested: `cpu`, one or several indices, or None for the GPU that is free, else the CPU.
            `cpu,cpu` = two processes on the CPU train together, as two GPUs would.
        gpus: of this host.

    Raises:
        PermanentError: there is no such device (`no_such_device`), or one was named twice
            (`same_device_twice`).
    """
    wanted = (requested or "auto").replace(" ", "").lower().replace("cuda:", "")
    if {*wanted.split(",")} == {"cpu"}:
        return wanted
    if wanted in ("auto", "cuda"):
        if not gpus:
            return "cpu"
        return str(max(gpus, key=lambda gpu: (not gpu.processes, gpu.free_bytes)).index)
    named = wanted.split(",")
    if len(set(named)) < len(named):
        raise PermanentError(
            f"device '{requested}' names a GPU twice: each trains one part of a batch",
            code="same_device_twice",
        )
    if not {*named} <= {str(gpu.index) for gpu in gpus}:
        there = ", ".join(f"{gpu.index} ({gpu.name})" for gpu in gpus) or "none, only the CPU"
        raise PermanentError(
            f"device '{requested}' is not there. GPUs of this trainer: {there}. Give one of "
            "them, cpu, or leave device empty.",
            code="no_such_device",
        )
    return wanted


def device_count(device: str) -> int:
    """How many devices a training runs on, one rank on each."""
    return device.count(",") + 1


def shown(gpu: Gpu, trainings: Mapping[int, str]) -> dict[str, Any]:
    """A GPU as `/status` lists it.

    Args:
        gpu: the reading.
        trainings: job id by process id, of the trainings of this host; ranks are in its group.
    """
    view = asdict(gpu)
    view["processes"] = [
        {
            "pid": each.pid,
            "used_bytes": each.used_bytes,
            "training_id": trainings.get(each.pid) or trainings.get(each.group or -1),
        }
        for each in gpu.processes
    ]
    return view
