"""Whether this host takes trainings up: as the log says, now and after a restart."""

import asyncio
import logging

from libs.common import subjects
from libs.common.cloudevents import Recorded
from libs.common.events import HostDrained
from libs.common.host_names import host_id
from libs.common.hosts import Drain, Drains
from libs.common.service import Deps
from libs.common.work import Gate, Leaving

log = logging.getLogger(__name__)


class Draining:
    """Closes the gate of a worker while its host is drained. Open it with `begin`."""

    def __init__(self, deps: Deps, gate: Gate) -> None:
        self.deps, self.gate = deps, gate
        self.host = deps.settings.host_name
        self._drains = Drains()
        self._seen = 0
        self._telling: asyncio.Task[None] | None = None

    @property
    def drain(self) -> Drain | None:
        """What was asked of this host; None = it takes trainings."""
        return self._drains.of.get(self.host)

    @property
    def shown(self) -> str | None:
        """For `/status`: what becomes of those that run here; None = it is not drained."""
        return self.drain.running if self.drain else None

    async def begin(self) -> None:
        """Learn from the log what was asked before this service started."""
        for record in await self.deps.bus.read(*self._patterns):
            self._take(record)
        self._obey()

    async def follow(self) -> None:
        """Obey what is asked from now on, until cancelled."""
        try:
            async for record in self.deps.bus.replay(*self._patterns, after=self._seen):
                self._take(record)
                self._obey()
        finally:
            if self._telling:
                self._telling.cancel()

    @property
    def _patterns(self) -> tuple[str, ...]:
        return subjects.of_job("host", host_id(self.host))

    def _take(self, record: Recorded) -> None:
        self._drains.fold(record)
        self._seen = record.seq

    def _obey(self) -> None:
        drain, told = self.drain, self._telling
        if drain is None:
            self.gate.open()
            if told:
                told.cancel()
            self._telling = None
            return
        hand_over = drain.running == "hand_over"
        self.gate.close(Leaving("drained", self.host) if hand_over else None)
        if told is None:
            self._telling = asyncio.create_task(self._tell(drain.seq))

    async def _tell(self, request_seq: int) -> None:
        """Say so once nothing runs here any more."""
        await self.gate.empty.wait()
        event = HostDrained(
            job_id=host_id(self.host),
            host=self.host,
            worker=self.deps.worker,
            request_seq=request_seq,
        )
        await self.deps.outbox.tell(event)
        log.info("host drained", extra={"host": self.host})
