"""The loop around every handler: fold, fence, keep alive, cancel, retry, give way, give up.

A handler gets an `Attempt`, tells its own `started` fact first and its terminal fact last. What
it raises decides: `PermanentError` fails the job at once; anything else is tried again until
`Subscription.attempts` tries brought no progress. Cancelling the job cancels the handler's task.
A handler that is asked to leave tells why it left its place, and raises `HandedBack`; it is asked
by a pause, and where a more urgent job waits and no place is free (`urgency.py` has the rules).
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from libs.common.attempts import Attempt, HandedBack, Leaving, load
from libs.common.bus import raise_if_cancelled
from libs.common.gate import Gate
from libs.common.requests import Delivery, open_queues
from libs.common.service import Deps
from libs.common.settling import Tidy
from libs.common.subjects import Subscription
from libs.common.worker import Handler, Worker

__all__ = ["Attempt", "Gate", "HandedBack", "Handler", "Leaving", "load", "run_jobs"]

log = logging.getLogger(__name__)


async def run_jobs(
    deps: Deps,
    subscriptions: Subscription | Sequence[Subscription],
    handler: Handler,
    *,
    slots: int = 1,
    gate: Gate | None = None,
    tidy: Tidy | None = None,
) -> None:
    """Work off requests until cancelled, at most `slots` at a time, while the gate is open.

    `tidy` is called of each job that has ended before its request goes, perhaps more than once.
    """
    every = [subscriptions] if isinstance(subscriptions, Subscription) else list(subscriptions)
    area = every[0].pattern.split(".")[1]

    async def settle(delivery: Delivery, by_turn: bool) -> None:
        try:
            await worker.settle(delivery, by_turn=by_turn)
        except Exception:  # the boundary: no job's error may stop the loop
            log.exception("a delivery could not be settled")
            with suppress(Exception):
                await delivery.hand_back(5.0)
        finally:
            worker.settling -= 1
            worker.left.set()

    after = await deps.bus.last_sequence()
    async with open_queues(deps.bus, every, slots=slots) as queues, asyncio.TaskGroup() as group:
        worker = Worker(deps, area, handler, queues, slots, gate or Gate(), tidy)
        group.create_task(worker.watch(after))
        while True:
            raise_if_cancelled()
            if found := await worker.next():
                worker.settling += 1
                group.create_task(settle(*found))
