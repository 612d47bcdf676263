"""A reader of the live socket that costs microseconds a frame: a thousand fit into one process.

What is measured is the gateway; a WebSocket library in the asking program would take as long as it.
"""

import asyncio
import re
from collections.abc import Callable

SEQUENCE = re.compile(rb'"seq":\s*(\d+)')
KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
OPEN_S = 60.0


class LeanSocket(asyncio.Protocol):
    """Counts text frames by their sequence; RFC 6455, frames of a server are not masked."""

    def __init__(self, note: Callable[[bytes], None] | None) -> None:
        self.seqs: list[int] = []
        self.lost = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._note, self._rest = note, b""
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(
        cls, port: int, path: str, note: Callable[[bytes], None] | None = None
    ) -> "LeanSocket":
        """One that is open; `note` gets each frame with a sequence, whole."""
        loop = asyncio.get_running_loop()
        _, opened = await loop.create_connection(lambda: cls(note), "127.0.0.1", port)
        lines = [
            f"GET {path} HTTP/1.1",
            *("Host: localhost", "Upgrade: websocket", "Connection: Upgrade"),
            *("Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}"),
        ]
        assert opened._transport
        opened._transport.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(OPEN_S):
            await opened.ready
        return opened

    def close(self) -> None:
        """Without a farewell."""
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionResetError("closed before it was open"))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        if not self.ready.done():
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            assert b" 101 " in head[:20], head
            self.ready.set_result(None)
        at = 0
        while (frame := _frame(data, at)) is not None:
            start, stop = frame
            if data[at] == 0x81 and (found := SEQUENCE.search(data, start, stop)):
                self.seqs.append(int(found[1]))
                if self._note:
                    self._note(data[start:stop])
            elif data[at] == 0x89 and self._transport:  # a ping
                pong = bytes([0x8A, 0x80 | stop - start, 0, 0, 0, 0]) + data[start:stop]
                self._transport.write(pong)
            at = stop
        self._rest = data[at:]


def _frame(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `at` begins and ends; None = not all of it is there."""
    if len(data) < at + 2:
        return None
    size, start = data[at + 1] & 0x7F, at + 2
    if size > 125:
        wide = 2 if size == 126 else 8
        start += wide
        size = int.from_bytes(data[at + 2 : start], "big")
    stop = start + size
    return (start, stop) if start <= len(data) and stop <= len(data) else None
