"""The queue of requests of one service: the most urgent first, one at a time per worker.

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


async def deliveries(
    bus: Bus, subscriptions: Sequence[Subscription], *, slots: int
) -> AsyncIterator[Delivery]:
    """Requests as they come, those of the first subscription before all others.

    A consumer that somebody deleted, or a server that restarted, is bound anew.
    """
    wake = asyncio.Event()

    async def ring(_: Msg) -> None:
        wake.set()

    bells = [await bus.nc.subscribe(each.pattern, cb=ring) for each in subscriptions]
    try:
        while True:
            try:
                pulls = [(each, await bind(bus, each, slots)) for each in subscriptions]
                while True:
                    raise_if_cancelled()
                    wake.clear()
                    found = False
                    for subscription, pull in pulls:
                        if msg := await _look(pull):
                            found = True
                            yield Delivery(msg, subscription, bus)
                            break
                    if not found:
                        with suppress(TimeoutError):
                            async with asyncio.timeout(WAKE_S):
                                await wake.wait()
            except GONE as error:
                log.warning("binding the queue anew", extra={"reason": repr(error)})
                await asyncio.sleep(REBIND_S)
    finally:
        for bell in bells:
            with suppress(*GONE):
                await bell.unsubscribe()


async def _look(pull: JetStreamContext.PullSubscription) -> Msg | None:
    try:
        [msg] = await pull.fetch(1, timeout=LOOK_S)
    except TimeoutError:
        return None
    return msg


async def bind(
    bus: Bus, subscription: Subscription, slots: int
) -> JetStreamContext.PullSubscription:
    """Create or update the durable: `pull_subscribe` alone would ignore a changed setting."""
    await bus.js.add_consumer(
        STREAM,
        ConsumerConfig(
            durable_name=subscription.durable,
            filter_subject=subscription.pattern,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=subscription.ack_wait_s,
            max_deliver=-1,
            max_ack_pending=max(64, slots),  # per consumer, over all workers: never the brake
        ),
    )
    return await bus.js.pull_subscribe_bind(subscription.durable, STREAM)
