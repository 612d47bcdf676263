"""Every control of a training by REST, on a real bus, store and process: in time, and nothing left.

In time = 2 s where an epoch of the drawn set takes 0.8 s; slower cores in proportion, and without
what the processes waited for a core meanwhile, as others use the machine too.
"""

import asyncio
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from libs.common import subjects
from libs.common.attempts import load
from libs.common.events import (
    EpochCompleted,
    HostDrained,
    TrainingCompleted,
    TrainingPaused,
    TrainingStarted,
)
from libs.common.groups import living
from libs.common.jobs import Job
from libs.common.service import Deps
from libs.common.work import Gate, run_jobs
from services.trainer.draining import Draining
from services.trainer.handlers import Trainings
from services.trainer.telemetry import reading
from tests.gateway_app import app, rest
from tests.nursery import SharedStock
from tests.unit.services.trainer.conftest import draw_dataset
from tests.unit.services.trainer.test_child import STATES, told_by

__all__ = ["app", "rest"]  # fixtures

ACTS_S = 2.0
EPOCH_S = 0.8
WAIT_S = 120.0
HOST = "gpu-1"
EPOCHS = 3
QUICK = {
    "model_architecture": "yolov8n",
    "imgsz": 32,
    "batch_size": 4,
    "optimizer": "AdamW",
    "device": "cpu",
    "mode": "full",
}


class Controls:
    """A gateway and a trainer, and how both are asked."""

    def __init__(self, rest: AsyncClient, deps: Deps, trainings: Trainings, dataset: Path) -> None:
        self.rest, self.deps, self.trainings, self.dataset = rest, deps, trainings, dataset

    async def start(self, **given: Any) -> str:
        body = {**QUICK, "dataset_path": str(self.dataset), **given}
        answer = await self.rest.post("/training/start", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["training_id"])

    async def ask(self, what: str, job_id: str, **body: Any) -> dict[str, Any]:
        answer = await self.rest.post(f"/training/{what}/{job_id}", json=body or None)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def until(self, job_id: str, kind: type, count: int = 1) -> Job:
        """The job once so many events of that kind were told."""
        patterns = subjects.of_job("training", job_id)
        async with asyncio.timeout(WAIT_S):
            async for record in self.deps.bus.replay(*patterns):
                count -= isinstance(record.event, kind)
                if count == 0:
                    break
        job = await load(self.deps, "training", job_id)
        assert job
        return job

    async def in_mid_epoch(self, job_id: str) -> int:
        """Its process, when it has trained a batch."""
        async with asyncio.timeout(WAIT_S):
            async for _, told in self.deps.bus.listen(f"progress.training.{job_id}"):
                if told.get("batch"):
                    break
        [pid] = [pid for pid, each in self.trainings.pids.items() if each == job_id]
        return pid

    async def gone(self, pid: int, job_id: str) -> float:
        """Seconds until the process is gone; fails if it leaves files behind."""
        clock = Clock(pid)
        async with asyncio.timeout(WAIT_S):
            while living(pid):
                clock.look()
                await asyncio.sleep(0.02)
            took_s = clock.took_s
            while list(self.deps.scratch.glob(f"{job_id}-*")):  # the last checkpoint is stored
                await asyncio.sleep(0.02)
        return took_s


class Clock:
    """Seconds since it was made, but for those that processes waited for a core.

    That is the second number of a thread's `schedstat` (Linux, `proc(5)`), in nanoseconds.
    """

    def __init__(self, *pids: int) -> None:
        self.pids, self.began_s = (*pids, os.getpid()), time.monotonic()
        self.before, self.now = dict[Path, int](), dict[Path, int]()
        self.look()
        self.before = dict(self.now)

    def look(self) -> None:
        """Note it of all threads; of one that ends, what was seen last counts."""
        for pid in self.pids:
            for thread in Path("/proc", str(pid), "task").glob("*/schedstat"):
                with suppress(OSError, IndexError):
                    self.now[thread] = int(thread.read_text().split()[1])

    @property
    def took_s(self) -> float:
        """Of each process the thread that waited longest counts."""
        self.look()
        waited: dict[str, int] = {}
        for thread, until in self.now.items():
            pid, since = thread.parts[2], until - self.before.get(thread, 0)
            waited[pid] = max(waited.get(pid, 0), since)
        return time.monotonic() - self.began_s - sum(waited.values()) / 1e9


def bound_s(job: Job) -> float:
    """For this machine as it is now; see the head of this file."""
    return ACTS_S * max(1.0, max(epoch.seconds for epoch in job.epochs) / EPOCH_S)


@pytest.fixture
async def controls(
    rest: AsyncClient, deps: Deps, nursery: socket.socket, tmp_path: Path
) -> AsyncIterator[Controls]:
    settings = deps.settings.model_copy(update={"host_name": HOST})
    there = replace(deps, settings=settings, worker=f"{HOST}:1")
    stock, gate = SharedStock(nursery), Gate()
    trainings = Trainings(stock, deps.scratch / "peaks.json")
    async with at_work(there, trainings, gate):
        await deps.bus.tell(f"system.{HOST}:1", reading(there, trainings.pids))
        dataset = draw_dataset(tmp_path / "drawn", train=24)
        yield Controls(rest, there, trainings, dataset)
    await stock.close()


