"""The bus on a real nats-server: one test per trap that libs/common/bus.py answers."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import nats
import nats.errors
import psutil
import pytest
from nats.js.api import StreamConfig

from deploy.ports import free_ports, is_free
from deploy.store import server_binary
from libs.common import subjects
from libs.common.bus import Bus, connect, provision
from libs.common.cloudevents import Recorded
from libs.common.errors import BadInput, TopologyDrift, Unavailable
from libs.common.events import DatasetDeleted, DatasetRef, DatasetRequested
from libs.common.requests import bind
from tests.conftest import running, wait_until

REQUEST = DatasetRequested(job_id="job-1", operation="validate", dataset=DatasetRef(name="logos"))


def deleted(number: int) -> DatasetDeleted:
    return DatasetDeleted(job_id=f"job-{number}", attempt=1, name="logos")


@contextlib.contextmanager
def server(folder: Path, port: int):  # type: ignore[no-untyped-def]
    command = [server_binary("nats-server"), "-a", "127.0.0.1", "-p", str(port), "-js"]
    with running([*command, "-sd", str(folder)], folder / "log") as process:
        wait_until(lambda: not is_free(port), "nats-server listens", 10)
        yield process


async def take(replayed: AsyncIterator[Recorded], count: int) -> list[int]:
    found: list[int] = []
    async with asyncio.timeout(15):
        async for record in replayed:
            found.append(record.seq)
            if len(found) == count:
                return found
    return found


async def test_a_server_that_paused_for_longer_than_a_flush_waits_is_heard_again(
    tmp_path: Path,
) -> None:
    [port] = free_ports(1)
    with server(tmp_path, port) as process:
        async with connect(f"nats://127.0.0.1:{port}", source="tests", patience_s=3) as bus:
            await provision(bus.nc)
            process.send_signal(signal.SIGSTOP)
            stopped = psutil.Process(process.pid)
            wait_until(lambda: stopped.status() == psutil.STATUS_STOPPED, "it is stopped", 10)
            with pytest.raises(nats.errors.FlushTimeoutError):
                await bus.nc.flush(timeout=1)
            process.send_signal(signal.SIGCONT)
            assert await bus.publish(REQUEST) == 1
            assert await bus.publish(deleted(1)) == 2


async def test_a_fact_is_stored_once_however_often_it_is_told(bus: Bus) -> None:
    assert [await bus.publish(REQUEST) for _ in range(3)] == [1, 1, 1]
    assert await bus.last_sequence() == 1


async def test_a_stored_event_reads_back_as_it_was_told(bus: Bus) -> None:
    await bus.publish(REQUEST)
    [record] = await bus.read()
    assert (record.seq, record.source, record.event) == (1, "shirushi/tests", REQUEST)


async def test_a_reader_gets_history_and_then_what_comes_without_gap_or_double(bus: Bus) -> None:
    for number in range(1, 6):
        await bus.publish(deleted(number))
    following = asyncio.create_task(take(bus.replay(after=2), 8))
    for number in range(6, 11):
        await bus.publish(deleted(number))
    assert await following == [3, 4, 5, 6, 7, 8, 9, 10]


async def test_a_page_ends_at_its_limit_and_at_the_end_of_the_log(bus: Bus) -> None:
    for number in range(1, 8):
        await bus.publish(deleted(number))
    assert [raw.seq for raw in await bus.page(after=1, limit=3)] == [2, 3, 4]
    assert [raw.seq for raw in await bus.page(after=5)] == [6, 7]
    assert await bus.page(after=7) == []


async def test_filters_match_one_job_and_no_other(bus: Bus) -> None:
    for number in (1, 2, 1):
        await bus.publish(deleted(number))
    assert [r.event.job_id for r in await bus.read("evt.dataset.*.*.job-2")] == ["job-2"]


async def test_an_unreadable_message_is_skipped_and_the_rest_is_read(bus: Bus) -> None:
    await bus.js.publish("evt.dataset.deleted.v1.job-9", b"not json")
    await bus.publish(deleted(1))
    assert [record.seq for record in await bus.read()] == [2]


async def test_a_publish_during_an_outage_is_stored_once_and_readers_go_on(tmp_path: Path) -> None:
    [port] = free_ports(1)
    async with contextlib.AsyncExitStack() as stack:
        with server(tmp_path, port):
            bus = await stack.enter_async_context(
                connect(f"nats://127.0.0.1:{port}", source="tests", patience_s=30)
            )
            await provision(bus.nc)
            await bus.publish(deleted(1))
            following = asyncio.create_task(take(bus.replay(), 3))
        telling = asyncio.create_task(bus.publish(deleted(2)))
        await asyncio.wait({telling}, timeout=0.5)
        assert not telling.done()
        with server(tmp_path, port):
            assert await asyncio.wait_for(telling, 20) == 2
            assert await bus.publish(deleted(3)) == 3
            assert await following == [1, 2, 3]
            assert await bus.last_sequence() == 3


async def test_a_bus_that_stays_away_is_told_in_time(tmp_path: Path) -> None:
    [port] = free_ports(1)
    with server(tmp_path, port) as process:
        async with connect(f"nats://127.0.0.1:{port}", source="tests") as bus:
            process.kill()
            with pytest.raises(Unavailable, match="does not answer"):
                await bus.publish(REQUEST, patience_s=0.5)


async def test_a_stream_with_other_settings_is_refused(bus: Bus) -> None:
    other = StreamConfig(name="EVENTS", subjects=["evt.>"], max_age=60)
    with pytest.raises(TopologyDrift, match="EVENTS"):
        await provision(bus.nc, (other,))
    await provision(bus.nc)


async def test_a_reading_reaches_who_listens_and_is_not_stored(bus: Bus, nats_url: str) -> None:
    heard = asyncio.get_running_loop().create_future()

    async def listen() -> None:
        async for topic, payload in bus.listen("progress.>"):
            heard.set_result((topic, payload))
            return

    task = asyncio.create_task(listen())
    async with connect(nats_url, source="other") as other:
        async with asyncio.timeout(5):
            while not heard.done():
                await other.tell("progress.training.job-1", {"done": 1})
                await asyncio.wait({heard}, timeout=0.05)
    await task
    assert heard.result() == ("progress.training.job-1", {"done": 1})
    assert await bus.last_sequence() == 0


async def test_a_reader_leaves_no_consumer_behind(bus: Bus, nats_url: str) -> None:
    await bus.publish(REQUEST)
    await bus.read()
    await take(bus.replay(), 1)
    nc = await nats.connect(nats_url)
    try:
        async with asyncio.timeout(5):
            while await nc.jetstream().consumers_info("EVENTS"):
                await asyncio.sleep(0.01)
    finally:
        await nc.close()


async def test_closing_does_not_wait_after_a_fetch_that_found_nothing(
    bus: Bus, nats_url: str
) -> None:
    """A drain would hang for its whole 30 s here."""
    async with asyncio.timeout(10):
        async with connect(nats_url, source="other") as other:
            following = asyncio.create_task(take(other.replay(), 1))
            await asyncio.wait({following}, timeout=2.5)
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def test_a_durable_with_other_settings_is_updated(bus: Bus) -> None:
    """`pull_subscribe` on a durable that is there ignores what it is given."""
    durable = replace(subjects.DATASET, ack_wait_s=7.0)
    await bind(bus, subjects.DATASET, slots=1)
    await bind(bus, durable, slots=1)
    info = await bus.js.consumer_info("EVENTS", durable.durable)
    assert info.config.ack_wait == 7.0


async def test_a_payload_over_the_limit_is_refused_and_others_go_on(bus: Bus) -> None:
    huge = DatasetDeleted(job_id="job-1", name="x" * 2**20)
    with pytest.raises(BadInput, match="too large"):
        await bus.publish(huge)
    assert await bus.publish(REQUEST) == 1
