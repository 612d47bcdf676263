"""The live socket of the gateway: history, then what comes, and how a bad frame ends it."""

import asyncio

import orjson
import pytest
import websockets
from fastapi import FastAPI
from websockets.typing import Origin

from libs.common.bus import Bus
from libs.common.events import DatasetStarted
from tests.gateway_app import BASE, app, serving

__all__ = ["app"]  # fixtures


async def test_the_socket_replays_and_goes_on_without_gap_or_double(app: FastAPI, bus: Bus) -> None:
    for number in range(5):
        await bus.publish(DatasetStarted(job_id=f"old-{number}", attempt=1, worker="w"))
    async with serving(app) as host:
        url = f"ws://{host}{BASE}/ws?after=2&topics=dataset.%3E"
        async with websockets.connect(url, open_timeout=20) as socket:
            for number in range(5):
                await bus.publish(DatasetStarted(job_id=f"new-{number}", attempt=1, worker="w"))
            async with asyncio.timeout(10):
                frames = [orjson.loads(await socket.recv()) for _ in range(8)]
        assert [each["seq"] for each in frames] == list(range(3, 11))
        assert frames[-1]["subject"] == "new-4"
        url = f"ws://{host}{BASE}/ws?after=-4"
        async with websockets.connect(url, open_timeout=5) as socket, asyncio.timeout(10):
            last = [orjson.loads(await socket.recv())["seq"] for _ in range(3)]
    assert last == [8, 9, 10]


async def test_history_older_than_the_window_comes_from_the_log(app: FastAPI, bus: Bus) -> None:
    for number in range(30):
        await bus.publish(DatasetStarted(job_id=f"old-{number}", attempt=1, worker="w"))
    async with serving(app) as host:
        ring = app.state.gateway.ledger.ring
        async with asyncio.timeout(10):
            while ring.last < 30:
                await asyncio.sleep(0.01)
        del ring._frames[:25], ring._seqs[:25]
        async with websockets.connect(f"ws://{host}{BASE}/ws?after=0", open_timeout=20) as socket:
            async with asyncio.timeout(10):
                seqs = [orjson.loads(await socket.recv())["seq"] for _ in range(30)]
    assert seqs == list(range(1, 31))


@pytest.mark.parametrize(
    "frame", ["{", '{"op":"x"}', b"\x00\x01", '{"op":"subscribe","topics":["a b"]}']
)
async def test_a_bad_frame_closes_the_socket_with_a_code(app: FastAPI, frame: str | bytes) -> None:
    async with (
        serving(app) as host,
        websockets.connect(f"ws://{host}{BASE}/ws", open_timeout=20) as socket,
    ):
        await socket.send(frame)
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await asyncio.wait_for(socket.recv(), 5)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1008


async def test_a_socket_of_another_site_is_refused(app: FastAPI) -> None:
    async with serving(app) as host:
        with pytest.raises(websockets.InvalidStatus):
            async with websockets.connect(
                f"ws://{host}{BASE}/ws", origin=Origin("http://evil.example"), open_timeout=20
            ):
                pass
