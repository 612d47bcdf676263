"""A drained host takes nothing up; what runs goes elsewhere or ends; restarts change nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from libs.common import subjects
from libs.common.events import (
    HostDrained,
    HostDrainRequested,
    HostUndrainRequested,
    TrainingStarted,
)
from libs.common.host_names import host_id
from libs.common.service import Deps
from libs.common.work import Gate, run_jobs
from services.trainer.draining import Draining
from tests.integration.test_urgent_jobs import WAIT_S, Host, request, until


@asynccontextmanager
async def at_work(deps: Deps, host: Host) -> AsyncIterator[None]:
    """A worker on a host of that name, as `python -m services.trainer` assembles it."""
    settings = deps.settings.model_copy(update={"host_name": host.name})
    there = replace(deps, settings=settings, worker=f"{host.name}:1")
    gate = Gate()
    draining = Draining(there, gate)
    await draining.begin()
    work = run_jobs(there, subjects.trainer("default"), host.train, gate=gate)
    tasks = [asyncio.create_task(work), asyncio.create_task(draining.follow())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def drain(deps: Deps, host: Host, **more: str) -> None:
    asked = {"job_id": host_id(host.name), "host": host.name, "nonce": str(more)}
    await deps.bus.publish(HostDrainRequested.model_validate(asked | more))


async def drained(deps: Deps, host: Host) -> HostDrained:
    async with asyncio.timeout(WAIT_S):
        async for record in deps.bus.replay(*subjects.of_job("host", host_id(host.name))):
            if isinstance(record.event, HostDrained):
                return record.event
    raise AssertionError("the log ended")


async def test_a_drained_host_leaves_its_training_to_another_and_stays_drained_when_it_is_back(
    deps: Deps,
) -> None:
    one, other = Host("one.example"), Host("other")
    async with at_work(deps, one):
        await deps.bus.publish(request("normal-1"))
        await until(deps, "normal-1", "initializing")
        async with at_work(deps, other):
            await drain(deps, one)
            told = await drained(deps, one)
            assert (told.host, told.worker) == ("one.example", "one.example:1")
            [asked] = await deps.bus.read(subjects.of_kind(HostDrainRequested))
            assert told.request_seq == asked.seq
            async with asyncio.timeout(WAIT_S):
                while not other.taken:
                    await asyncio.sleep(0.02)
            other.stays.set()
            job = await until(deps, "normal-1", "cancelled")
    assert (job.starts, job.preempted) == (2, 0)
    async with at_work(deps, one):
        await deps.bus.publish(request("high-1"))
        async with at_work(deps, other):
            await until(deps, "high-1", "cancelled")
        await deps.bus.publish(request("normal-2"))
        back = {"job_id": host_id(one.name), "host": one.name}
        await deps.bus.publish(HostUndrainRequested.model_validate(back))
        await until(deps, "normal-2", "initializing")
    assert one.taken == ["normal-1", "normal-2"]


async def test_what_runs_on_a_drained_host_ends_there_if_asked_so(deps: Deps) -> None:
    host = Host("one")
    async with at_work(deps, host):
        await deps.bus.publish(request("normal-1"))
        await until(deps, "normal-1", "initializing")
        await drain(deps, host, running="finish")
        await deps.bus.publish(request("high-1"))
        host.stays.set()
        await until(deps, "normal-1", "cancelled")
        await drained(deps, host)
        starts = await deps.bus.read(subjects.of_kind(TrainingStarted))
        assert [each.event.job_id for each in starts] == ["normal-1"]
