"""How the request of a job is settled once its handler has ended."""

import logging
from collections.abc import Awaitable, Callable

from libs.common.attempts import Attempt, HandedBack, Leaving, fact, load
from libs.common.errors import PermanentError, ShirushiError, Unavailable
from libs.common.events import Failed
from libs.common.jobs import Job
from libs.common.requests import Delivery
from libs.common.service import Deps

log = logging.getLogger(__name__)

PAUSED_LOOK_S = 1.5
"""How soon a paused job is looked at again: also how long a resume may take."""
TIDY_AGAIN_S = 5.0
Tidy = Callable[[Deps, Job], Awaitable[None]]
"""Removes from the store what the attempts of a finished job left and its facts do not name."""


class Settler:
    """Settles the requests of one area."""

    def __init__(self, deps: Deps, area: str, tidy: Tidy | None = None) -> None:
        self.deps, self.area, self.tidy = deps, area, tidy

    async def conclude(
        self, error: BaseException | None, attempt: Attempt, delivery: Delivery
    ) -> None:
        """After a handler ended: done, another try, or given up.

        Args:
            error: what the handler raised; None = it did its work.
            attempt: that ended.
            delivery: of its request.
        """
        if error is None:
            await self.end(attempt.job.id, delivery)
            return
        if isinstance(error, HandedBack):
            waits_s = PAUSED_LOOK_S if attempt.leaving == Leaving("asked") else 0.0
            await delivery.hand_back(waits_s)
            return
        if isinstance(error, PermanentError):
            await self.failed(attempt, delivery, error)
            return
        log.error("attempt failed", exc_info=error, extra={"job_id": attempt.job.id})
        job = await load(self.deps, self.area, attempt.job.id) or attempt.job
        if spent(job, delivery):
            await self.failed(attempt, delivery, error)
        else:
            waits = delivery.subscription.backoff_s
            await delivery.hand_back(waits[min(max(job.fruitless, 1), len(waits)) - 1])

    async def cancelled(self, attempt: Attempt, delivery: Delivery) -> None:
        """Nothing of the job runs any more: say so."""
        await attempt.tell(fact(self.area, "cancelled"))
        await self.end(attempt.job.id, delivery)

    async def end(self, job_id: str, delivery: Delivery) -> None:
        """The request goes once the log has what we told, and nothing is left behind.

        Whoever dies on the way leaves the request, and the next one ends here.
        """
        job = await load(self.deps, self.area, job_id)
        if job and job.finished and self.tidy:
            try:
                await self.tidy(self.deps, job)
            except Unavailable:
                log.warning("store away, a finished job is tidied later", extra={"job_id": job_id})
                await delivery.hand_back(TIDY_AGAIN_S)
                return
        if job and isinstance(job.outcome, Failed):
            await delivery.bury(f"{job.outcome.error_code}: {job.outcome.message}")
        else:
            await delivery.done()

    async def leave(self, job_id: str) -> None:
        """Of an attempt that was replaced: what it stored after the job had ended goes.

        While the job goes on that is left to whoever ends it.
        """
        job = await load(self.deps, self.area, job_id)
        if job and job.finished and self.tidy:
            try:
                await self.tidy(self.deps, job)
            except Unavailable:
                log.warning("store away, what came late stays", extra={"job_id": job_id})

    async def failed(self, attempt: Attempt, delivery: Delivery, error: BaseException) -> None:
        """Tell why the job cannot be done, and give its request up."""
        if not isinstance(error, ShirushiError):
            error = PermanentError(f"{type(error).__name__}: {error}", code="internal_error")
        await attempt.tell(
            fact(self.area, "failed"),
            error_code=error.code,
            message=error.message,
            console=error.console[-50:],
        )
        await self.end(attempt.job.id, delivery)


def spent(job: Job, delivery: Delivery) -> bool:
    """Whether the tries without progress are used up."""
    silent = 0 if job.waited else delivery.count - 1  # died before they could say so
    return (job.fruitless if job.attempt else silent) >= delivery.subscription.attempts
