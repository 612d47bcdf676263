"""Who changed what, as facts in the log: told after the answer, never in its way."""

import asyncio
import logging
import uuid

from libs.common.errors import ShirushiError
from libs.common.events import AuditChanged, AuditRefused
from libs.common.outbox import Outbox
from services.gateway.access.identity import Identity
from services.gateway.access.rates import Rates

log = logging.getLogger(__name__)

MOST_WAITING = 10_000
OF_ONE_PER_S, OF_ONE_BURST = 1 / 60, 15.0
REFUSED_PER_S, REFUSED_BURST = 1 / 10, 200.0
"""Refusals that are told, of one address and of all: the log keeps what it is told, and whoever
shows wrong credentials must not be able to fill it."""


class Audit:
    """A queue to the log; what does not fit goes to this process's own log."""

    def __init__(self) -> None:
        self._of_one = Rates(OF_ONE_PER_S, OF_ONE_BURST)
        self._of_all = Rates(REFUSED_PER_S, REFUSED_BURST)
        self._untold = 0
        self._waiting: asyncio.Queue[AuditChanged | AuditRefused] = asyncio.Queue(MOST_WAITING)

    def changed(
        self, identity: Identity, method: str, path: str, status: int, address: str
    ) -> None:
        """Somebody asked for a change and was answered."""
        self._put(
            AuditChanged(
                job_id=uuid.uuid4().hex,
                who=identity.who,
                token_id=identity.token_id,
                way=identity.way,
                scope=identity.scope,
                method=method,
                path=path[:1000],
                status=status,
                address=address,
            )
        )

    def refused(self, path: str, status: int, address: str, reason: str) -> None:
        """Somebody showed wrong credentials; of very many some are told, with how many were not."""
        if self._of_one.take(address) or self._of_all.take(""):
            self._untold += 1
            return
        if self._untold:
            reason = f"{reason} ({self._untold} more refusals before this one are not told)"
            self._untold = 0
        self._put(
            AuditRefused(
                job_id=uuid.uuid4().hex,
                path=path[:1000],
                status=status,
                address=address,
                reason=reason,
            )
        )

    async def tell(self, outbox: Outbox) -> None:
        """For ever."""
        while True:
            event = await self._waiting.get()
            try:
                await outbox.tell(event)
            except ShirushiError:
                log.exception("audit fact not told", extra={"fact": event.model_dump()})

    def _put(self, event: AuditChanged | AuditRefused) -> None:
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            log.warning("audit fact not told: too many wait", extra={"fact": event.model_dump()})
