"""One event to a thousand live sockets, against a bare uvicorn and websockets in the same run."""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import websockets

from deploy.ports import free_ports, is_free
from libs.common.bus import Bus
from libs.common.cloudevents import encode
from libs.common.events import DatasetStarted
from libs.common.settings import Settings
from tests.bench.sockets import Tally, readers, stalled
from tests.conftest import running, wait_until
from tests.gateway_process import gateway_process

SOCKETS = 1000
EVENTS = 100
EVERY_S = 0.1
MOST_RATIO = 1.3
MOST_STALLED_RATIO = 2.0
Say = Callable[[int], Awaitable[None]]


@dataclass(frozen=True)
class Figures:
    """Of one server."""

    cpu_us: float
    p50_ms: float
    p99_ms: float
    socket_bytes: float

    def __str__(self) -> str:
        return (
            f"{self.cpu_us:.1f} us CPU per frame, p50 {self.p50_ms:.1f} ms, "
            f"p99 {self.p99_ms:.1f} ms"
        )


async def measure(url: str, pid: int, say: Say, *, idle: int = 0) -> Figures:
    """Open the sockets, tell the events, and see that each socket got each of them in order."""
    server, tally = psutil.Process(pid), Tally()
    before = server.memory_info().rss
    opened = await readers(url, SOCKETS, tally)
    size = (server.memory_info().rss - before) / SOCKETS
    sleepers = await asyncio.to_thread(stalled, url, idle)
    await asyncio.sleep(1)
    cpu, start = server.cpu_times(), time.monotonic()
    for number in range(EVENTS):
        await say(number)
        await asyncio.sleep(max(0.0, start + (number + 1) * EVERY_S - time.monotonic()))
    async with asyncio.timeout(30):
        while len(tally.delays) < SOCKETS * EVENTS:
            await asyncio.sleep(0.01)
    used = server.cpu_times()
    assert not any(each.closed for each in opened)
    for seqs in tally.seqs.values():
        assert len(seqs) == EVENTS
        assert seqs == list(range(seqs[0], seqs[0] + EVENTS))
    for each in opened:
        each.transport.abort()
    for sleeper in sleepers:
        sleeper.close()
    spent = used.user + used.system - cpu.user - cpu.system
    cuts = statistics.quantiles(tally.delays, n=100)
    return Figures(spent / (SOCKETS * EVENTS) * 1e6, cuts[49] * 1e3, cuts[98] * 1e3, size)


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[tuple[str, int]]:
    [port] = free_ports(1)
    command = [sys.executable, "-m", "tests.bench.bare_broadcast", str(port)]
    with running(command, tmp_path / "bare.log") as process:
        await asyncio.to_thread(wait_until, lambda: not is_free(port), "the peer listens")
        yield f"ws://127.0.0.1:{port}/", process.pid


@pytest.fixture
async def gateway(settings: Settings, bus: Bus, tmp_path: Path) -> AsyncIterator[tuple[str, int]]:
    with gateway_process(settings, tmp_path) as process:
        yield f"{process.socket_url}?topics=dataset.%3E", process.pid


async def test_a_frame_to_a_socket_costs_about_what_a_bare_server_takes(
    bare: tuple[str, int], gateway: tuple[str, int], bus: Bus
) -> None:
    async with websockets.connect(bare[0]) as caller:
        drain = asyncio.create_task(_drain(caller))

        async def shout(number: int) -> None:
            now = time.monotonic_ns()
            event = DatasetStarted(job_id=f"job-{number}", attempt=1, worker=str(now))
            envelope = encode(event, source="bench").decode()
            await caller.send(f'{envelope[:-1]},"seq":{number}}}')

        async def tell(number: int) -> None:
            now = time.monotonic_ns()
            await bus.publish(DatasetStarted(job_id=f"job-{number}", attempt=1, worker=str(now)))

        async def tell_again(number: int) -> None:
            await tell(EVENTS + number)

        peer = await measure(*bare, shout)
        ours = await measure(*gateway, tell)
        crowded = await measure(*gateway, tell_again, idle=50)
        drain.cancel()
    print(f"\n{SOCKETS:,} sockets, {EVENTS} events, 10 a second; all frames came, in order")
    for name, figures in (("bare", peer), ("ours", ours), ("with 50 stalled", crowded)):
        print(f"{name:16}{figures}")
    print(f"{peer.socket_bytes:,.0f} bytes per socket bare, {ours.socket_bytes:,.0f} ours")
    cpu, late = ours.cpu_us / peer.cpu_us, ours.p99_ms / peer.p99_ms
    print(f"of bare: {cpu:.2f} x CPU per frame, {late:.2f} x p99")
    assert cpu <= MOST_RATIO
    assert crowded.p99_ms <= MOST_STALLED_RATIO * ours.p99_ms + 20


async def _drain(caller: websockets.ClientConnection) -> None:
    async for _ in caller:
        pass
