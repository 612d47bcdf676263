"""A TCP link that can be cut, frozen and slowed while others talk through it."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Literal

State = Literal["open", "cut", "frozen", "slow"]
CHUNK = 2**16
SLOW_S = 0.05
"""What each chunk waits on a slow link."""


class Link:
    """Listens on a port of this machine and passes bytes on to another one.

    cut: connections are reset and refused; frozen: they stay, and nothing passes; slow: each chunk
    waits.
    """

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self.state: State = "open"
        self._moving = asyncio.Event()
        self._moving.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Reset what is open and listen no more."""
        self.set("cut")
        if self._server:
            self._server.close()

    def set(self, state: State) -> None:
        """From now on."""
        self.state = state
        if state == "frozen":
            self._moving.clear()
        else:
            self._moving.set()
        if state == "cut":
            for writer in self._writers:
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        out: asyncio.StreamWriter | None = None
        try:
            await self._moving.wait()
            if self.state != "cut":
                back, out = await asyncio.open_connection("127.0.0.1", self.target)
                self._writers.add(out)
                await _first(self._pump(reader, out), self._pump(back, writer))
        except OSError:
            pass
        finally:
            for each in (writer, out):
                if each:
                    self._writers.discard(each)
                    each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._moving.wait()
                if self.state == "slow":
                    await asyncio.sleep(SLOW_S)
                writer.write(data)
                await writer.drain()


async def _first(*pumps: Coroutine[Any, Any, None]) -> None:
    """Until one side has ended."""
    tasks = [asyncio.ensure_future(each) for each in pumps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
