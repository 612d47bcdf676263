"""The GPUs of this host, read through NVML. Any call may fail on any card: that reading is null."""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pynvml

from services.trainer.domain.devices import Gpu, GpuProcess

THROTTLES = {
    pynvml.nvmlClocksEventReasonSwPowerCap: "power_cap",
    pynvml.nvmlClocksEventReasonHwSlowdown: "hardware_slowdown",
    pynvml.nvmlClocksEventReasonSwThermalSlowdown: "thermal",
    pynvml.nvmlClocksEventReasonHwThermalSlowdown: "hardware_thermal",
    pynvml.nvmlClocksEventReasonHwPowerBrakeSlowdown: "power_brake",
}
"""Reasons of NVML for clocks below what was asked."""


def read_gpus() -> tuple[Gpu, ...]:
    """All GPUs that answer, in NVML's order; empty on a host without any."""
    try:
        pynvml.nvmlInit()  # type: ignore[no-untyped-call]
    except pynvml.NVMLError:
        return ()
    try:
        count = _asked(pynvml.nvmlDeviceGetCount) or 0
        found = [_read(index) for index in range(count)]
    finally:
        with suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()  # type: ignore[no-untyped-call]
    return tuple(gpu for gpu in found if gpu is not None)


def _read(index: int) -> Gpu | None:
    """One card; None when it fell off the bus."""
    handle = _asked(pynvml.nvmlDeviceGetHandleByIndex, index)
    memory = _asked(pynvml.nvmlDeviceGetMemoryInfo, handle) if handle else None
    if memory is None:
        return None
    use = _asked(pynvml.nvmlDeviceGetUtilizationRates, handle)
    power_mw = _asked(pynvml.nvmlDeviceGetPowerUsage, handle)
    processes = _asked(pynvml.nvmlDeviceGetComputeRunningProcesses, handle) or []
    return Gpu(
        index=index,
        uuid=str(_asked(pynvml.nvmlDeviceGetUUID, handle) or f"index-{index}"),
        name=str(_asked(pynvml.nvmlDeviceGetName, handle) or "GPU"),
        memory_total_bytes=int(memory.total),
        memory_used_bytes=int(memory.used),
        utilization_percent=None if use is None else float(use.gpu),
        temperature_c=_asked(pynvml.nvmlDeviceGetTemperature, handle, pynvml.NVML_TEMPERATURE_GPU),
        power_w=None if power_mw is None else power_mw / 1000,
        throttled=_throttled(_asked(pynvml.nvmlDeviceGetCurrentClocksEventReasons, handle)),
        processes=tuple(
            GpuProcess(each.pid, each.usedGpuMemory or 0, _group(each.pid)) for each in processes
        ),
    )


def _group(pid: int) -> int | None:
    """Of a process; None when it is gone, or in a container that we do not see into."""
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def _throttled(reasons: int | None) -> tuple[str, ...]:
    """The names of NVML's reasons that matter."""
    return tuple(name for bit, name in THROTTLES.items() if (reasons or 0) & bit)


def _asked(call: Callable[..., Any], *arguments: Any) -> Any:
    """What NVML answers; None when it cannot."""
    try:
        return call(*arguments)
    except pynvml.NVMLError:
        return None
