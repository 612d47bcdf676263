"""The live socket: history past `after`, then what comes; each reader keeps its own place.

No queue per socket: a reader that is slow or was away is simply further behind in the shared
ring, or in the log itself, and never slows anyone. Readings are kept per topic, newest wins.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import orjson
from fastapi import WebSocket, WebSocketDisconnect

from libs.common.bus import Bus, raise_if_cancelled
from libs.common.errors import BadInput
from libs.common.service import end
from services.gateway.readings import Readings
from services.gateway.ring import Frame, Ring, frame
from services.gateway.topics import Topics, checked

HEARTBEAT_S = 15.0
READING_S = 0.25
PAGE = 500
MOST_OPS = 20  # operations per second on one socket
ALLOWED_S = 5.0
POLICY = 1008
NOT_KNOWN = 4401
BAD_DATA = 1003


async def frames(bus: Bus, ring: Ring, after: int) -> AsyncIterator[list[Frame]]:
    """Pages of frames past `after`, for ever; an empty page when nothing came for a while."""
    place = after
    while True:
        raise_if_cancelled()
        if place < ring.first - 1 and place < ring.last:
            raws = await bus.page(after=place, limit=PAGE)
            page = [
                frame(raw.seq, raw.subject, raw.payload)
                for raw in raws
                if raw.seq <= ring.last and readable(raw.payload)
            ]
            place = max([place, *(raw.seq for raw in raws if raw.seq <= ring.last)])
        else:
            page = ring.after(place, PAGE)
        if page:
            place = page[-1].seq
        yield page
        if not page:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await ring.moved()
            except TimeoutError:
                yield []


class Viewer:
    """One open socket."""

    def __init__(self, socket: WebSocket, bus: Bus, ring: Ring, readings: Readings) -> None:
        self.socket = socket
        self.bus = bus
        self.ring = ring
        self.readings = readings
        self.topics = Topics()

    async def serve(self, after: int, topics: Topics, allowed: Callable[[], bool]) -> None:
        """Talk until either side ends, or `allowed` says that the reader may no longer listen."""
        self.topics = topics
        tasks = [
            asyncio.create_task(self._send_events(after)),
            asyncio.create_task(self._send_readings()),
            asyncio.create_task(self._receive()),
            asyncio.create_task(self._watch(allowed)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except WebSocketDisconnect:
            return
        finally:
            await end(*tasks)

    async def _send_events(self, after: int) -> None:
        beat = time.monotonic()
        async for page in frames(self.bus, self.ring, after):
            for each in page:
                if self.topics.want(each.topic):
                    await self.socket.send_text(each.text)
                    beat = time.monotonic()
            if time.monotonic() - beat >= HEARTBEAT_S - 1:
                beat = time.monotonic()
                await self.socket.send_text(heartbeat(self.ring.last))

    async def _send_readings(self) -> None:
        seen = 0
        while True:
            await self.readings.moved()
            if self.topics.want_area("telemetry"):
                seen, fresh = self.readings.since(seen)
                for topic, text in fresh:
                    if self.topics.want(topic):
                        await self.socket.send_text(text)
            await asyncio.sleep(READING_S)

    async def _watch(self, allowed: Callable[[], bool]) -> None:
        """Close the socket of a reader whose token was revoked or has ended."""
        while True:
            if not allowed():
                reason = "the token or the session has ended: sign in again"
                await self.socket.close(NOT_KNOWN, reason)
                return
            await asyncio.sleep(ALLOWED_S)

    async def _receive(self) -> None:
        """Topic changes; anything else closes the socket with a code."""
        window, count = time.monotonic(), 0
        while True:
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            now = time.monotonic()
            window, count = (now, 1) if now - window > 1 else (window, count + 1)
            try:
                self.topics = changed(self.topics, message.get("text"), rate=count)
            except BadInput as error:
                await self.socket.close(POLICY, error.message[:120])
                return


def changed(topics: Topics, text: str | None, *, rate: int) -> Topics:
    """`topics` after one `{"op": "subscribe" | "unsubscribe", "topics": [...]}`.

    Raises:
        BadInput: the frame is not that, or this second brought too many (`rate`).
    """
    if rate > MOST_OPS:
        raise BadInput("too many operations a second")
    if text is None:
        raise BadInput("send JSON text, not binary")
    try:
        order = orjson.loads(text)
        op, patterns = order["op"], checked(order["topics"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise BadInput('send {"op": "subscribe", "topics": ["training.>"]}') from error
    if op == "subscribe":
        return topics.plus(patterns)
    if op == "unsubscribe":
        return topics.minus(patterns)
    raise BadInput("op is subscribe or unsubscribe")


def readable(payload: bytes) -> bool:
    """Whether a stored message is a JSON object, as all of ours are."""
    try:
        return isinstance(orjson.loads(payload), dict)
    except orjson.JSONDecodeError:
        return False


def heartbeat(seq: int) -> str:
    """Says that the line is alive, and how far the log is."""
    return orjson.dumps({"type": "heartbeat", "data": {"last_seq": seq}}).decode()
