"""Requests of finished jobs that come again, as after a queue was deleted: new work need not wait.

Each training asks three queues; an empty one used to hold up every request of the next.
"""

import asyncio
import time

from libs.common import requests, subjects
from libs.common.attempts import Attempt
from libs.common.events import TrainingCancelled, TrainingRequested
from libs.common.service import Deps
from libs.common.work import run_jobs
from services.trainer.tidying import tidy
from tests.integration.test_urgent_jobs import request

PAST = 60


async def test_many_finished_requests_are_settled_sooner_than_one_empty_queue_waits_for_each(
    deps: Deps,
) -> None:
    taken = asyncio.Event()

    async def train(attempt: Attempt) -> None:
        assert attempt.job.id == "low-new"
        taken.set()
        await asyncio.Event().wait()

    for number in range(PAST):
        asked: TrainingRequested = request(f"low-{number}")
        await deps.bus.publish(asked)
        await deps.bus.publish(TrainingCancelled(job_id=asked.job_id, attempt=1))
    await deps.bus.publish(request("low-new"))
    began = time.monotonic()
    worker = asyncio.create_task(run_jobs(deps, subjects.trainer("default"), train, tidy=tidy))
    async with asyncio.timeout(60):
        await taken.wait()
    took_s = time.monotonic() - began
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    print(f"{PAST} requests of finished trainings in {took_s:.2f} s")
    assert took_s < PAST * requests.LOOK_S
