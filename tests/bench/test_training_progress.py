"""What telling the progress of a training costs: by itself, and in a real training."""

import asyncio
import json
import os
import socket
import time
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest

from libs.common import subjects
from libs.common.events import EpochCompleted
from libs.common.service import Deps
from libs.common.work import run_jobs
from services.trainer.child import Child
from services.trainer.entry import Channel
from services.trainer.handlers import Trainings
from tests.integration.test_trainer_runs import request, until
from tests.nursery import SharedStock
from tests.unit.services.trainer.conftest import draw_dataset

OVERHEAD = 0.01
IDLE_S = 8.0
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


class TimedStock(SharedStock):
    """Its children note what they spend on telling."""

    def __init__(self, packets: socket.socket, told: Path) -> None:
        super().__init__(packets, "tests.bench.timed_child")
        self.told = told

    async def take(self, **environment: str) -> Child:
        return await super().take(TOLD=str(self.told), **environment)


@pytest.mark.timeout(300)
async def test_a_real_training_spends_less_than_a_hundredth_on_being_watched(
    deps: Deps, nursery: socket.socket, tmp_path: Path
) -> None:
    """All that the service does in an epoch counts, but for what it does without a training."""
    stock = TimedStock(nursery, tmp_path / "told")
    trainings = Trainings(stock, deps.scratch / "peaks.json")
    marks: list[tuple[float, float, float]] = []

    async def mark(message: Any) -> None:
        if json.loads(message.data).get("batch"):
            [pid] = trainings.pids
            times = psutil.Process(pid).cpu_times()
            marks.append((time.monotonic(), time.process_time(), times.user + times.system))

    watching = await deps.bus.nc.subscribe(subjects.telemetry("progress.training.job"), cb=mark)
    loop = asyncio.create_task(run_jobs(deps, subjects.trainer("default"), trainings.train))
    try:
        await asyncio.sleep(1.0)  # it starts
        idle_from = time.process_time()
        await asyncio.sleep(IDLE_S)
        idle = (time.process_time() - idle_from) / IDLE_S
        asked: dict[str, Any] = {"epochs": 2, "imgsz": 64, "batch_size": 8}
        await deps.bus.publish(request(draw_dataset(tmp_path / "more", train=480), **asked))
        await until(deps, EpochCompleted)
    finally:
        await watching.unsubscribe()
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        await stock.close()
    times, child_s = json.loads((tmp_path / "told").read_text())
    wall_s, busy_s, trained_s = (to - since for since, to in zip(marks[0], marks[-1], strict=True))
    service_s = busy_s - idle * wall_s
    share = (child_s + service_s) / trained_s
    print(
        f"\n{trained_s:.1f} CPU s of training, told {times} times: {child_s * 1e3:.1f} ms in it "
        f"and {service_s * 1e3:.1f} ms in the service (with this test's own reading): {share:.2%}; "
        f"without a training the service uses {idle:.2%} of a core"
    )
    assert times > 10
    assert share <= OVERHEAD
