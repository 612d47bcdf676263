"""The live socket: history past `after`, then what comes; each reader keeps its own place.

No queue per socket: a reader that is slow or was away is simply further behind in the shared
ring, or in the log itself, and never slows anyone.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import orjson
from fastapi import WebSocket, WebSocketDisconnect

from libs.common.bus import Bus, raise_if_cancelled
from libs.common.errors import BadInput, ShirushiError
from libs.common.service import end
from services.gateway.edge.wire import EXTENSION, Wire
from services.gateway.fanout import HEARTBEAT_S, Fanout
from services.gateway.ring import Frame, Ring, frame
from services.gateway.topics import Topics, checked

log = logging.getLogger(__name__)

PAGE = 500
MOST_OPS = 20  # operations per second on one socket
POLICY = 1008
AGAIN = 1013
NOT_KNOWN = 4401


async def page_after(bus: Bus, ring: Ring, place: int) -> tuple[list[Frame], int]:
    """Frames past `place`, and how far they lead; as far as the ring is when there are no more."""
    if place < ring.first - 1 and place < ring.last:
        raws = [raw for raw in await bus.page(after=place, limit=PAGE) if raw.seq <= ring.last]
        page = [frame(raw.seq, raw.subject, raw.payload) for raw in raws if readable(raw.payload)]
        return page, max([place, *(raw.seq for raw in raws)])
    page = ring.after(place, PAGE)
    return page, page[-1].seq if len(page) == PAGE else max(place, ring.last)


async def frames(bus: Bus, ring: Ring, after: int) -> AsyncIterator[list[Frame]]:
    """Pages of frames past `after`, for ever; an empty page when nothing came for a while."""
    place = after
    while True:
        raise_if_cancelled()
        page, place = await page_after(bus, ring, place)
        if page or place >= ring.last:
            yield page
        if not page:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    while ring.last <= place:
                        await ring.moved()
            except TimeoutError:
                yield []


class Viewer:
    """One open socket."""

    def __init__(self, socket: WebSocket, bus: Bus, ring: Ring, fanout: Fanout) -> None:
        self.socket = socket
        self.wire: Wire = socket.scope["extensions"][EXTENSION]
        self.topics = Topics()
        self.seen = 0
        self._bus = bus
        self._ring = ring
        self._fanout = fanout
        self._allowed: Callable[[], bool] = lambda: True
        self._work: asyncio.Task[None] | None = None

    async def serve(self, after: int, topics: Topics, allowed: Callable[[], bool]) -> None:
        """Talk until either side ends, or `allowed` says that the reader may no longer listen."""
        self.topics, self._allowed = topics, allowed
        self._fanout.enter(self)
        self.fell_behind(after)
        self.look_again()
        try:
            await self._receive()
        finally:
            self._fanout.leave(self)
            if self._work:
                await end(self._work)

    def fell_behind(self, place: int) -> None:
        """Fetch what comes after `place`."""
        self._work = asyncio.create_task(self._catch_up(place))

    def look_again(self) -> None:
        """Close the socket of a reader whose token was revoked or has ended."""
        if self._allowed():
            return
        self._fanout.leave(self)
        if self._work:
            self._work.cancel()
        sentence = "the token or the session has ended: sign in again"
        self._work = asyncio.create_task(self._close(NOT_KNOWN, sentence))

    async def _catch_up(self, place: int) -> None:
        """Send page by page what the reader has not, as fast as it reads; then leave it live."""
        try:
            while place != self._ring.last or self.wire.full:
                raise_if_cancelled()
                if place > self._ring.last:  # it saw more than we have read of the log so far
                    await self._ring.moved()
                    continue
                page, place = await page_after(self._bus, self._ring, place)
                for each in page:
                    if self.topics.want(each.topic):
                        if self.wire.full and not await self.wire.ready():
                            return
                        self.wire.put(each.wire)
                if not await self.wire.ready():
                    return
                await asyncio.sleep(0)  # many may catch up at once
        except ShirushiError as error:
            log.warning("live socket closed", extra={"reason": error.message})
            await self._close(AGAIN, "the log cannot be read now: come again")
        else:
            self._fanout.release(self)

    async def _close(self, code: int, reason: str) -> None:
        with suppress(WebSocketDisconnect):
            await self.socket.close(code, reason[:120])

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
                topics = changed(self.topics, message.get("text"), rate=count)
            except BadInput as error:
                await self._close(POLICY, error.message)
                return
            was_live = self._fanout.hold(self)
            self.topics = topics
            if was_live:
                self._fanout.release(self)


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
