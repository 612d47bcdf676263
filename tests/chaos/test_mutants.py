"""Broken builds are caught, and sound ones are not: a worker on a real bus and store, in seconds.

`make mutants` does the same with whole systems. The training itself is a double here: it tells
three epochs and stores a file; what is under test is how facts, requests and files are handled.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from nats.js.client import JetStreamContext

from deploy.ports import free_ports
from libs.common import jobs, outbox, subjects, worker
from libs.common.artifacts import ArtifactStore
from libs.common.bus import connect
from libs.common.events import (
    DatasetRef,
    EpochCompleted,
    TrainingArguments,
    TrainingCompleted,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.outbox import open_outbox
from libs.common.service import Deps
from libs.common.work import Attempt, run_jobs
from tests.chaos.checking import read_log, wrong_store
from tests.chaos.history import histories, unfinished, wrong_epochs
from tests.chaos.links import Link
from tests.chaos.mutants import MUTANTS
from tests.nats_server import NatsServer, mortal_server

QUEUE = replace(subjects.trainer("default")[1], ack_wait_s=1.0)
PATCHED: tuple[tuple[Any, str], ...] = (
    (worker.Worker, "_settle_alone"),
    (JetStreamContext, "publish"),
    (jobs, "apply"),
    (worker, "Started"),
    (ArtifactStore, "_put"),
    (ArtifactStore, "copy"),
    (outbox.Outbox, "tell"),
)
SETTLE_S = 6.0
REQUEST = TrainingRequested(
    job_id="job",
    dataset=DatasetRef(name="d"),
    arguments=TrainingArguments(mode="full"),
    experiment_name="run",
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with mortal_server(tmp_path / "nats") as opened:
        yield opened


@pytest.fixture
def nats_url(server: NatsServer) -> str:
    """In place of the server that no test may kill."""
    return server.url


@contextlib.contextmanager
def build(name: str) -> Iterator[None]:
    """The build with a mistake, or as it is."""
    before = [(owner, attribute, vars(owner)[attribute]) for owner, attribute in PATCHED]
    try:
        if name != "sound":
            MUTANTS[name]()
        yield
    finally:
        for owner, attribute, value in before:
            setattr(owner, attribute, value)


@dataclass
class Double:
    """Tells what a training tells; waits after its first epoch, and before its end."""

    name: str = "first"
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    end: asyncio.Event = field(default_factory=asyncio.Event)
    last: asyncio.Event = field(default_factory=asyncio.Event)

    async def train(self, attempt: Attempt) -> None:
        known = {epoch.epoch for epoch in attempt.job.epochs}
        await attempt.tell(TrainingStarted, worker=self.name, device="cpu", from_epoch=len(known))
        shares = dict.fromkeys(("precision", "recall", "map50", "map50_95"), 0.5)
        for epoch in (1, 2, 3):
            if epoch not in known:
                await attempt.tell(
                    EpochCompleted, epoch=epoch, epochs=3, train_losses={}, seconds=1, **shares
                )
            self.reached.set()
            await self.go.wait()
        self.last.set()
        await self.end.wait()
        data = f"{self.name} {attempt.number}".encode()
        best = await attempt.deps.artifacts.put_bytes(f"{REQUEST.prefix}/weights/best.pt", data)
        done: dict[str, Any] = {"epochs_done": 3, "best_epoch": 1, "best_metrics": {}, "seconds": 3}
        artifacts = {"weights/best.pt": best}
        await attempt.tell(TrainingCompleted, classes=(), artifacts=artifacts, **done)


@contextlib.asynccontextmanager
async def working(deps: Deps, double: Double) -> AsyncIterator[None]:
    task = asyncio.create_task(run_jobs(deps, QUEUE, double.train))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ended(deps: Deps) -> list[str]:
    """What is wrong once the job has ended, or does not end."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_S):
            while unfinished(histories(await read_log(deps.bus.nc))[0]):
                await asyncio.sleep(0.05)
    known, wrong = histories(await read_log(deps.bus.nc))
    wrong += unfinished(known) + wrong_epochs(known)
    return wrong + await wrong_store(deps.artifacts, known)


async def a_worker_that_stops_in_mid_work(deps: Deps, _: NatsServer, __: Path) -> list[str]:
    first, second = Double(), Double("second")
    second.go.set()
    second.end.set()
    async with working(deps, first):
        await deps.bus.publish(REQUEST)
        await first.reached.wait()
    async with working(deps, second):
        return await ended(deps)


async def a_bus_that_pauses(deps: Deps, server: NatsServer, _: Path) -> list[str]:
    double = Double()
    double.end.set()
    async with working(deps, double):
        await deps.bus.publish(REQUEST)
        await double.reached.wait()
        assert server.process
        server.process.send_signal(signal.SIGSTOP)
        double.go.set()
        await double.last.wait()  # both epochs are told, or kept
        server.process.send_signal(signal.SIGCONT)
        return await ended(deps)


async def a_worker_that_was_taken_for_dead(
    deps: Deps, server: NatsServer, folder: Path
) -> list[str]:
    [port] = free_ports(1)
    link = Link(port, server.port)
    await link.start()
    first, second = Double(), Double("second")
    second.go.set()
    second.end.set()
    async with (
        connect(f"nats://127.0.0.1:{port}", source="first", patience_s=60) as bus,
        open_outbox(bus, folder / "first") as told,
    ):
        ours = replace(deps, bus=bus, outbox=told)
        async with working(ours, first):
            await deps.bus.publish(REQUEST)
            await first.reached.wait()
            link.set("frozen")
            async with working(deps, second):
                wrong = await ended(deps)
            link.set("open")
            first.go.set()
            await asyncio.sleep(4)  # in which it is told that another took over
            first.end.set()
            await asyncio.sleep(1)
            wrong += await ended(deps)
    await link.stop()
    return wrong


async def nothing_in_particular(deps: Deps, _: NatsServer, __: Path) -> list[str]:
    double = Double()
    double.go.set()
    double.end.set()
    async with working(deps, double):
        await deps.bus.publish(REQUEST)
        return await ended(deps)


async def a_bus_that_is_away(deps: Deps, server: NatsServer, _: Path) -> list[str]:
    double = Double()
    async with working(deps, double):
        await deps.bus.publish(REQUEST)
        await double.reached.wait()
        server.kill()
        double.go.set()
        await double.last.wait()
        server.start()
        while not deps.bus.connected:
            await asyncio.sleep(0.05)
        double.end.set()
        return await ended(deps)


SCENES: dict[str, Callable[[Deps, NatsServer, Path], Awaitable[list[str]]]] = {
    "ack_before_work": a_worker_that_stops_in_mid_work,
    "no_dedupe_id": a_bus_that_pauses,
    "no_fencing": a_worker_that_was_taken_for_dead,
    "upload_after_event": nothing_in_particular,
    "lost_outbox": a_bus_that_is_away,
}


@pytest.mark.parametrize("mistake", SCENES)
@pytest.mark.parametrize("kind", ["sound", "broken"])
async def test_a_mistake_is_caught_and_its_absence_is_not(
    mistake: str,
    kind: str,
    deps: Deps,
    server: NatsServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "PATIENCE_S", 0.3)
    with build("sound" if kind == "sound" else mistake):
        wrong = await SCENES[mistake](deps, server, tmp_path)
    print(f"{kind} {mistake}: {wrong}")
    assert bool(wrong) == (kind == "broken"), wrong
