"""Urgent jobs and the places of others, on a real nats-server; handlers only wait."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from libs.common import requests, subjects
from libs.common.attempts import Attempt, HandedBack, load
from libs.common.events import (
    DatasetRef,
    TrainingArguments,
    TrainingCancelled,
    TrainingCancelRequested,
    TrainingPaused,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.jobs import Job
from libs.common.service import Deps
from libs.common.work import run_jobs

WAIT_S = 20.0


def request(job_id: str) -> TrainingRequested:
    """Its priority is the first word of its id."""
    return TrainingRequested.model_validate(
        {
            "job_id": job_id,
            "dataset": DatasetRef(name="logos"),
            "arguments": TrainingArguments(mode="full"),
            "experiment_name": job_id,
            "priority": job_id.split("-", maxsplit=1)[0],
        }
    )


class Host:
    """A worker that trains by waiting until it is let go."""

    def __init__(self, name: str) -> None:
        self.name, self.taken, self.stays = name, list[str](), asyncio.Event()
        self.patience = asyncio.Event()
        self.patience.set()

    async def train(self, attempt: Attempt) -> None:
        self.taken.append(attempt.job.id)
        await attempt.tell(TrainingStarted, worker=self.name, device="cpu", from_epoch=0)
        try:
            await attempt.unless_leaving(self.stays.wait())
        except HandedBack:
            await self.patience.wait()
            assert attempt.leaving
            await attempt.tell(TrainingPaused, **attempt.leaving._asdict())
            raise
        await attempt.tell(TrainingCancelled)


@contextlib.asynccontextmanager
async def working(deps: Deps, *hosts: Host) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(run_jobs(deps, subjects.trainer("default"), host.train))
        for host in hosts
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(deps: Deps, job_id: str, *statuses: str) -> Job:
    async with asyncio.timeout(WAIT_S):
        while True:
            job = await load(deps, "training", job_id)
            if job and job.status in statuses:
                return job
            await asyncio.sleep(0.02)


async def test_an_urgent_job_takes_the_place_of_another_that_comes_back_by_itself(
    deps: Deps,
) -> None:
    host = Host("one")
    async with working(deps, host):
        await deps.bus.publish(request("low-1"))
        await until(deps, "low-1", "initializing")
        await deps.bus.publish(request("low-2"))
        await deps.bus.publish(request("normal-1"))
        await until(deps, "normal-1", "initializing")
        low = await until(deps, "low-1", "queued")
        assert low.paused
        assert (low.paused.reason, low.paused.by) == ("preempted", "normal-1")
        host.stays.set()
        for job_id in ("normal-1", "low-1", "low-2"):
            await until(deps, job_id, "cancelled")
    assert host.taken == ["low-1", "normal-1", "low-1", "low-2"]


async def test_an_equal_waits_and_an_urgent_one_goes_where_there_is_a_place(deps: Deps) -> None:
    busy, idle = Host("busy"), Host("idle")
    async with working(deps, busy):
        await deps.bus.publish(request("low-1"))
        await until(deps, "low-1", "initializing")
        async with working(deps, idle):
            await deps.bus.publish(request("high-1"))
            await until(deps, "high-1", "initializing")
        equal = await until(deps, "low-1", "initializing")
        assert equal.preempted == 0
    assert (busy.taken, idle.taken) == (["low-1"], ["high-1"])


async def test_an_urgent_job_that_is_cancelled_while_it_waits_never_starts(deps: Deps) -> None:
    host = Host("one")
    host.patience.clear()
    waiting = deps.bus.listen("progress.training.high-1")
    async with working(deps, host):
        await deps.bus.publish(request("low-1"))
        await until(deps, "low-1", "initializing")
        await deps.bus.publish(request("high-1"))
        async with asyncio.timeout(WAIT_S):
            _, reading = await anext(waiting)
        assert "low-1 gives way" in reading["waiting_reason"]
        await deps.bus.publish(TrainingCancelRequested(job_id="high-1"))
        await until(deps, "high-1", "cancelled")
        host.patience.set()
        async with asyncio.timeout(WAIT_S):
            while host.taken != ["low-1", "low-1"]:
                await asyncio.sleep(0.02)


async def test_a_stream_of_urgent_jobs_does_not_keep_others_waiting_for_ever(deps: Deps) -> None:
    host = Host("one")
    host.stays.set()
    for number in range(6):
        await deps.bus.publish(request(f"high-{number}"))
    await deps.bus.publish(request("low-1"))
    async with working(deps, host):
        await until(deps, "high-5", "cancelled")
        await until(deps, "low-1", "cancelled")
    assert host.taken.index("low-1") == 4


async def test_a_request_is_found_before_the_empty_queues_above_it_say_so(
    deps: Deps, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = subjects.trainer("default")
    async with requests.open_queues(deps.bus, levels, slots=1) as queues:
        assert await queues.look(range(3)) is None
        monkeypatch.setattr(requests, "LOOK_S", 2 * WAIT_S)
        async with asyncio.timeout(WAIT_S):
            await deps.bus.publish(request("low-1"))
            await queues.rung.wait()
            low = await queues.look(range(3))
            await deps.bus.publish(request("low-2"))
            await deps.bus.publish(request("high-1"))
            high = await queues.look(range(3))
    assert low
    assert high
    assert (low.subscription, high.subscription) == (levels[2], levels[0])
