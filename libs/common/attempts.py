"""One try at a job, as its handler sees it: what it tells, and what it is asked to do meanwhile."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar

from libs.common import subjects
from libs.common.bus import raise_if_cancelled
from libs.common.errors import TransientError
from libs.common.events import KINDS, Event
from libs.common.jobs import Job, fold
from libs.common.service import Deps
from libs.common.urgency import Holder

PROGRESS_S = 0.25
E = TypeVar("E", bound=Event)
T = TypeVar("T")


async def load(deps: Deps, area: str, job_id: str) -> Job | None:
    """The state of a job, from the log, which has all that we told by then."""
    await deps.outbox.empty()
    return fold(await deps.bus.read(*subjects.of_job(area, job_id)))


def fact(area: str, name: str) -> type[Event]:
    """The class of `<area>.<name>.v1`."""
    return KINDS[f"{area}.{name}.v1"]


class HandedBack(Exception):
    """The handler left its job for another attempt, and told why."""


class Leaving(NamedTuple):
    """Why an attempt is to leave its place: the fields of `TrainingPaused`."""

    reason: Literal["asked", "preempted", "drained"]
    by: str | None = None


@dataclass
class Attempt:
    """One try at a job."""

    job: Job
    number: int
    deps: Deps
    level: int = 0
    """Of the queue that it came from, 0 = the most urgent."""
    by_turn: bool = False
    """It has its place though more urgent ones wait."""
    keep: asyncio.Event = field(default_factory=asyncio.Event)
    pause: asyncio.Event = field(default_factory=asyncio.Event)
    leaving: Leaving | None = None
    free: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it needs its place no more: its process is gone, what it made is being stored."""
    cancelling: bool = False
    fenced: bool = False
    began_s: float = field(default_factory=time.monotonic)
    _told_at: float = 0.0
    _reading: dict[str, Any] | None = None
    _later: asyncio.TimerHandle | None = None
    _telling: asyncio.Future[None] | None = None

    @property
    def holder(self) -> Holder:
        """As the rules of urgency see it."""
        settled = self.pause.is_set() or self.keep.is_set() or self.cancelling or self.fenced
        return Holder(
            self.job.id, self.level, self.began_s, self.job.preempted, self.by_turn, settled
        )

    def leave(self, why: Leaving) -> None:
        """Ask the handler to hand the job back; the first reason stays."""
        self.leaving = self.leaving or why
        self.pause.set()

    async def unless_leaving(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns.

        Raises:
            HandedBack: the attempt was asked to leave first; `work` is cancelled then.
        """
        task, asked = asyncio.ensure_future(work), asyncio.ensure_future(self.pause.wait())
        try:
            await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise HandedBack
        finally:
            asked.cancel()
            while not task.done():
                task.cancel()
                await asyncio.wait({task})

    async def tell(self, kind: type[E], **fields: Any) -> E:
        """Tell a fact of this attempt, now or when the bus is back; before it a waiting reading."""
        await self._tell_reading()
        event = kind(job_id=self.job.id, attempt=self.number, **fields)
        await self.deps.outbox.tell(event)
        raise_if_cancelled()
        return event

    async def still_counts(self) -> None:
        """Return if the log knows of no newer attempt now.

        Asked before each step that would write over what another one made: who was stopped for
        long, and taken for dead, does not know of it when he wakes up.

        Raises:
            TransientError: another worker took the job over.
        """
        starts = await self.deps.bus.read(subjects.starts(self.job.area, self.job.id))
        if any(record.event.attempt > self.number for record in starts):
            self.fenced = True
            raise TransientError("another worker took the job over", code="taken_over")

    async def progress(self, *, done: float, of: float, stage: str = "", **more: Any) -> None:
        """A reading for whoever watches: at most four a second, and the newest is never lost."""
        raise_if_cancelled()
        reading = {"area": self.job.area, "job_id": self.job.id, "attempt": self.number}
        self._reading = reading | {"done": done, "of": of, "stage": stage} | more
        wait_s = self._told_at + PROGRESS_S - time.monotonic()
        if wait_s <= 0 or done >= of:
            await self._tell_reading()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(wait_s, self._is_due)

    def _is_due(self) -> None:
        self._telling = asyncio.ensure_future(self._tell_reading())

    async def _tell_reading(self) -> None:
        """Tell the newest reading, unless it was told."""
        if self._later:
            self._later.cancel()
            self._later = None
        reading, self._reading = self._reading, None
        if reading:
            self._told_at = time.monotonic()
            await self.deps.bus.tell(f"progress.{self.job.area}.{self.job.id}", reading)
