"""Assemble the trainer and run it: `python -m services.trainer`."""

import asyncio

from libs.common import subjects
from libs.common.asks import answer_gpu_questions, answer_questions
from libs.common.service import open_service, until_told_to_stop
from libs.common.work import Gate, run_jobs
from services.trainer.draining import Draining
from services.trainer.estimating import training_questions
from services.trainer.gpu import read_gpus
from services.trainer.handlers import Trainings
from services.trainer.leases import lease_questions
from services.trainer.settings import TrainerSettings
from services.trainer.stock import Stock, training_environment
from services.trainer.telemetry import tell_system
from services.trainer.tidying import tidy


async def main() -> None:
    """A training for each GPU at a time, the most urgent first."""
    settings = TrainerSettings()
    slots = settings.slots or max(1, len(read_gpus()))
    async with open_service("trainer", settings) as deps:
        stock = Stock(training_environment(deps.scratch / "child", settings.levers))
        trainings = Trainings(
            stock,
            deps.scratch / "gpu-peaks.json",
            stall_s=settings.stall_s,
            checkpoint_s=settings.checkpoint_s,
            meet_s=settings.meet_s,
            levers=settings.levers,
        )
        stock.refill()
        gate = Gate()
        draining = Draining(deps, gate)
        await draining.begin()

        def place() -> dict[str, object]:
            return {
                "pool": settings.pool,
                "slots": slots,
                "drained": draining.shown,
                "leases": trainings.admission.shown(),
            }

        try:
            await until_told_to_stop(
                run_jobs(
                    deps,
                    subjects.trainer(settings.pool),
                    trainings.train,
                    slots=slots,
                    gate=gate,
                    tidy=tidy,
                ),
                draining.follow(),
                answer_gpu_questions(
                    deps.bus,
                    settings.host_name,
                    lease_questions(trainings.admission, deps.worker),
                ),
                tell_system(deps, trainings.pids, place),
                answer_questions(
                    deps.bus, "training", training_questions(deps, trainings.admission)
                ),
            )
        finally:
            await stock.close()


if __name__ == "__main__":
    asyncio.run(main())
