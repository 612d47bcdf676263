"""Each new frame to all sockets that have everything before it, each reading at its pace.

A socket that has to read first is left out, and fetches what it missed by itself: it never slows
anyone. Telemetry is measured, not stored: such a socket gets the newest readings when it can.
"""

import asyncio
import time
from collections import defaultdict
from typing import Protocol

from services.gateway.edge.wire import Wire, text_frame
from services.gateway.readings import Readings
from services.gateway.ring import Frame, Ring
from services.gateway.topics import Topics

HEARTBEAT_S = 15.0
READING_S = 0.25
ALLOWED_S = 5.0


class Reader(Protocol):
    """One open socket, as the fan-out sees it."""

    topics: Topics
    seen: int
    """The count of the newest readings that it got."""

    @property
    def wire(self) -> Wire:
        """What it is sent on."""

    def fell_behind(self, place: int) -> None:
        """It has to read first; it has all up to `place`."""

    def look_again(self) -> None:
        """Whether it may still listen."""


class Fanout:
    """One per gateway."""

    def __init__(self, ring: Ring, readings: Readings) -> None:
        self._ring = ring
        self._readings = readings
        self._live: defaultdict[Topics, set[Reader]] = defaultdict(set)
        self._all: set[Reader] = set()
        ring.tell = self.tell

    def enter(self, reader: Reader) -> None:
        """From now on it is looked after: readings, heartbeats, whether it may listen."""
        self._all.add(reader)

    def leave(self, reader: Reader) -> None:
        """It is gone."""
        self._all.discard(reader)
        self.hold(reader)

    def release(self, reader: Reader) -> None:
        """It has everything up to now: the next frame is put to it at once."""
        self._live[reader.topics].add(reader)

    def hold(self, reader: Reader) -> bool:
        """Nothing is put to it any more; whether anything was."""
        own = self._live.get(reader.topics)
        if own is None or reader not in own:
            return False
        own.discard(reader)
        if not own:
            del self._live[reader.topics]
        return True

    def tell(self, frame: Frame) -> None:
        """Put a frame to all who have everything before it and want it."""
        full = [
            reader
            for topics, readers in self._live.items()
            if topics.want(frame.topic)
            for reader in readers
            if not reader.wire.put(frame.wire)
        ]
        for reader in full:
            self.hold(reader)
            reader.fell_behind(frame.seq)

    async def look_after(self) -> None:
        """Readings, heartbeats and permissions, for ever."""
        beat = allowed = time.monotonic()
        while True:
            await asyncio.sleep(READING_S)
            now = time.monotonic()
            self._tell_readings()
            if now - allowed >= ALLOWED_S:
                allowed = now
                for reader in list(self._all):
                    reader.look_again()
            if now - beat >= HEARTBEAT_S:
                beat = now
                wire = heartbeat(self._ring.last)
                for reader in self._all:
                    if not reader.wire.full:
                        reader.wire.put(wire)

    def _tell_readings(self) -> None:
        """Newest wins: who could not take some readings gets only those that are new by then."""
        count = self._readings.count
        fresh: dict[int, list[tuple[str, bytes]]] = {}
        for reader in self._all:
            if reader.seen == count or reader.wire.full or not reader.topics.telemetry:
                continue
            if reader.seen not in fresh:
                fresh[reader.seen] = self._readings.since(reader.seen)
            for topic, wire in fresh[reader.seen]:
                if reader.topics.want(topic):
                    reader.wire.put(wire)
            reader.seen = count


def heartbeat(seq: int) -> bytes:
    """Says that the line is alive, and how far the log is."""
    return text_frame(b'{"type":"heartbeat","data":{"last_seq":%d}}' % seq)
