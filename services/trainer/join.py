"""This host takes part in a training of several: `python -m services.trainer.join ID --node 1`.

Another trainer leads it, on the host that `rdzv_endpoint` names. Whenever that one starts an
attempt, the same dataset and checkpoint are brought here, and our ranks join its; when the
training is over, or is paused, so are they.
"""

import argparse
import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.common import subjects
from libs.common.errors import BadInput, NotFound, ShirushiError
from libs.common.events import TrainingRequested, TrainingStarted
from libs.common.jobs import Job, fold
from libs.common.service import Deps, end, open_service, until_told_to_stop
from libs.common.work import Attempt
from services.trainer.domain.devices import choose_device
from services.trainer.domain.levers import LEVERS
from services.trainer.gpu import read_gpus
from services.trainer.handlers import attempt_folder, put_away
from services.trainer.prepare import fetch_checkpoint, prepare
from services.trainer.settings import TrainerSettings
from services.trainer.stock import Stock, training_environment

log = logging.getLogger(__name__)


@dataclass
class Helper:
    """One host of a training that another host leads."""

    deps: Deps
    stock: Stock
    node: int
    levers: tuple[str, ...] = tuple(LEVERS)

    async def follow(self, job_id: str) -> Job:
        """Take part in every attempt until the training is over.

        Raises:
            NotFound: there is no such training.
            BadInput: it is not one of several hosts, or has not that many.
        """
        patterns = subjects.of_job("training", job_id)
        records = await self.deps.bus.read(*patterns)
        job = fold(records)
        if job is None:
            raise NotFound(f"there is no training '{job_id}'")
        self._check(job)
        part = self._begin(None, job) if isinstance(job.started, TrainingStarted) else None
        try:
            async for record in self.deps.bus.replay(*patterns, after=job.last_seq):
                records.append(record)
                job = fold(records) or job
                if job.finished:
                    break
                if isinstance(record.event, TrainingStarted):
                    part = self._begin(part, job)
        finally:
            if part:
                await end(part)
        return job

    def _check(self, job: Job) -> None:
        request = job.request
        assert isinstance(request, TrainingRequested)
        if not 1 <= self.node < request.arguments.nnodes:
            raise BadInput(
                f"the training has {request.arguments.nnodes} hosts: --node is 1 to one less; the "
                "host that leads is 0"
            )

    def _begin(self, former: asyncio.Task[None] | None, job: Job) -> asyncio.Task[None] | None:
        """Our part in the newest attempt, once the former one is put away."""
        if job.finished or job.paused or (job.started and job.started.attempt < job.attempt):
            return former
        return asyncio.create_task(self._take_part(former, job))

    async def _take_part(self, former: asyncio.Task[None] | None, job: Job) -> None:
        if former:
            await end(former)
        try:
            await self._train(Attempt(job, job.attempt, self.deps))
        except ShirushiError as error:
            fields = {"job_id": job.id, "code": error.code, "reason": error.message}
            log.exception("our part of the training failed", extra=fields)

    async def _train(self, attempt: Attempt) -> None:
        request = attempt.job.request
        assert isinstance(request, TrainingRequested)
        gpus = await asyncio.to_thread(read_gpus)
        device = choose_device(request.arguments.device, gpus)
        with attempt_folder(attempt) as folder:
            resume = await fetch_checkpoint(attempt, folder / "resume")
            order = (await prepare(attempt, folder, device)).order
            order |= {"node": self.node, "checkpoint_s": 3600.0, "levers": self.levers}
            if resume:
                order |= {"resume": str(folder / "resume"), "extends": resume.extends}
            await self._run(order, attempt, folder)

    async def _run(self, order: dict[str, Any], attempt: Attempt, folder: Path) -> None:
        child = await self.stock.take()
        fields = {"job_id": attempt.job.id, "attempt": attempt.number, "node": self.node}
        log.info("our part of the training begins", extra=fields)
        try:
            async for message in child.messages(order, console=folder / "console.log"):
                if message["type"] == "failed":
                    log.warning("our part ended", extra=fields | {"reason": message["message"]})
                    break
        finally:
            await put_away(child)


async def main() -> None:
    """Help one training to its end."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("training_id")
    parser.add_argument("--node", type=int, required=True, help="1 to nnodes - 1")
    given = parser.parse_args()
    settings = TrainerSettings()
    async with open_service("trainer", settings) as deps:
        stock = Stock(training_environment(deps.scratch / "child", settings.levers))
        stock.refill()
        helper = Helper(deps, stock, given.node, settings.levers)

        async def help_out() -> None:
            job = await helper.follow(given.training_id)
            log.info("the training is over", extra={"job_id": job.id, "status": job.status})

        try:
            await until_told_to_stop(help_out())
        finally:
            await stock.close()


if __name__ == "__main__":
    asyncio.run(main())
