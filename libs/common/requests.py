"""The queues of requests of one service: the most urgent first, one at a time per worker.

Deliveries are counted by us (`max_deliver=-1`), so that no request vanishes unseen: it is done,
handed back, or buried in `dead.>` with the reason.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.client import JetStreamContext

from libs.common import subjects
from libs.common.bus import STREAM, Bus, raise_if_cancelled
from libs.common.subjects import Subscription

log = logging.getLogger(__name__)

LOOK_S = 0.15
WAKE_S = 1.0
REBIND_S = 0.5
GONE = (nats.errors.Error, nats.js.errors.Error)
MOST_UNDONE = 1000
"""Per queue, over all workers: paused jobs count, and must not keep others from being taken."""

Pull = JetStreamContext.PullSubscription


@dataclass(frozen=True)
class Delivery:
    """One delivery of a request."""

    msg: Msg
    subscription: Subscription
    bus: Bus

    @property
    def count(self) -> int:
        """1 for the first delivery."""
        return int(self.msg.metadata.num_delivered)

    @property
    def sequence(self) -> int:
        """Of the request in the log."""
        return int(self.msg.metadata.sequence.stream)

    async def done(self) -> None:
        """Never deliver it again."""
        with suppress(*GONE, TimeoutError):  # delivered again: the fold says it is finished
            await self.msg.ack_sync()

    async def hand_back(self, delay_s: float = 0.0) -> None:
        """Let another try, after a while."""
        with suppress(*GONE):
            await self.msg.nak(delay=delay_s or None)

    async def bury(self, reason: str) -> None:
        """Give it up: copy it to the dead letters, and never deliver it again."""
        log.error("request given up", extra={"subject": self.msg.subject, "reason": reason})
        await self.bus.js.publish(
            subjects.dead(self.subscription.durable, self.msg.subject),
            self.msg.data,
            headers={
                "Nats-Msg-Id": f"dead:{self.subscription.durable}:{self.sequence}",
                "X-Reason": " ".join(reason.split())[:500],
            },
        )
        await self.done()

    @asynccontextmanager
    async def kept_alive(self) -> AsyncIterator[None]:
        """Tell the server that the work goes on, until the block ends."""

        async def beat() -> None:
            while True:
                await asyncio.sleep(self.subscription.ack_wait_s / 3)
                with suppress(*GONE):
                    await self.msg.in_progress()

        task = asyncio.create_task(beat())
        try:
            yield
        finally:
            task.cancel()


class Queues:
    """The queues of one worker, the most urgent first; opened by `open_queues`.

    A consumer that somebody deleted, or a server that restarted, is bound anew.
    """

    def __init__(self, bus: Bus, subscriptions: Sequence[Subscription], slots: int) -> None:
        self.subscriptions = tuple(subscriptions)
        self.rung = asyncio.Event()
        """Set by each new request, until somebody looks."""
        self._bus, self._slots = bus, slots
        self._pulls: list[Pull] = []

    async def ring(self, _: Msg) -> None:
        """A request was published."""
        self.rung.set()

    async def look(self, levels: Sequence[int]) -> Delivery | None:
        """The first request that waits in the queues of `levels`, in their order; or None."""
        self.rung.clear()
        try:
            if not self._pulls:
                self._pulls = [
                    await bind(self._bus, each, self._slots) for each in self.subscriptions
                ]
            for level in levels:
                if level != levels[-1] and not await self._undone(level):
                    continue  # an empty queue would hold up each request of the next one
                if msg := await _look(self._pulls[level]):
                    return Delivery(msg, self.subscriptions[level], self._bus)
        except TimeoutError:  # the server stands still: what we have stays bound
            return None
        except GONE as error:
            log.warning("binding the queue anew", extra={"reason": repr(error)})
            await self.close()
            await asyncio.sleep(REBIND_S)
        return None

    async def close(self) -> None:
        """Take back what was asked for: a request that comes now goes to others at once."""
        for pull in self._pulls:
            with suppress(*GONE):
                await pull.unsubscribe()
        self._pulls = []

    async def waiting(self, level: int) -> int:
        """Requests of a queue that are not done: not yet delivered, or in somebody's hands."""
        try:
            return await self._undone(level)
        except (*GONE, IndexError, TimeoutError):
            return 0

    async def _undone(self, level: int) -> int:
        info = await self._pulls[level].consumer_info()
        return int(info.num_pending or 0) + int(info.num_ack_pending or 0)


@asynccontextmanager
async def open_queues(
    bus: Bus, subscriptions: Sequence[Subscription], *, slots: int
) -> AsyncIterator[Queues]:
    """Queues that hear of new requests as long as the block lasts."""
    queues = Queues(bus, subscriptions, slots)
    bells = [await bus.nc.subscribe(each.pattern, cb=queues.ring) for each in subscriptions]
    try:
        yield queues
    finally:
        await queues.close()
        for bell in bells:
            with suppress(*GONE):
                await bell.unsubscribe()


async def deliveries(
    bus: Bus, subscriptions: Sequence[Subscription], *, slots: int
) -> AsyncIterator[Delivery]:
    """Requests as they come, those of the first subscription before all others."""
    levels = range(len(subscriptions))
    async with open_queues(bus, subscriptions, slots=slots) as queues:
        while True:
            raise_if_cancelled()
            if delivery := await queues.look(levels):
                yield delivery
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(WAKE_S):
                        await queues.rung.wait()


async def _look(pull: Pull) -> Msg | None:
    try:
        [msg] = await pull.fetch(1, timeout=LOOK_S)
    except TimeoutError:
        return None
    return msg


async def bind(bus: Bus, subscription: Subscription, slots: int) -> Pull:
    """Create or update the durable: `pull_subscribe` alone would ignore a changed setting."""
    await bus.js.add_consumer(
        STREAM,
        ConsumerConfig(
            durable_name=subscription.durable,
            filter_subject=subscription.pattern,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=subscription.ack_wait_s,
            max_deliver=-1,
            max_ack_pending=max(MOST_UNDONE, slots),
        ),
    )
    return await bus.js.pull_subscribe_bind(subscription.durable, STREAM)
