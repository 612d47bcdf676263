"""What this host is doing, told every two seconds."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

from libs.common.isolation import probe
from libs.common.service import Deps
from services.trainer.domain.devices import shown
from services.trainer.gpu import read_gpus

log = logging.getLogger(__name__)

PERIOD_S = 2.0


def reading(
    deps: Deps,
    trainings: Mapping[int, str],
    network: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """CPU, memory, disk of the scratch folder, the GPUs, and what else there is to say.

    Args:
        deps: of the service.
        trainings: job id by process id, of those that run here.
        network: what a training process has of one; see `libs.common.isolation`.
        more: fields beside.
    """
    memory = psutil.virtual_memory()
    return {
        "service": deps.name,
        "worker": deps.worker,
        "host": deps.settings.host_name,
        "cpu_percent": psutil.cpu_percent(),
        "cpu_count": psutil.cpu_count(),
        "memory_percent": memory.percent,
        "memory_total_bytes": memory.total,
        "memory_used_bytes": memory.used,
        "disk": disk(deps.scratch),
        "gpus": [shown(gpu, trainings) for gpu in read_gpus()],
        "trainings": sorted(trainings.values()),
        "child_network": network,
        **(more or {}),
    }


def disk(folder: Path) -> dict[str, float]:
    """The file system of `folder`, in bytes and per cent."""
    use = psutil.disk_usage(str(folder))
    return {
        "total_bytes": use.total,
        "used_bytes": use.used,
        "free_bytes": use.free,
        "percent": use.percent,
    }


async def tell_system(
    deps: Deps, trainings: Mapping[int, str], more: Callable[[], dict[str, Any]] = dict
) -> None:
    """Tell the reading for ever; NVML may block, so it is asked in a thread."""
    network = await asyncio.to_thread(probe)
    log.info("network of training processes", extra={"network": network})
    while True:
        told = await asyncio.to_thread(reading, deps, trainings, network, more())
        await deps.bus.tell(f"system.{deps.worker}", told)
        await asyncio.sleep(PERIOD_S)
