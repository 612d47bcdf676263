"""The loop around every handler: fold, fence, keep alive, cancel, retry, give up.

A handler gets an `Attempt`, tells its own `started` fact first and its terminal fact last. What
it raises decides: `PermanentError` fails the job at once; anything else is tried again until
`Subscription.attempts` tries brought no progress. Cancelling the job cancels the handler's task.
A handler that is asked to pause tells why it left its place, and raises `HandedBack`.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from libs.common import subjects
from libs.common.bus import raise_if_cancelled
from libs.common.cloudevents import decode
from libs.common.errors import BadInput, PermanentError, ShirushiError
from libs.common.events import (
    KINDS,
    CancelRequested,
    Event,
    Started,
    TrainingPauseRequested,
)
from libs.common.jobs import Job, fold
from libs.common.requests import Delivery, deliveries
from libs.common.service import Deps
from libs.common.subjects import Subscription

log = logging.getLogger(__name__)

PROGRESS_S = 0.25
PAUSED_LOOK_S = 1.5
"""How soon a paused job is looked at again: also how long a resume may take."""
E = TypeVar("E", bound=Event)


class HandedBack(Exception):
    """The handler left its job for another attempt, and told why."""


@dataclass
class Attempt:
    """One try at a job."""

    job: Job
    number: int
    deps: Deps
    keep: asyncio.Event = field(default_factory=asyncio.Event)
    pause: asyncio.Event = field(default_factory=asyncio.Event)
    cancelling: bool = False
    fenced: bool = False
    _told_at: float = 0.0

    async def tell(self, kind: type[E], **fields: Any) -> E:
        """Publish a fact of this attempt."""
        event = kind(job_id=self.job.id, attempt=self.number, **fields)
        await self.deps.bus.publish(event)
        raise_if_cancelled()
        return event

    async def progress(self, *, done: float, of: float, stage: str = "", **more: Any) -> None:
        """A reading for whoever watches; at most four a second, the last one always."""
        raise_if_cancelled()
        now = time.monotonic()
        if now - self._told_at < PROGRESS_S and done < of:
            return
        self._told_at = now
        reading = {"area": self.job.area, "job_id": self.job.id, "attempt": self.number}
        reading |= {"done": done, "of": of, "stage": stage} | more
        await self.deps.bus.tell(f"progress.{self.job.area}.{self.job.id}", reading)


Handler = Callable[[Attempt], Awaitable[None]]


async def load(deps: Deps, area: str, job_id: str) -> Job | None:
    """The state of a job, from the log."""
    return fold(await deps.bus.read(*subjects.of_job(area, job_id)))


def fact(area: str, name: str) -> type[Event]:
    """The class of `<area>.<name>.v1`."""
    return KINDS[f"{area}.{name}.v1"]


class Worker:
    """All jobs that this process works on."""

    def __init__(self, deps: Deps, area: str, handler: Handler) -> None:
        self.deps = deps
        self.area = area
        self.handler = handler
        self.running: dict[str, tuple[Attempt, asyncio.Future[None]]] = {}
        self.taking = asyncio.Lock()

    async def settle(self, delivery: Delivery) -> None:
        """Bring one delivery to its end: done, handed back, or buried."""
        async with delivery.kept_alive():
            try:
                record = decode(delivery.msg.data, seq=delivery.sequence)
            except BadInput as error:
                await delivery.bury(error.message)
                return
            if record is None:
                await delivery.bury("a kind that this release does not know")
                return
            await self._settle(record.event.job_id, delivery)

    async def _settle(self, job_id: str, delivery: Delivery) -> None:
        while ours := self.running.get(job_id):  # told again while we are at it
            await asyncio.wait({ours[1]})
            await asyncio.sleep(0)
        async with self.taking:  # a cancel of a queued job is told before or after, not within
            job = await load(self.deps, self.area, job_id)
            if job is None or job.finished:
                await delivery.done()
                return
            attempt = Attempt(job, max(delivery.count, job.attempt + 1), self.deps)
            if job.cancel and not job.cancel.keep:
                await self._cancelled(attempt, delivery)
                return
            if job.pausing:
                await delivery.hand_back(PAUSED_LOOK_S)
                return
            if spent(job, delivery):
                died = PermanentError("the worker died on every attempt", code="worker_died")
                await self._failed(attempt, delivery, died)
                return
            task = asyncio.ensure_future(self.handler(attempt))
            self.running[job_id] = (attempt, task)
        await self._await(task, attempt, delivery)

    async def watch(self, after: int) -> None:
        """Follow cancels, pauses and newer attempts, and pass them to the jobs that run here."""
        names = ("cancel_requested", "pause_requested", "started")
        patterns = [f"evt.{self.area}.{name}.v1.*" for name in names]
        async for record in self.deps.bus.replay(*patterns, after=after):
            event = record.event
            ours = self.running.get(event.job_id)
            if isinstance(event, Started) and ours and event.attempt > ours[0].number:
                log.warning("a newer attempt took over", extra={"job_id": event.job_id})
                ours[0].fenced = True
                ours[1].cancel()
            elif isinstance(event, CancelRequested):
                await self._cancel(event, ours)
            elif isinstance(event, TrainingPauseRequested):
                async with self.taking:  # one that is about to start sees it in the log, or here
                    if ours := self.running.get(event.job_id):
                        ours[0].pause.set()

    async def _cancel(
        self, event: CancelRequested, ours: tuple[Attempt, asyncio.Future[None]] | None
    ) -> None:
        if ours and event.keep:
            ours[0].keep.set()
        elif ours:
            ours[0].cancelling = True
            ours[1].cancel()
        elif not event.keep:  # still queued: say so now, not when a worker is free
            async with self.taking:
                if running := self.running.get(event.job_id):
                    running[0].cancelling = True
                    running[1].cancel()
                    return
                job = await load(self.deps, self.area, event.job_id)
                if job and job.idle:
                    await Attempt(job, job.attempt, self.deps).tell(fact(self.area, "cancelled"))

    async def _await(
        self, task: asyncio.Future[None], attempt: Attempt, delivery: Delivery
    ) -> None:
        if attempt.job.cancel and attempt.job.cancel.keep:
            attempt.keep.set()
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:  # we are stopping: let the handler clean up, hand back
            task.cancel()
            await asyncio.wait({task})
            await delivery.hand_back()
            raise
        finally:
            del self.running[attempt.job.id]
        if attempt.fenced:
            return  # the delivery belongs to the newer attempt
        if not task.cancelled():
            await self._conclude(task.exception(), attempt, delivery)
        elif attempt.cancelling:
            await self._cancelled(attempt, delivery)
        else:
            await delivery.hand_back()

    async def _conclude(
        self, error: BaseException | None, attempt: Attempt, delivery: Delivery
    ) -> None:
        if error is None:
            await delivery.done()
            return
        if isinstance(error, HandedBack):
            await delivery.hand_back(PAUSED_LOOK_S)
            return
        if isinstance(error, PermanentError):
            await self._failed(attempt, delivery, error)
            return
        log.error("attempt failed", exc_info=error, extra={"job_id": attempt.job.id})
        job = await load(self.deps, self.area, attempt.job.id) or attempt.job
        if spent(job, delivery):
            await self._failed(attempt, delivery, error)
        else:
            waits = delivery.subscription.backoff_s
            await delivery.hand_back(waits[min(max(job.fruitless, 1), len(waits)) - 1])

    async def _cancelled(self, attempt: Attempt, delivery: Delivery) -> None:
        await attempt.tell(fact(self.area, "cancelled"))
        await delivery.done()

    async def _failed(self, attempt: Attempt, delivery: Delivery, error: BaseException) -> None:
        if not isinstance(error, ShirushiError):
            error = PermanentError(f"{type(error).__name__}: {error}", code="internal_error")
        await attempt.tell(
            fact(self.area, "failed"),
            error_code=error.code,
            message=error.message,
            console=error.console[-50:],
        )
        await delivery.bury(f"{error.code}: {error.message}")


def spent(job: Job, delivery: Delivery) -> bool:
    """Whether the tries without progress are used up."""
    silent = 0 if job.waited else delivery.count - 1  # died before they could say so
    return (job.fruitless if job.attempt else silent) >= delivery.subscription.attempts


async def run_jobs(
    deps: Deps,
    subscriptions: Subscription | Sequence[Subscription],
    handler: Handler,
    *,
    slots: int = 1,
) -> None:
    """Work off requests until cancelled, at most `slots` at a time."""
    queues = [subscriptions] if isinstance(subscriptions, Subscription) else list(subscriptions)
    area = queues[0].pattern.split(".")[1]
    worker = Worker(deps, area, handler)
    free = asyncio.Semaphore(slots)

    async def settle(delivery: Delivery) -> None:
        try:
            await worker.settle(delivery)
        except Exception:  # the boundary: no job's error may stop the loop
            log.exception("a delivery could not be settled")
            with suppress(Exception):
                await delivery.hand_back(5.0)
        finally:
            free.release()

    after = await deps.bus.last_sequence()
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.watch(after))
        source = deliveries(deps.bus, queues, slots=slots)
        while True:
            await free.acquire()
            delivery = await anext(source)
            group.create_task(settle(delivery))
