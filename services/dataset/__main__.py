"""Assemble the dataset service and run it: `python -m services.dataset`."""

import asyncio
import gc

from libs.common import subjects
from libs.common.asks import answer_questions
from libs.common.service import open_service, until_told_to_stop
from libs.common.settings import Settings
from libs.common.work import run_jobs
from services.dataset.diff_questions import diff_questions
from services.dataset.gallery import Gallery
from services.dataset.handlers import DatasetHandler
from services.dataset.questions import dataset_questions
from services.dataset.tidying import tidy
from services.dataset.workers import Workers

SLOTS = 2


async def main() -> None:
    """Serve until told to stop."""
    gc.freeze()  # what was imported stays: looking through it for garbage takes 30 ms each time
    async with open_service("dataset", Settings()) as deps, Workers() as workers:
        handler = DatasetHandler(workers)
        answers = dataset_questions(deps) | diff_questions(deps) | Gallery(deps).questions()
        await until_told_to_stop(
            run_jobs(deps, subjects.DATASET, handler, slots=SLOTS, tidy=tidy),
            answer_questions(deps.bus, "dataset", answers),
        )


if __name__ == "__main__":
    asyncio.run(main())
