"""Facts that cannot be told now: kept on disk in their order, and told when the bus is back.

One file a fact, in a folder that only its owner can read; a file is whole or not there. It goes
once the bus confirmed its fact, so a service that is killed tells the rest when it starts again,
and a fact that was stored although nobody heard so is recognised by its dedupe key. Requests do
not come here: whoever asks is told at once that the bus is away.
"""

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson

from libs.common import subjects, tracing
from libs.common.bus import GONE, Bus, cancels, raise_if_cancelled
from libs.common.cloudevents import Recorded, decode, encode
from libs.common.errors import BadInput, PermanentError, Unavailable
from libs.common.events import Event

log = logging.getLogger(__name__)

PATIENCE_S = 2.0
"""How long one fact is tried before it is kept."""
RETRY_S = 0.25
FULL_S = 1.0
MOST_BYTES = 64 * 2**20
MOST_EVENT_BYTES = subjects.EVENTS.max_msg_size or 2**20
SURELY_KNOWN_S = (subjects.EVENTS.duplicate_window or 0.0) / 2
"""So old a fact the bus may have forgotten: whether it was stored is looked up in the log."""


class Outbox:
    """The facts of one service on their way to the log. Open it with `open_outbox`."""

    def __init__(self, bus: Bus, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._bus, self._folder, self._most = bus, folder, most_bytes
        self._turn = asyncio.Lock()
        for torn in folder.glob("*.new"):
            torn.unlink(missing_ok=True)
        self._kept = deque(sorted(folder.glob("*.json")))
        self._bytes = sum(path.stat().st_size for path in self._kept)
        self._last = max((int(path.stem) for path in self._kept), default=0)
        self._some, self._none = asyncio.Event(), asyncio.Event()
        (self._some if self._kept else self._none).set()

    @property
    def waiting(self) -> int:
        """Facts that are kept."""
        return len(self._kept)

    async def empty(self) -> None:
        """Return once the log has all that was told here."""
        await self._none.wait()

    async def tell(self, event: Event) -> None:
        """Store `event` in the log, or keep it until that can be done; facts keep their order.

        Where neither can be done (no room here either), this waits.

        Raises:
            BadInput: it is over the bus's limit of 1 MB.
        """
        with tracing.sending(event):
            within = tracing.traceparent()
            payload = encode(event, source=self._bus.source, traceparent=within)
            await self._tell(event, payload)

    async def _tell(self, event: Event, payload: bytes) -> None:
        before = cancels()
        async with self._turn:
            while True:
                if not self._kept and await self._told(event, payload):
                    return
                if len(payload) > MOST_EVENT_BYTES:
                    raise BadInput(
                        f"the event {event.kind} is too large: put bulk into an artifact",
                        code="event_too_large",
                    )
                if await self._keep(payload):
                    return
                raise_if_cancelled(before)
                await asyncio.sleep(FULL_S)

    async def send(self) -> None:
        """Tell what is kept, as soon as the bus takes it, until cancelled."""
        while True:
            await self._some.wait()
            raise_if_cancelled()
            path = self._kept[0]
            if not self._bus.connected or not await self._sent(path):
                await asyncio.sleep(RETRY_S)
                continue
            self._kept.popleft()
            if not self._kept:
                self._bytes = 0
                self._some.clear()
                self._none.set()
                log.info("all kept facts are told")

    async def _told(self, event: Event, payload: bytes) -> bool:
        if not self._bus.connected:  # the client would buffer it, past those that are kept
            return False
        try:
            await self._bus.store(event, payload, patience_s=PATIENCE_S)
        except Unavailable:
            return False
        return True

    async def _keep(self, payload: bytes) -> bool:
        """Whether it is on disk now; the write ends even when we are cancelled."""
        if self._bytes + len(payload) > self._most:
            log.error("fact waits: the outbox is full", extra={"kept": self.waiting})
            return False
        self._last = max(self._last + 1, time.time_ns())
        path = self._folder / f"{self._last:020d}.json"
        writing = asyncio.ensure_future(asyncio.to_thread(write_durably, path, payload))
        cancelled = False
        while not writing.done():
            try:
                await asyncio.wait({writing})
            except asyncio.CancelledError:
                cancelled = True
        if error := writing.exception():
            log.error("fact waits: the outbox cannot be written", extra={"reason": str(error)})
        else:
            if not self._kept:
                log.warning("bus away, facts are kept on disk", extra={"folder": str(path.parent)})
            self._kept.append(path)
            self._bytes += len(payload)
            self._none.clear()
            self._some.set()
        if cancelled:
            raise asyncio.CancelledError
        return error is None

    async def _sent(self, path: Path) -> bool:
        """Whether this one needs no more care."""
        try:
            payload = await asyncio.to_thread(path.read_bytes)
            record = decode(payload, seq=0)
            if record is None:
                raise BadInput("a kind that this release does not know")
            old = time.time_ns() - int(path.stem) > SURELY_KNOWN_S * 1e9
            if not (old and await self._in_log(record, orjson.loads(payload)["id"])):
                await self._bus.store(record.event, payload, patience_s=PATIENCE_S)
        except FileNotFoundError:
            return True
        except (Unavailable, OSError, *GONE):
            return False
        except PermanentError as error:
            log.error("kept fact refused", extra={"path": str(path), "reason": error.message})  # noqa: TRY400
            await asyncio.to_thread(path.rename, path.with_suffix(".refused"))
            return True
        await asyncio.to_thread(path.unlink, missing_ok=True)
        return True

    async def _in_log(self, record: Recorded, dedupe_key: str) -> bool:
        found = await self._bus.read(subjects.of(record.event))
        return any(each.event.dedupe_key == dedupe_key for each in found)


def write_durably(path: Path, payload: bytes) -> None:
    """Write a file with mode 0600 that is there, whole, after a loss of power too.

    Raises:
        OSError: there is no room; nothing is left of it.
    """
    new = path.with_suffix(".new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@asynccontextmanager
async def open_outbox(
    bus: Bus, folder: Path, *, most_bytes: int = MOST_BYTES
) -> AsyncIterator[Outbox]:
    """An outbox that tells what `folder` holds, from an earlier run too, while the block lasts."""
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    outbox = Outbox(bus, folder, most_bytes=most_bytes)
    sending = asyncio.create_task(outbox.send())
    try:
        yield outbox
    finally:
        while not sending.done():
            sending.cancel()
            await asyncio.wait({sending}, timeout=PATIENCE_S)
