"""kill -9 at seeded random moments of a training: of its process, the service, and the bus.

After a service another goes on, as on another host. The run completes by itself, tells each epoch
once, and ends with the bits of a run that nobody disturbed. A failure prints its seed.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import cycle
from pathlib import Path
from typing import Any

import psutil
import pytest

from libs.common.cloudevents import Recorded
from libs.common.events import EpochCompleted, TrainingCompleted
from libs.common.jobs import fold
from libs.common.service import Deps
from libs.common.settings import Settings
from tests.integration.test_trainer_runs import ENDS, request, until
from tests.integration.test_trainer_service import service
from tests.nats_server import NatsServer, mortal_server
from tests.unit.services.trainer.conftest import draw_dataset
from tests.unit.services.trainer.test_child import STATES, told_by

EPOCHS = 5
PATIENCE_S = 540.0
KILLS = ("child", "bus", "service", "child", "bus")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with mortal_server(tmp_path / "nats") as opened:
        yield opened


@pytest.fixture
def nats_url(server: NatsServer) -> str:
    """In place of the server that no test may kill."""
    return server.url


class Host:
    """A trainer service; whenever it was killed another starts, in the other of two folders.

    So one goes on from what the store has, and finds files of its own that are older than that.
    """

    def __init__(self, settings: Settings) -> None:
        homes = (settings.home, settings.home.with_name("other-host"))
        self.hosts = cycle(settings.model_copy(update={"home": home}) for home in homes)
        self.process: asyncio.subprocess.Process | None = None

    async def run(self) -> None:
        for settings in self.hosts:
            async with service(settings) as self.process:
                await self.process.wait()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()

    def kill_child(self) -> bool:
        """Whether there was one."""
        assert self.process is not None
        with suppress(psutil.Error):
            for nursery in psutil.Process(self.process.pid).children():
                for child in nursery.children():
                    child.kill()
                    return True
        return False


@asynccontextmanager
async def host(settings: Settings) -> AsyncIterator[Host]:
    opened = Host(settings)
    task = asyncio.create_task(opened.run())
    try:
        yield opened
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def storm(seed: int, deps: Deps, server: NatsServer, trainer: Host) -> None:
    """Each kill some moments after the training was seen to move."""
    rng = random.Random(seed)  # noqa: S311
    kills = rng.sample(KILLS, len(KILLS))
    readings = deps.bus.listen("progress.training.>")
    for kill in kills:
        await anext(readings)
        await asyncio.sleep(rng.uniform(0.1, 1.5))  # the moment is the point, not a wait
        if kill == "bus":
            server.kill()
            await asyncio.sleep(rng.uniform(0.1, 1.0))
            server.start()
        elif kill == "service":
            trainer.kill()
        else:
            trainer.kill_child()


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_whatever_is_killed_the_run_ends_with_the_same_bits(
    deps: Deps, server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten kills: five with loader processes, five without; one calm run to compare with."""
    monkeypatch.setenv("SHIRUSHI_CHECKPOINT_S", "0.5")
    dataset = draw_dataset(tmp_path / "drawn", train=24)
    same: dict[str, Any] = {"epochs": EPOCHS, "imgsz": 64, "batch_size": 2, "extra": {"nbs": 4}}
    runs: dict[str, list[Recorded]] = {}
    async with host(deps.settings) as trainer, asyncio.timeout(PATIENCE_S):
        for name, seed, workers in (("calm", 0, 0), ("seed-1", 1, 0), ("seed-2", 2, 2)):
            asked = request(dataset, job_id=name, workers=workers, **same)
            await deps.bus.publish(asked.model_copy(update={"experiment_name": name}))
            if seed:
                await storm(seed, deps, server, trainer)
            runs[name] = await until(deps, *ENDS, job_id=name)
    ends = []
    for name, records in runs.items():
        assert isinstance(records[-1].event, TrainingCompleted), f"{name}: {records[-1].event}"
        told = Counter(e.event.epoch for e in records if isinstance(e.event, EpochCompleted))
        assert told == Counter(range(1, EPOCHS + 1)), name
        ends.append(await state(deps, records, tmp_path / f"{name}.pt"))
    for killed in ends[1:]:
        assert await told_by(STATES, tmp_path / "child-home", ends[0], killed) == "[]", killed


async def state(deps: Deps, records: list[Recorded], to: Path) -> Path:
    """The exact state at the end of a run."""
    job = fold(records)
    assert job is not None
    assert job.checkpoint is not None
    assert (job.checkpoint.epoch, job.checkpoint.batches) == (EPOCHS, 0)
    return await deps.artifacts.get_file(job.checkpoint.files["state.pt"].key, to)


def running(process: psutil.Process) -> bool:
    """Whether it still does anything."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


async def test_a_paused_zombie_changes_nothing(deps: Deps, tmp_path: Path) -> None:
    """SIGSTOP holds a service beyond its deadline, another takes over, SIGCONT wakes it."""
    dataset = draw_dataset(tmp_path / "drawn", train=24)
    other = deps.settings.model_copy(update={"home": tmp_path / "other-host"})
    readings = deps.bus.listen("progress.training.>")
    async with service(deps.settings) as first, asyncio.timeout(PATIENCE_S):
        await deps.bus.publish(request(dataset, epochs=6, imgsz=64, batch_size=2))
        await anext(readings)
        await until(deps, EpochCompleted)
        [nursery] = psutil.Process(first.pid).children()
        [child] = [each for each in nursery.children() if each.status() != psutil.STATUS_ZOMBIE]
        for process in (psutil.Process(first.pid), nursery, child):
            process.suspend()
        async with service(other):
            records = await until(deps, *ENDS)
            for process in (psutil.Process(first.pid), nursery, child):
                process.resume()
            while running(child):  # it has seen the newer attempt, and put its own away
                await asyncio.sleep(0.05)
            await anext(deps.bus.listen("system.>"))  # what it still tells, the fold drops
    assert isinstance(records[-1].event, TrainingCompleted)
    told = Counter(each.event.epoch for each in records if isinstance(each.event, EpochCompleted))
    assert told == Counter(range(1, 7))
    after = fold(await deps.bus.read())
    assert after is not None
    assert after.outcome == records[-1].event
