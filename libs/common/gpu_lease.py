"""GPU memory for work beside the trainings: asked of the trainer of this host, who owns the cards.

A lease is held as long as it is renewed. One whose holder was killed runs out by itself; one whose
trainer was started anew is told to it again with the next renewal.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import orjson

from libs.common.asks import ask_gpu
from libs.common.bus import Bus
from libs.common.errors import ShirushiError, Unavailable

log = logging.getLogger(__name__)

TERM_S = 10.0
LOOK_S = 2.0
PATIENCE_S = 6.0
"""A trainer that is started anew is back by then."""

OnWait = Callable[[str], Awaitable[None]]


@dataclass
class Lease:
    """Room on a card. `granted_by` is the trainer's name; None = nobody here owns the cards."""

    id: str
    device: str
    granted_by: str | None
    pid: int | None = None
    """Of the process that computes, once it is known: what it uses is not counted twice."""


@asynccontextmanager
async def gpu_lease(
    bus: Bus,
    host: str,
    *,
    holder: str,
    device: str,
    need_bytes: int,
    on_wait: OnWait,
    term_s: float = TERM_S,
) -> AsyncIterator[Lease]:
    """Room for `need_bytes` on a card as long as the block lasts; waits until there is some.

    Without a trainer on this host nobody else uses the card: the work goes on without a lease.

    Args:
        bus: ours.
        host: this machine's name.
        holder: who asks, for people: `validation 4711`.
        device: index of a GPU.
        need_bytes: at most.
        on_wait: awaited with the reason, every two seconds.
        term_s: how long the lease outlives its holder.

    Raises:
        PermanentError: there is no such card (`no_gpu`), or none so large (`gpu_too_small`).
    """
    lease = Lease(uuid.uuid4().hex, device, None)
    fields = {"id": lease.id, "holder": holder, "device": device, "need_bytes": need_bytes}
    fields |= {"term_s": term_s}
    lease.granted_by = await _granted(bus, host, fields, on_wait)
    if lease.granted_by is None:
        log.warning("GPU used without a lease: no trainer answers here", extra={"holder": holder})
        yield lease
        return
    renewing = asyncio.create_task(_renew(bus, host, fields, lease))
    try:
        yield lease
    finally:
        renewing.cancel()
        with suppress(ShirushiError):
            await ask_gpu(bus, host, "return", {"id": lease.id}, timeout_s=LOOK_S)


async def _granted(bus: Bus, host: str, fields: dict[str, Any], on_wait: OnWait) -> str | None:
    """The trainer that granted it; None when none answers."""
    heard_s = time.monotonic()
    while time.monotonic() - heard_s < PATIENCE_S:
        try:
            answer = orjson.loads(await ask_gpu(bus, host, "lease", fields, timeout_s=LOOK_S))
        except Unavailable:
            await asyncio.sleep(LOOK_S / 4)
            continue
        if answer["granted"]:
            return str(answer["worker"])
        heard_s = time.monotonic()
        await on_wait(str(answer["reason"]))
        await asyncio.sleep(LOOK_S)
    return None


async def _renew(bus: Bus, host: str, fields: dict[str, Any], lease: Lease) -> None:
    """Say that it is used still, for ever; a trainer that is away is told when it is back."""
    while True:
        await asyncio.sleep(fields["term_s"] / 4)
        with suppress(ShirushiError):
            await ask_gpu(bus, host, "renew", fields | {"pid": lease.pid}, timeout_s=LOOK_S)
