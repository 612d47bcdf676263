"""The loop around every handler, on a real nats-server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Literal

import pytest

from libs.common import settling, subjects
from libs.common.bus import Bus
from libs.common.errors import PermanentError, Unavailable
from libs.common.events import (
    DatasetCancelRequested,
    DatasetDeleted,
    DatasetRef,
    DatasetRequested,
    DatasetStarted,
    TrainingArguments,
    TrainingCancelled,
    TrainingRequested,
)
from libs.common.jobs import Job
from libs.common.service import Deps
from libs.common.work import Attempt, Handler, load, run_jobs

Level = Literal["low", "normal", "high"]

QUICK = replace(subjects.DATASET, ack_wait_s=1.0, backoff_s=(0.05,))


def request(number: int = 1) -> DatasetRequested:
    ref = DatasetRef(name="logos")
    return DatasetRequested(job_id=f"job-{number}", operation="delete", dataset=ref)


@contextlib.asynccontextmanager
async def working(deps: Deps, handler: Handler, *, slots: int = 1) -> AsyncIterator[None]:
    task = asyncio.create_task(run_jobs(deps, QUICK, handler, slots=slots))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ended(deps: Deps, job_id: str = "job-1", within_s: float = 15) -> Job:
    async with asyncio.timeout(within_s):
        while True:
            job = await load(deps, "dataset", job_id)
            if job and job.finished:
                return job
            await asyncio.sleep(0.02)


async def dead_letters(bus: Bus) -> int:
    return int((await bus.js.stream_info("DEAD")).state.messages)


async def start(attempt: Attempt) -> None:
    await attempt.tell(DatasetStarted, worker="tests:1")


async def delete(attempt: Attempt) -> None:
    await start(attempt)
    await attempt.tell(DatasetDeleted, name="logos")


async def test_a_request_is_worked_off_once_though_told_twice(deps: Deps) -> None:
    tries = []

    async def handler(attempt: Attempt) -> None:
        tries.append(attempt.number)
        await delete(attempt)

    async with working(deps, handler):
        await deps.bus.publish(request())
        await deps.bus.publish(request())
        assert (await ended(deps)).status == "completed"
    assert tries == [1]
    assert await dead_letters(deps.bus) == 0


async def test_a_job_longer_than_ack_wait_runs_once(deps: Deps) -> None:
    tries = []

    async def slow(attempt: Attempt) -> None:
        tries.append(attempt.number)
        await start(attempt)
        await asyncio.sleep(2.5 * QUICK.ack_wait_s)
        await attempt.tell(DatasetDeleted, name="logos")

    async with working(deps, slow, slots=2):
        await deps.bus.publish(request())
        await ended(deps)
    assert tries == [1]


async def test_of_readings_in_quick_succession_the_newest_is_told_though_nothing_follows(
    deps: Deps,
) -> None:
    readings = deps.bus.listen("progress.dataset.>")
    first = asyncio.ensure_future(anext(readings))
    await asyncio.sleep(0)  # it listens from here on

    async def quick(attempt: Attempt) -> None:
        for done in (1, 2, 3):
            await attempt.progress(done=done, of=9)
        assert (await first)[1]["done"] == 1
        assert (await anext(readings))[1]["done"] == 3
        await delete(attempt)

    async with working(deps, quick):
        await deps.bus.publish(request())
        assert (await ended(deps)).status == "completed"


async def test_a_failing_job_is_tried_three_times_then_failed_and_buried(deps: Deps) -> None:
    tries = []

    async def boom(attempt: Attempt) -> None:
        tries.append(attempt.number)
        await start(attempt)
        raise RuntimeError("the disk is on fire")

    async with working(deps, boom):
        await deps.bus.publish(request())
        job = await ended(deps)
    assert tries == [1, 2, 3]
    assert job.status == "failed"
    assert job.outcome is not None
    assert "the disk is on fire" in job.outcome.message  # type: ignore[attr-defined]
    assert await dead_letters(deps.bus) == 1


async def test_a_job_that_dies_before_it_starts_is_given_up_too(deps: Deps) -> None:
    async def boom(_: Attempt) -> None:
        raise RuntimeError("no")

    async with working(deps, boom):
        await deps.bus.publish(request())
        assert (await ended(deps)).status == "failed"


async def test_a_permanent_error_fails_the_job_at_once(deps: Deps) -> None:
    async def refuse(attempt: Attempt) -> None:
        await start(attempt)
        raise PermanentError("the dataset has no labels", code="no_labels")

    async with working(deps, refuse):
        await deps.bus.publish(request())
        job = await ended(deps)
    assert (job.attempt, job.outcome.error_code) == (1, "no_labels")  # type: ignore[union-attr]
    assert await dead_letters(deps.bus) == 1


async def test_a_cancelled_job_cleans_up_before_it_is_told(deps: Deps) -> None:
    running, cleaned = asyncio.Event(), []

    async def endless(attempt: Attempt) -> None:
        await start(attempt)
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.2)
            job = await load(deps, "dataset", "job-1")
            cleaned.append(job.status if job else None)

    async with working(deps, endless):
        await deps.bus.publish(request())
        await asyncio.wait_for(running.wait(), 10)
        await deps.bus.publish(DatasetCancelRequested(job_id="job-1"))
        assert (await ended(deps)).status == "cancelled"
    assert cleaned == ["stopping"]


async def test_a_queued_job_is_cancelled_without_waiting_for_a_worker(deps: Deps) -> None:
    running, started = asyncio.Event(), []

    async def endless(attempt: Attempt) -> None:
        started.append(attempt.job.id)
        await start(attempt)
        running.set()
        await asyncio.Event().wait()

    async with working(deps, endless):
        await deps.bus.publish(request(1))
        await asyncio.wait_for(running.wait(), 10)
        await deps.bus.publish(request(2))
        await deps.bus.publish(DatasetCancelRequested(job_id="job-2"))
        assert (await ended(deps, "job-2", within_s=5)).status == "cancelled"
    assert started == ["job-1"]


async def test_a_job_whose_worker_stops_is_taken_up_by_the_next(deps: Deps) -> None:
    running = asyncio.Event()

    async def endless(attempt: Attempt) -> None:
        await start(attempt)
        running.set()
        await asyncio.Event().wait()

    async with working(deps, endless):
        await deps.bus.publish(request())
        await asyncio.wait_for(running.wait(), 10)
    async with working(deps, delete):
        job = await ended(deps)
    assert (job.status, job.attempt) == ("completed", 2)


async def test_a_worker_that_was_overtaken_is_stopped_and_tells_nothing(deps: Deps) -> None:
    running, stopped = asyncio.Event(), asyncio.Event()

    async def endless(attempt: Attempt) -> None:
        await start(attempt)
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with working(deps, endless):
        await deps.bus.publish(request())
        await asyncio.wait_for(running.wait(), 10)
        await deps.bus.publish(DatasetStarted(job_id="job-1", attempt=7, worker="other:2"))
        await asyncio.wait_for(stopped.wait(), 10)
        await deps.bus.publish(DatasetDeleted(job_id="job-1", attempt=1, name="zombie"))
        job = await load(deps, "dataset", "job-1")
    assert job is not None
    assert (job.attempt, job.finished) == (7, False)


async def test_a_consumer_that_somebody_deleted_is_made_again(deps: Deps) -> None:
    async with working(deps, delete):
        await deps.bus.publish(request(1))
        await ended(deps, "job-1")
        await deps.bus.js.delete_consumer("EVENTS", QUICK.durable)
        await deps.bus.publish(request(2))
        assert (await ended(deps, "job-2", within_s=25)).status == "completed"


async def test_a_message_that_is_no_event_is_buried(deps: Deps) -> None:
    async with working(deps, delete):
        await deps.bus.js.publish("evt.dataset.requested.v1.bad", b"{}")
        async with asyncio.timeout(10):
            while await dead_letters(deps.bus) == 0:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("order", [("low", "high"), ("normal", "high")])
async def test_the_most_urgent_waiting_request_is_taken_first(
    deps: Deps, order: tuple[Level, Level]
) -> None:
    for level in order:
        await deps.bus.publish(
            TrainingRequested(
                job_id=level,
                dataset=DatasetRef(name="logos"),
                arguments=TrainingArguments(mode="full"),
                experiment_name=level,
                priority=level,
            )
        )
    taken: list[str] = []

    async def note(attempt: Attempt) -> None:
        taken.append(attempt.job.id)
        await attempt.tell(TrainingCancelled)

    task = asyncio.create_task(run_jobs(deps, subjects.trainer("default"), note))
    async with asyncio.timeout(10):
        while len(taken) < len(order):
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert taken == ["high", order[0]]


async def test_a_finished_job_is_tidied_before_its_request_goes_until_the_store_answers(
    deps: Deps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "TIDY_AGAIN_S", 0.1)
    tidied: list[tuple[str, str]] = []

    async def tidy(_: Deps, job: Job) -> None:
        tidied.append((job.id, job.status))
        if len(tidied) < 3:
            raise Unavailable("the store is away")

    async def refuse(attempt: Attempt) -> None:
        await start(attempt)
        raise PermanentError("the dataset has no labels", code="no_labels")

    running = asyncio.create_task(run_jobs(deps, QUICK, refuse, tidy=tidy))
    try:
        await deps.bus.publish(request())
        async with asyncio.timeout(20):
            while await dead_letters(deps.bus) == 0:
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert tidied == [("job-1", "failed")] * 3
