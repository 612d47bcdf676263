"""Snapshots of the fold in the store: a gateway begins with the newest, and reads what came since.

`ledger/FINGERPRINT/SEQ-SHA256`. One that is damaged, of other code, or of another log is left, and
the log is read from its beginning, as it is where the store is away.
"""

import asyncio
import hashlib
import logging
import re
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from libs.common.artifacts import ArtifactStore, Head
from libs.common.bus import GONE, Bus, raise_if_cancelled
from libs.common.errors import ShirushiError
from services.gateway import snapshot
from services.gateway.ledger import Ledger

log = logging.getLogger(__name__)

FOLDER = "ledger"
NAME = re.compile(r"^ledger/[0-9a-f]{16}/(\d{16})-([0-9a-f]{64})$")
LEAST = 20_000
GROWTH = 0.1
"""A snapshot is taken when the log has grown by this share since the last, and by LEAST events:
what all of them cost stays in proportion to the log."""
KEPT = 2
OLD_S = 7 * 24 * 3600
LIST_S = 3.0
READ_S = 60.0
LOOK_S = 5.0
REST_S = 0.002
"""Slept after each REST_EVERY_S of writing, so that requests are answered meanwhile."""
REST_EVERY_S = 0.01


class Snapshots:
    """Of one ledger."""

    def __init__(self, ledger: Ledger, store: ArtifactStore, scratch: Path) -> None:
        self.ledger, self.store, self.scratch = ledger, store, scratch
        self.folder = f"{FOLDER}/{snapshot.fingerprint()}"
        self.newest = 0
        """The sequence of the newest one that we know of."""

    async def follow(self, bus: Bus) -> None:
        """Fold the log for ever, from a snapshot if there is one, and take new ones."""
        await self.restore(bus)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.ledger.follow(bus))
            group.create_task(self.keep())

    async def restore(self, bus: Bus) -> bool:
        """Whether the ledger begins with a snapshot."""
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(LIST_S):
                known = await self._known()
            for head in reversed(known[-KEPT:]):
                async with asyncio.timeout(READ_S):
                    data = await self._whole(head)
                if data and await self._of_this_log(bus, data):
                    await asyncio.to_thread(snapshot.recall, self.ledger, data)
                    self.newest = self.ledger.ring.last
                    took_s = round(time.monotonic() - began_s, 2)
                    log.info("began with a snapshot", extra={"seq": self.newest, "took_s": took_s})
                    return True
        except (ShirushiError, TimeoutError, *GONE) as error:
            log.warning("no snapshot could be read", extra={"reason": str(error)})
        return False

    async def keep(self) -> None:
        """Take one whenever the log has grown enough, until cancelled."""
        while True:
            raise_if_cancelled()
            grown = self.ledger.ring.last - self.newest
            if self.ledger.caught_up and grown >= max(LEAST, GROWTH * self.newest):
                with suppress(ShirushiError, OSError):
                    await self.take()
            await asyncio.sleep(LOOK_S)

    async def take(self) -> int:
        """Take one now, and remove those that nobody needs; its sequence.

        Raises:
            Unavailable: the store does not answer.
            OSError: there is no room on this machine's disk.
        """
        now = snapshot.taken(self.ledger)
        self.newest = seq = int(now.head["seq"])
        with tempfile.TemporaryFile(dir=self.scratch) as file:
            digest = await asyncio.to_thread(now.write, file, Beat())
            file.seek(0)
            await self.store.put_stream(f"{self.folder}/{seq:016d}-{digest}", file)
        log.info("snapshot taken", extra={"seq": seq, "jobs": len(now.jobs)})
        ours = await self._known()
        others = [each for each in await self.store.list(FOLDER) if each.age_s > OLD_S]
        gone = {each.key for each in (*ours[:-KEPT], *others)} - {each.key for each in ours[-KEPT:]}
        await self.store.delete(*gone)
        return seq

    async def _known(self) -> list[Head]:
        """Those of our code, the oldest first."""
        found = await self.store.list(self.folder)
        return sorted((each for each in found if NAME.match(each.key)), key=lambda each: each.key)

    async def _whole(self, head: Head) -> bytes | None:
        """Its bytes; None where they are not those that were written."""
        found = NAME.match(head.key)
        data = await self.store.get_bytes(head.key)
        digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        if found is None or found[2] != digest:
            log.warning("a snapshot is damaged, it is not used", extra={"key": head.key})
            return None
        return data

    async def _of_this_log(self, bus: Bus, data: bytes) -> bool:
        """Whether the event that it ends with is the one that the log has there."""
        head, _ = snapshot.head_of(data)
        found = await bus.page(after=head["seq"] - 1, limit=1)
        same = [hashlib.sha256(each.payload).hexdigest() for each in found]
        if same != [head["newest"]] or found[0].seq != head["seq"]:
            log.warning("a snapshot is of another log, it is not used", extra={"seq": head["seq"]})
            return False
        return True


class Beat:
    """Called often by a thread that has seconds to compute; lets others have their turn."""

    def __init__(self) -> None:
        self.began_s = time.monotonic()

    def __call__(self) -> None:
        """Rest, if it is time."""
        if time.monotonic() - self.began_s > REST_EVERY_S:
            time.sleep(REST_S)
            self.began_s = time.monotonic()