@asynccontextmanager
async def at_work(deps: Deps, trainings: Trainings, gate: Gate) -> AsyncIterator[None]:
    draining = Draining(deps, gate)
    await draining.begin()
    work = run_jobs(deps, subjects.trainer("default"), trainings.train, gate=gate)
    tasks = [asyncio.create_task(work), asyncio.create_task(draining.follow())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_pause_resume_drain_finish_extend_retry_and_cancel_act_in_time(
    controls: Controls,
) -> None:
    job_id = await controls.start(epochs=500)
    pid = await controls.in_mid_epoch(job_id)
    bound = bound_s(await controls.until(job_id, EpochCompleted))

    await controls.ask("pause", job_id)
    assert await controls.gone(pid, job_id) < bound
    paused = await controls.until(job_id, TrainingPaused)
    assert (paused.status, paused.paused and paused.paused.reason) == ("paused", "asked")
    assert paused.checkpoint

    clock = Clock()
    await controls.ask("resume", job_id)
    again = await controls.until(job_id, TrainingStarted, 2)
    assert clock.took_s < bound + ACTS_S
    assert isinstance(again.started, TrainingStarted)
    assert again.started.from_epoch == paused.checkpoint.epoch

    pid = await controls.in_mid_epoch(job_id)
    await controls.ask("drain", HOST)
    assert await controls.gone(pid, job_id) < bound
    drained = await controls.until(job_id, TrainingPaused, 2)
    assert (drained.status, drained.paused and drained.paused.reason) == ("queued", "drained")
    await next_drained(controls)
    await controls.ask("undrain", HOST)

    pid = await controls.in_mid_epoch(job_id)
    shown = (await controls.rest.get(f"/training/status/{job_id}")).json()
    await controls.rest.post(f"/training/cancel/{job_id}?keep=true")
    finished = await controls.until(job_id, TrainingCompleted)
    assert await controls.gone(pid, job_id) < bound
    assert isinstance(finished.outcome, TrainingCompleted)
    assert finished.outcome.stopped_early
    assert finished.outcome.epochs_done <= shown["batch"]["epoch"] + 2
    told = Counter(epoch.epoch for epoch in finished.epochs)
    assert told == Counter(range(1, finished.outcome.epochs_done + 1))

    more_id = (await controls.ask("extend", job_id, epochs=1))["training_id"]
    more = await controls.until(more_id, TrainingCompleted)
    assert more.epochs[:-1] == tuple(
        epoch.model_copy(update={"job_id": more_id, "attempt": 1, "epochs": more.epochs[0].epochs})
        for epoch in finished.epochs
    )

    again_id = (await controls.ask("retry", job_id))["training_id"]
    pid = await controls.in_mid_epoch(again_id)
    clock = Clock(pid)
    await controls.ask("cancel", again_id)
    assert await controls.gone(pid, again_id) < bound
    async with asyncio.timeout(WAIT_S):
        while (await controls.rest.get(f"/training/status/{again_id}")).json()[
            "status"
        ] != "cancelled":
            await asyncio.sleep(0.02)
    assert clock.took_s < bound
    assert not controls.trainings.pids


async def next_drained(controls: Controls) -> None:
    async with asyncio.timeout(WAIT_S):
        async for record in controls.deps.bus.replay(subjects.of_kind(HostDrained)):
            assert isinstance(record.event, HostDrained)
            assert record.event.host == HOST
            return


async def test_a_training_gives_way_to_an_urgent_one_in_time_and_ends_with_the_same_bits(
    controls: Controls, tmp_path: Path
) -> None:
    same: dict[str, Any] = {"epochs": EPOCHS, "batch_size": 2}
    low_id = await controls.start(priority="low", **same)
    pid = await controls.in_mid_epoch(low_id)
    high_id = await controls.start(priority="high", **same)
    took_s = await controls.gone(pid, low_id)
    left = await controls.until(low_id, TrainingPaused)
    assert left.checkpoint
    assert left.paused
    assert (left.paused.reason, left.paused.by) == ("preempted", high_id)
    shown = (await controls.rest.get(f"/training/status/{low_id}")).json()
    assert (shown["status"], shown["preempted"]) == ("queued", 1)
    assert f"gave way to the more urgent {high_id}" in shown["waiting_reason"]
    jobs = [await controls.until(each, TrainingCompleted) for each in (high_id, low_id)]
    assert took_s < bound_s(jobs[0])
    assert [job.starts for job in jobs] == [1, 2]
    told = Counter(epoch.epoch for epoch in jobs[1].epochs)
    assert told == Counter(range(1, EPOCHS + 1))
    states = [await end_of(controls.deps, job, tmp_path / f"{job.id}.pt") for job in jobs]
    assert await told_by(STATES, tmp_path / "child-home", *states) == "[]"


async def end_of(deps: Deps, job: Job, to: Path) -> Path:
    """The exact state at the end of a run."""
    assert job.checkpoint
    assert (job.checkpoint.epoch, job.checkpoint.batches) == (EPOCHS, 0)
    return await deps.artifacts.get_file(job.checkpoint.files["state.pt"].key, to)
