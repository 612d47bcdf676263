"""A thousand readers of a live stream in one event loop: raw sockets, as cheap as they can be."""

import asyncio
import base64
import os
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

STAMP = b'"worker":"'


@dataclass
class Tally:
    """What all readers got: delays of each frame in seconds, and the last sequence of each."""

    delays: list[float] = field(default_factory=list)
    seqs: dict[int, list[int]] = field(default_factory=dict)


class Reader(asyncio.Protocol):
    """Speaks just enough of RFC 6455 to read unmasked text frames."""

    def __init__(self, url: str, number: int, tally: Tally) -> None:
        self.url = urlsplit(url)
        self.tally = tally
        self.seqs = tally.seqs.setdefault(number, [])
        self.held = b""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {self.url.path}?{self.url.query} HTTP/1.1",
            f"Host: {self.url.netloc}",
            *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
            f"Sec-WebSocket-Key: {key}",
        ]
        transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        """Take whole frames."""
        now = time.monotonic_ns()
        data = self.held + data
        if not self.ready.done():
            if b"\r\n\r\n" not in data:
                self.held = data
                return
            head, _, data = data.partition(b"\r\n\r\n")
            assert b" 101 " in head, head
            self.ready.set_result(None)
        at = 0
        while (end := frame_end(data, at)) is not None:
            start, stop = end
            self._take(data[start:stop], now, data[at])
            at = stop
        self.held = data[at:]

    def _take(self, payload: bytes, now: int, first: int) -> None:
        if first & 0x0F == 9:  # ping: answered, masked with zeros
            self.transport.write(b"\x8a" + bytes([0x80 | len(payload)]) + b"\0\0\0\0" + payload)
            return
        if (at := payload.find(STAMP)) < 0:
            return
        sent = int(payload[at + len(STAMP) : payload.index(b'"', at + len(STAMP))])
        self.tally.delays.append((now - sent) / 1e9)
        self.seqs.append(int(payload[payload.rindex(b":") + 1 : -1]))

    def connection_lost(self, _exc: Exception | None) -> None:
        """Remember it: no reader of a bench may be lost."""
        self.closed = True


def frame_end(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `at` begins and ends; None if it is not whole."""
    if len(data) < at + 2:
        return None
    length, start = data[at + 1] & 0x7F, at + 2
    if length == 126:
        length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
    elif length == 127:
        length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
    return (start, start + length) if len(data) >= start + length else None


async def readers(url: str, count: int, tally: Tally) -> list[Reader]:
    """Open `count` sockets, a few at a time."""
    loop, found = asyncio.get_running_loop(), []
    host, port = urlsplit(url).hostname or "", urlsplit(url).port or 80
    for number in range(count):
        _, reader = await loop.create_connection(
            lambda number=number: Reader(url, number, tally),  # type: ignore[misc]
            host,
            port,
        )
        found.append(reader)
        if number % 20 == 19:
            await asyncio.gather(*(each.ready for each in found[-20:]))
    await asyncio.gather(*(each.ready for each in found))
    return found


def stalled(url: str, count: int) -> list[socket.socket]:
    """Sockets that ask for the stream and never read a byte of it."""
    parts, found = urlsplit(url), []
    for _ in range(count):
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect((parts.hostname, parts.port))
        key = base64.b64encode(os.urandom(16)).decode()
        raw.sendall(
            f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket"
            f"\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            "\r\n".encode()
        )
        found.append(raw)
    return found
