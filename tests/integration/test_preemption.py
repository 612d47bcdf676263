"""A more urgent training takes the place of a running one, which comes back to the same bits."""

import socket
from collections import Counter
from pathlib import Path

from libs.common.events import (
    EpochCompleted,
    TrainingCompleted,
    TrainingPaused,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.jobs import Job, fold
from libs.common.service import Deps
from services.trainer.child import living
from tests.integration.test_trainer_runs import ENDS, dataset, request, trainer, until
from tests.unit.services.trainer.test_child import STATES, told_by

__all__ = ["dataset"]  # a fixture

ACTS_S = 2.0
EPOCHS = 4


async def final_state(deps: Deps, job: Job, to: Path) -> Path:
    assert job.checkpoint is not None
    assert (job.checkpoint.epoch, job.checkpoint.batches) == (EPOCHS, 0)
    return await deps.artifacts.get_file(job.checkpoint.files["state.pt"].key, to)


async def test_an_urgent_training_goes_first_and_the_other_comes_back_to_the_same_bits(
    deps: Deps, nursery: socket.socket, dataset: Path, tmp_path: Path
) -> None:
    same = request(dataset, job_id="low", epochs=EPOCHS, batch_size=2)
    urgent = same.model_copy(
        update={"job_id": "high", "priority": "high", "experiment_name": "high"}
    )
    async with trainer(deps, nursery) as service:
        await deps.bus.publish(same)
        await until(deps, EpochCompleted, job_id="low")
        [pid] = service.pids
        await deps.bus.publish(urgent)
        left = await until(deps, TrainingPaused, job_id="low")
        assert living(pid) == []
        assert not list(deps.scratch.glob("low-*"))
        high = await until(deps, *ENDS, job_id="high")
        low = await until(deps, *ENDS, job_id="low")
    paused = left[-1].event
    assert isinstance(paused, TrainingPaused)
    assert (paused.reason, paused.by) == ("preempted", "high")
    asked = next(each for each in high if isinstance(each.event, TrainingRequested))
    slowest_s = max(each.event.seconds for each in low if isinstance(each.event, EpochCompleted))
    assert (left[-1].time - asked.time).total_seconds() < ACTS_S + slowest_s
    jobs = [fold(high), fold(low)]
    assert all(job and isinstance(job.outcome, TrainingCompleted) for job in jobs)
    assert jobs[1] is not None
    assert jobs[1].preempted == 1
    told = Counter(each.event.epoch for each in low if isinstance(each.event, EpochCompleted))
    assert told == Counter(range(1, EPOCHS + 1))
    starts = [each.event for each in low if isinstance(each.event, TrainingStarted)]
    assert len(starts) == 2
    states = [
        await final_state(deps, job, tmp_path / f"{n}.pt") for n, job in enumerate(jobs) if job
    ]
    assert await told_by(STATES, tmp_path / "child-home", *states) == "[]"
