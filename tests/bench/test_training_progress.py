"""What telling the progress of a training costs: by itself, and in a real training."""

import asyncio
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest

from libs.common.events import EpochCompleted
from libs.common.service import Deps
from services.trainer.entry import Channel
from tests.bench.timed_child import NAME
from tests.integration.test_trainer_runs import request, until
from tests.integration.test_trainer_service import service
from tests.unit.services.trainer.conftest import draw_dataset

OVERHEAD = 0.01
IDLE_S = 8.0
IMAGES = 480
TOLD_PER_S = 4


def _drain(pipe: int) -> None:
    while os.read(pipe, 2**16):
        pass


async def test_telling_progress_costs_less_than_a_hundredth_of_a_core(deps: Deps) -> None:
    theirs, ours = os.pipe()
    channel = Channel(ours)
    losses = {"box_loss": 1.234567, "cls_loss": 2.345678, "dfl_loss": 1.456789}
    message = {"epoch": 3, "epochs": 100, "done": 7, "of": 10, "losses": losses}
    Thread(target=_drain, args=(theirs,), daemon=True).start()
    times, began = 5_000, time.process_time()
    for _ in range(times):
        channel.say("batch", **message, images_per_s=12.34)
    child_s = (time.process_time() - began) / times
    began = time.process_time()
    for _ in range(times):
        await deps.bus.tell("progress.training.job", message)
    await deps.bus.nc.flush()
    parent_s = (time.process_time() - began) / times
    share = (child_s + parent_s) * TOLD_PER_S
    print(
        f"\na reading costs {child_s * 1e6:.0f} us in the child and {parent_s * 1e6:.0f} us in "
        f"the service: at {TOLD_PER_S} a second {share:.3%} of a core"
    )
    channel._file.close()
    assert share <= OVERHEAD


@dataclass
class Mark:
    """CPU seconds used up to a reading, by the service and by the process that trains."""

    batch: int
    at_s: float
    service_s: float
    trains_s: float


def used_s(pid: int) -> float:
    """CPU seconds of one process, without those it started."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@pytest.mark.timeout(300)
async def test_a_real_training_spends_less_than_a_hundredth_on_being_watched(
    deps: Deps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that the service does between the first and the last batch of an epoch counts.

    It runs in a process of its own, so that what this test spends on listening does not.
    """
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    dataset = draw_dataset(tmp_path / "more", train=IMAGES)
    marks: list[Mark] = []
    async with service(deps.settings, NAME) as process, asyncio.timeout(240):
        await anext(deps.bus.listen("system.>"))
        idle_from, since = used_s(process.pid), time.monotonic()
        await asyncio.sleep(IDLE_S)
        idle = (used_s(process.pid) - idle_from) / (time.monotonic() - since)
        readings = deps.bus.listen("progress.training.job")
        asked: dict[str, Any] = {"epochs": 1, "imgsz": 64, "batch_size": 8}
        await deps.bus.publish(request(dataset, **asked))
        async for _, reading in readings:
            if batch := reading.get("batch"):
                [pid] = trains(process.pid)
                spent = used_s(process.pid), used_s(pid)
                marks.append(Mark(batch, time.monotonic(), *spent))
            if batch and batch == reading["batches"]:
                break
        await until(deps, EpochCompleted)
    times, child_s = json.loads((tmp_path / "told").read_text())
    first, last = marks[0], marks[-1]
    trained_s, service_s = last.trains_s - first.trains_s, last.service_s - first.service_s
    unwatched_s = idle * (last.at_s - first.at_s)
    share = (child_s + service_s) / trained_s
    print(
        f"\n{trained_s:.1f} CPU s of training, told {times} times: {child_s * 1e3:.1f} ms in it "
        f"and {service_s * 1e3:.0f} ms in the service, of which {unwatched_s * 1e3:.0f} ms would "
        f"be there without a training ({idle:.2%} of a core): {share:.2%}"
    )
    assert len(marks) > 10
    assert share <= OVERHEAD


def trains(service: int) -> list[int]:
    """The processes that train."""
    [nursery] = psutil.Process(service).children()
    return [child.pid for child in nursery.children()]
