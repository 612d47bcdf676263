"""What a service does with the requests of its queues, and with the jobs that it has taken up."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from libs.common import metrics, tracing
from libs.common.attempts import Attempt, HandedBack, Leaving, fact, load
from libs.common.bus import stored
from libs.common.errors import BadInput, PermanentError
from libs.common.events import CancelRequested, Started, TrainingPauseRequested
from libs.common.gate import Gate
from libs.common.requests import Delivery, Queues
from libs.common.service import Deps
from libs.common.settling import PAUSED_LOOK_S, Settler, Tidy, spent
from libs.common.urgency import Turns, gives_way, open_levels

log = logging.getLogger(__name__)

LOOK_S = 1.0
HEAD_START_S = 0.35
"""How long a worker without a free place leaves an urgent job to one that has a place; workers
whose jobs are less urgent are the next."""

Handler = Callable[[Attempt], Awaitable[None]]


class Worker:
    """All jobs that this process works on, `slots` at a time."""

    def __init__(
        self,
        deps: Deps,
        area: str,
        handler: Handler,
        queues: Queues,
        slots: int,
        gate: Gate,
        tidy: Tidy | None = None,
    ) -> None:
        self.deps, self.area, self.handler = deps, area, handler
        self.settler = Settler(deps, area, tidy)
        self.queues, self.slots, self.gate = queues, slots, gate
        self.turns = Turns()
        self.settling = 0
        self.left = asyncio.Event()
        """Set whenever a delivery is settled."""
        self.running: dict[str, tuple[Attempt, asyncio.Future[None]]] = {}
        self.taking = asyncio.Lock()
        self.alone: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """Deliveries of one job are settled one after the other."""

    @property
    def held(self) -> int:
        """Deliveries that are settled in a place, or for which one is sought."""
        return self.settling - sum(attempt.free.is_set() for attempt, _ in self.running.values())

    def _placed(self) -> list[Attempt]:
        """Who has a place; a job that only stores what it made needs none any more."""
        return [attempt for attempt, _ in self.running.values() if not attempt.free.is_set()]

    async def next(self) -> tuple[Delivery, bool] | None:
        """The next request to settle, and whether it was its turn; None after a while of none.

        With no place free only a request is taken that somebody here gives way to.
        """
        await self.gate.opened.wait()
        levels = len(self.queues.subscriptions)
        if self.held >= self.slots:
            if not await self._beyond():
                return None
        elif levels > 1 and self.turns.due and (found := await self.queues.look(range(1, levels))):
            self.turns.row = 0
            return found, True
        if found := await self.queues.look(range(self._open())):
            level = self.queues.subscriptions.index(found.subscription)
            others = [await self.queues.waiting(each) for each in range(level + 1, levels)]
            ours = sum(attempt.level > level for attempt, _ in self.running.values())
            self.turns.took(others_wait=sum(others) > ours)
            return found, False
        if self.held < self.slots:
            await until_either(self.queues.rung, LOOK_S)
        return None

    async def _beyond(self) -> bool:
        """Wait for a free place, or for a request that somebody gives way to; whether to look."""
        self.left.clear()
        await until_either(self.queues.rung, LOOK_S, self.left)
        self.queues.rung.clear()
        if self.held < self.slots or self._open() == 0:
            return False
        rank = len(self.queues.subscriptions) - self._open()
        await until_either(self.left, HEAD_START_S * rank)
        return self.held >= self.slots

    def _open(self) -> int:
        """From how many queues a request may be taken now."""
        holders = [attempt.holder for attempt in self._placed()]
        if self.held > self.slots or any(each.settled for each in holders):
            holders = []  # a place will be free in a moment
        return open_levels(
            len(self.queues.subscriptions),
            holders,
            free=self.held < self.slots,
            now_s=time.monotonic(),
        )

    async def settle(self, delivery: Delivery, *, by_turn: bool = False) -> None:
        """Bring one delivery to its end: done, handed back, or buried."""
        async with delivery.kept_alive():
            try:
                record = stored(
                    delivery.msg.data, seq=delivery.sequence, subject=delivery.msg.subject
                )
            except BadInput as error:
                await delivery.bury(error.message)
                return
            if record is None:
                await delivery.bury("a kind that this release does not know")
                return
            try:
                with tracing.continued(record.traceparent):
                    await self._settle(record.event.job_id, delivery, by_turn=by_turn)
            except asyncio.CancelledError:
                await delivery.hand_back()
                raise

    async def _settle(self, job_id: str, delivery: Delivery, *, by_turn: bool) -> None:
        alone = self.alone.setdefault(job_id, asyncio.Lock())
        async with alone:  # told again while we are at it
            await self._settle_alone(job_id, delivery, by_turn=by_turn)

    async def _settle_alone(self, job_id: str, delivery: Delivery, *, by_turn: bool) -> None:
        while True:
            async with self.taking:  # a cancel of a queued job is told before or after, not within
                attempt = await self._taken_up(job_id, delivery)
                if attempt is None:
                    return
                attempt.by_turn = by_turn
                if len(self._placed()) < self.slots:
                    task = asyncio.ensure_future(self._handled(attempt))
                    self.running[job_id] = (attempt, task)
                    self.gate.enter(attempt)
                    break
                holder = self._sent_away(attempt)
            if holder is None:
                await delivery.hand_back(PAUSED_LOOK_S)
                return
            reason = f"training {holder.job.id} gives way: it stores its checkpoint and leaves"
            await attempt.progress(done=0, of=1, stage="waiting", waiting_reason=reason)
            await until_either(holder.free, LOOK_S)
        await self._await(task, attempt, delivery)

    async def _handled(self, attempt: Attempt) -> None:
        """The handler's work, as figures and traces show it."""
        began_s, end = time.monotonic(), "cancelled"
        metrics.RUNNING.labels(self.area).inc()
        try:
            with tracing.span(
                f"process {attempt.job.request.kind}",
                "consumer",
                quiet=(HandedBack,),
                messaging__system="nats",
                messaging__operation__type="process",
                shirushi__job_id=attempt.job.id,
                shirushi__attempt=attempt.number,
            ):
                await self.handler(attempt)
            end = "done"
        except HandedBack:
            end = "handed_back"
            raise
        except Exception:
            end = "failed"
            raise
        finally:
            metrics.RUNNING.labels(self.area).dec()
            metrics.ENDED.labels(self.area, end).inc()
            metrics.ATTEMPT_S.labels(self.area).observe(time.monotonic() - began_s)

    async def _taken_up(self, job_id: str, delivery: Delivery) -> Attempt | None:
        """A new attempt; None when there is nothing to try, and the delivery is settled."""
        job = await load(self.deps, self.area, job_id)
        if job is None or job.finished:
            await self.settler.end(job_id, delivery)
            return None
        level = self.queues.subscriptions.index(delivery.subscription)
        attempt = Attempt(job, max(delivery.count, job.attempt + 1), self.deps, level)
        if job.cancel and not job.cancel.keep:
            await self.settler.cancelled(attempt, delivery)
            return None
        if job.pausing or not self.gate.opened.is_set():
            await delivery.hand_back(PAUSED_LOOK_S)
            return None
        if spent(job, delivery):
            died = PermanentError("the worker died on every attempt", code="worker_died")
            await self.settler.failed(attempt, delivery, died)
            return None
        return attempt

    def _sent_away(self, urgent: Attempt) -> Attempt | None:
        """Who leaves its place to `urgent`, or leaves anyway; None when nobody does."""
        placed = self._placed()
        for attempt in placed:
            if attempt.holder.settled:
                return attempt
        holders = [attempt.holder for attempt in placed]
        found = gives_way(urgent.level, holders, time.monotonic())
        if found is None:
            return None
        attempt = self.running[found.job_id][0]
        attempt.leave(Leaving("preempted", urgent.job.id))
        log.info("preempted", extra={"job_id": found.job_id, "by": urgent.job.id})
        return attempt

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
                        ours[0].leave(Leaving("asked"))

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
            self.gate.leave(attempt)
            attempt.free.set()
        if attempt.fenced:  # the delivery belongs to the newer attempt
            await self.settler.leave(attempt.job.id)
            return
        if not task.cancelled():
            await self.settler.conclude(task.exception(), attempt, delivery)
        elif attempt.cancelling:
            await self.settler.cancelled(attempt, delivery)
        else:
            await delivery.hand_back()


async def until_either(
    event: asyncio.Event, most_s: float, other: asyncio.Event | None = None
) -> None:
    """Return when one of the events is set, or after `most_s`."""
    tasks = [asyncio.ensure_future(each.wait()) for each in (event, other) if each]
    await asyncio.wait(tasks, timeout=most_s, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
