"""One storm on a running system: jobs and faults at their moments, then calm, then the verdict."""

import asyncio
import json
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from nats.aio.client import Client

from tests.chaos.asking import Asker, Reader
from tests.chaos.checking import Witness, connected, read_log, settled, verdict
from tests.chaos.history import Told, wrong_views
from tests.chaos.schedule import Schedule
from tests.chaos.system import System

SETTLE_S = 240.0
READ_S = 30.0


@dataclass
class Outcome:
    """What a storm did, and what is wrong after it."""

    storm: Schedule
    violations: list[str] = field(default_factory=list)
    hits: dict[str, int] = field(default_factory=dict)
    jobs: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    facts: int = 0
    attempts: int = 0
    late: int = 0
    artifacts: int = 0
    sockets: int = 0
    settled_s: float = 0.0
    refused: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """As JSON, a line."""
        told: dict[str, Any] = vars(self) | {"storm": self.storm.as_json()}
        return json.dumps(told)

    def __str__(self) -> str:
        return "\n".join([str(self.storm), *(f"  VIOLATION {each}" for each in self.violations)])


@dataclass
class Watch:
    """Who looks on while it rages, and where the log and the counts stood before."""

    start: int
    readers: dict[str, Reader]
    witness: Witness
    hits: Counter[str]


async def run_storm(
    system: System, storm: Schedule, asker: Asker, *, settle_s: float = SETTLE_S
) -> Outcome:
    """Let it rage; `system` is whole again when this returns, as far as it can be."""
    async with AsyncExitStack() as stack:
        nc = await connected(system)
        stack.push_async_callback(nc.close)
        log = await read_log(nc)
        start = log[-1].seq if log else 0
        readers = {"from the start": Reader(system.url, 0), "live": Reader(system.url, start)}
        watch = Watch(start, readers, Witness(system), Counter(system.hits))
        watching = [asyncio.create_task(each.read()) for each in readers.values()]
        watching.append(asyncio.create_task(watch.witness.watch(start)))
        try:
            await _rage(system, storm, asker, settle_s)
            await system.ready()
            log, settled_s = await settled(nc, settle_s)
            outcome = await _judge(system, nc, log, asker, storm, watch)
            outcome.settled_s = round(settled_s, 1)
            return outcome
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)


async def _rage(system: System, storm: Schedule, asker: Asker, settle_s: float) -> None:
    began = time.monotonic()

    async def at(moment_s: float, work: Any) -> None:
        await asyncio.sleep(max(0.0, began + moment_s - time.monotonic()))
        await work()

    faults = [
        asyncio.create_task(at(each.at_s, lambda f=each: system.hit(f))) for each in storm.faults
    ]
    asks = [
        asyncio.create_task(at(each.at_s, lambda a=each: asker.ask(a.kind))) for each in storm.asks
    ]
    revive = asyncio.create_task(_revive(system))
    try:
        await asyncio.gather(*faults, asyncio.sleep(storm.seconds))
        system.calm()
        await asyncio.wait(asks, timeout=settle_s)
        asker.forgotten += [f"nobody answers {each}" for each in asker.asking]
    finally:
        for task in (revive, *faults, *asks):
            task.cancel()
        await asyncio.gather(revive, *faults, *asks, return_exceptions=True)


async def _revive(system: System) -> None:
    """A supervisor that was killed is started again, as by an init system."""
    while True:
        if system.supervisor and system.supervisor.poll() is not None:
            system.supervise()
        await asyncio.sleep(0.5)


async def _judge(
    system: System,
    nc: Client,
    log: list[Told],
    asker: Asker,
    storm: Schedule,
    watch: Watch,
) -> Outcome:
    await asyncio.sleep(1.0)  # what comes after the end would be wrong, and is looked for
    wrong, jobs = await verdict(system, nc, log, asker.accepted)
    log = await read_log(nc)
    readers = watch.readers
    with suppress(TimeoutError):
        async with asyncio.timeout(READ_S):
            while any((each.seen or [0])[-1] < log[-1].seq for each in readers.values()):
                await asyncio.sleep(0.1)
    seen = {name: list(each.seen) for name, each in readers.items()}
    wrong += wrong_views(seen, log, {name: each.began for name, each in readers.items()})
    wrong += [*watch.witness.wrong, *asker.forgotten]
    ours = [job for job in jobs.values() if job.counted and job.counted[0].seq > watch.start]
    return Outcome(
        storm,
        wrong,
        dict(system.hits - watch.hits),
        len(ours),
        dict(Counter(_ending(job.end) for job in ours if job.end)),
        len([told for told in log if told.seq > watch.start]),
        sum(job.attempt for job in ours),
        sum(len(job.late) for job in ours),
        watch.witness.read,
        sum(each.links for each in readers.values()),
        refused=dict(asker.refused),
    )


def _ending(end: Told) -> str:
    """Its kind; of a failure its reason, too."""
    return " ".join([end.kind, *([end.data["error_code"]] if "error_code" in end.data else [])])
