"""Facts of a service whose bus is away: kept in order, told later, each once."""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from nats.js.api import StreamConfig

from libs.common import outbox as outboxes
from libs.common import subjects
from libs.common.bus import Bus, connect, provision
from libs.common.cloudevents import encode
from libs.common.events import (
    DatasetDeleted,
    EpochCompleted,
    TrainingCompleted,
    TrainingStarted,
)
from libs.common.jobs import fold
from libs.common.outbox import Outbox, open_outbox
from libs.common.service import Deps
from tests.conftest import STOP_S
from tests.integration.test_trainer_runs import request, trainer, until
from tests.nats_server import NatsServer, mortal_server
from tests.unit.services.trainer.conftest import draw_dataset

FASTER = 60
"""Ten minutes are simulated in ten seconds: every wait of the system is as much shorter."""
AWAY_S = 600 / FASTER

TELL_AND_DIE = """
import asyncio, os, signal, sys
from pathlib import Path
from libs.common.bus import connect
from libs.common.outbox import open_outbox
from tests.integration.test_outbox import deleted

async def main():
    async with connect(sys.argv[1], source="tests") as bus:
        async with open_outbox(bus, Path(sys.argv[2])) as outbox:
            print("connected", flush=True)
            sys.stdin.readline()
            for number in range(20):
                await outbox.tell(deleted(number))
            os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def deleted(number: int) -> DatasetDeleted:
    return DatasetDeleted(job_id=f"job-{number:03d}", attempt=1, name="logos")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with mortal_server(tmp_path / "nats") as opened:
        yield opened


@pytest.fixture
def nats_url(server: NatsServer) -> str:
    """In place of the server that no test may kill."""
    return server.url


@pytest.fixture
async def outbox(bus: Bus, tmp_path: Path) -> AsyncIterator[Outbox]:
    async with open_outbox(bus, tmp_path / "outbox") as opened:
        yield opened


async def told(outbox: Outbox, bus: Bus) -> list[str]:
    """The jobs of the facts in the log, in its order, once all are there."""
    async with asyncio.timeout(STOP_S):
        await outbox.empty()
    return [record.event.job_id for record in await bus.read()]


async def until_away(bus: Bus) -> None:
    async with asyncio.timeout(STOP_S):
        while bus.connected:
            await asyncio.sleep(0.01)


async def test_facts_told_while_the_bus_is_away_reach_the_log_in_order(
    bus: Bus, server: NatsServer, outbox: Outbox, tmp_path: Path
) -> None:
    await outbox.tell(deleted(0))
    server.kill()
    began = time.monotonic()
    await asyncio.gather(*(outbox.tell(deleted(number)) for number in range(1, 31)))
    assert time.monotonic() - began < STOP_S, "nobody waits for the bus"
    assert outbox.waiting == 30
    folder = tmp_path / "outbox"
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    server.start()
    assert await told(outbox, bus) == [f"job-{number:03d}" for number in range(31)]
    assert list(folder.iterdir()) == []


async def test_what_a_killed_service_kept_is_told_by_the_next_with_the_time_it_happened(
    bus: Bus, server: NatsServer, tmp_path: Path
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", TELL_AND_DIE, server.url, str(tmp_path / "outbox"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    assert await process.stdout.readline() == b"connected\n"
    server.kill()
    process.stdin.write(b"\n")
    assert await process.wait() == -signal.SIGKILL
    kept = sorted((tmp_path / "outbox").glob("*.json"))
    server.start()
    async with open_outbox(bus, tmp_path / "outbox") as outbox:
        assert await told(outbox, bus) == [f"job-{number:03d}" for number in range(20)]
    last = (await bus.read())[-1]
    assert abs(last.time.timestamp() - int(kept[-1].stem) / 1e9) < 1


async def test_a_fact_that_was_stored_unheard_is_stored_once_however_long_ago(
    bus: Bus, tmp_path: Path
) -> None:
    forgets = replace(subjects.EVENTS, duplicate_window=0.2)
    await bus.js.update_stream(StreamConfig(**vars(forgets)))
    folder = tmp_path / "outbox"
    folder.mkdir()
    for number in (1, 2):
        path = folder / f"{number:020d}.json"
        outboxes.write_durably(path, encode(deleted(number), source="tests"))
    await bus.publish(deleted(1))
    await asyncio.sleep(0.5)  # the bus forgets
    async with open_outbox(bus, folder) as outbox:
        assert await told(outbox, bus) == ["job-001", "job-002"]


async def test_a_full_outbox_makes_the_teller_wait_and_loses_nothing(
    bus: Bus, server: NatsServer, tmp_path: Path
) -> None:
    async with open_outbox(bus, tmp_path / "outbox", most_bytes=1000) as outbox:
        server.kill()
        await until_away(bus)
        telling = [asyncio.create_task(outbox.tell(deleted(number))) for number in range(6)]
        done, waiting = await asyncio.wait(telling, timeout=1)
        assert done
        assert waiting
        server.start()
        await asyncio.gather(*telling)
        assert await told(outbox, bus) == [f"job-{number:03d}" for number in range(6)]


async def test_a_fact_that_no_disk_takes_waits_for_the_bus(
    bus: Bus, server: NatsServer, outbox: Outbox, tmp_path: Path
) -> None:
    server.kill()
    await until_away(bus)
    (tmp_path / "outbox").rmdir()
    telling = asyncio.create_task(outbox.tell(deleted(1)))
    await asyncio.wait({telling}, timeout=0.5)
    assert not telling.done()
    server.start()
    await telling
    assert await told(outbox, bus) == ["job-001"]


async def test_ten_minutes_without_a_bus_cost_a_training_nothing(
    deps: Deps,
    server: NatsServer,
    nursery: socket.socket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = tuple(
        replace(each, ack_wait_s=each.ack_wait_s / FASTER) for each in subjects.trainer("default")
    )
    monkeypatch.setattr(subjects, "trainer", lambda _pool: quick)
    monkeypatch.setattr(outboxes, "PATIENCE_S", outboxes.PATIENCE_S / FASTER)
    dataset = draw_dataset(tmp_path / "drawn")
    async with trainer(deps, nursery):
        await deps.bus.publish(request(dataset, epochs=4))
        await until(deps, EpochCompleted)
        server.kill()
        await asyncio.sleep(AWAY_S)  # the length is the point, not a wait
        async with asyncio.timeout(120):
            while deps.outbox.waiting < 3:
                await asyncio.sleep(0.05)
        server.start()
        records = await until(deps, TrainingCompleted)
        async with connect(server.url, source="fresh") as fresh:
            await provision(fresh.nc)
            again = await fresh.read(*subjects.of_job("training", "job"))
    events = [record.event for record in records]
    assert [each.epoch for each in events if isinstance(each, EpochCompleted)] == [1, 2, 3, 4]
    assert [each.attempt for each in events if isinstance(each, TrainingStarted)] == [1]
    job = fold(again)
    assert job is not None
    assert (job.status, job.attempt, deps.outbox.waiting) == ("completed", 1, 0)
