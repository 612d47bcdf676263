"""The trainer on a real bus and a real store."""

import asyncio
import os
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image

from libs.common import subjects
from libs.common.cloudevents import Recorded
from libs.common.events import (
    CheckpointSaved,
    DatasetRef,
    EpochCompleted,
    Event,
    SamplesDrawn,
    TrainingCancelled,
    TrainingCompleted,
    TrainingFailed,
    TrainingPlanned,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.groups import living
from libs.common.jobs import fold
from libs.common.service import Deps
from libs.common.work import run_jobs
from services.trainer.handlers import Trainings
from tests.nursery import SharedStock
from tests.unit.services.trainer.conftest import arguments, draw_dataset

WAIT_S = 240.0
PREFIX = "trainings/ml_training/run"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return draw_dataset(tmp_path / "drawn")


@asynccontextmanager
async def trainer(deps: Deps, nursery: socket.socket) -> AsyncIterator[Trainings]:
    """The service's loop; stopped as by SIGTERM at the end of the block."""
    stock = SharedStock(nursery)
    trainings = Trainings(stock, deps.scratch / "peaks.json")
    loop = asyncio.create_task(run_jobs(deps, subjects.trainer("default"), trainings.train))
    try:
        yield trainings
    finally:
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop
        await stock.close()


def request(dataset: Path, job_id: str = "job", **given: Any) -> TrainingRequested:
    return TrainingRequested(
        job_id=job_id,
        dataset=DatasetRef(name="drawn", path=str(dataset)),
        arguments=arguments(device="cpu", **given),
        experiment_name="run",
    )


async def until(
    deps: Deps, *kinds: type[Event], job_id: str = "job", after: int = 0
) -> list[Recorded]:
    """The job's log past sequence `after` up to the first event of one of `kinds`."""
    records: list[Recorded] = []
    async with asyncio.timeout(WAIT_S):
        async for record in deps.bus.replay(*subjects.of_job("training", job_id), after=after):
            records.append(record)
            if isinstance(record.event, kinds):
                return records
    raise AssertionError("the log ended")


ENDS = (TrainingCompleted, TrainingFailed, TrainingCancelled)


async def test_a_run_is_told_epoch_by_epoch_and_can_be_read_when_it_says_so(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    async with trainer(deps, nursery):
        await deps.bus.publish(request(dataset, epochs=2, learning_rate=0.003))
        records = await until(deps, *ENDS)
    told = [record.event for record in records]
    by_epoch = [each for each in told if not (isinstance(each, CheckpointSaved) and each.batches)]
    assert [type(event) for event in by_epoch] == [
        TrainingRequested,
        TrainingStarted,
        TrainingPlanned,
        CheckpointSaved,
        EpochCompleted,
        SamplesDrawn,
        CheckpointSaved,
        EpochCompleted,
        SamplesDrawn,
        TrainingCompleted,
    ]
    done = told[-1]
    assert isinstance(done, TrainingCompleted)
    assert (done.epochs_done, done.stopped_early, done.classes) == (2, False, ("square", "disc"))
    assert {
        "weights/best.pt", "weights/last.pt", "results.csv", "confusion_matrix.png",
        "training_config.yaml", "args.yaml", "events.jsonl", "console.log",
    } <= set(done.artifacts)  # fmt: skip
    for name, artifact in done.artifacts.items():
        assert artifact.key == f"{PREFIX}/{name}"
        assert len(await deps.artifacts.get_bytes(artifact.key)) == artifact.size_bytes
    sheets = [event for event in told if isinstance(event, SamplesDrawn)]
    assert [sheet.epoch for sheet in sheets] == [1, 2]
    assert sheets[0].images == sheets[1].images
    with Image.open(BytesIO(await deps.artifacts.get_bytes(f"{PREFIX}/{sheets[1].name}"))) as sheet:
        assert sheet.size == (3 * 400, 24 + 2 * 400)
        assert sheet.format == "JPEG"
    assert sheets[1].labels == 6
    assert b"lr0: 0.003\n" in await deps.artifacts.get_bytes(done.artifacts["args.yaml"].key)
    lines = (await deps.artifacts.get_bytes(done.artifacts["events.jsonl"].key)).splitlines()
    assert [orjson.loads(line)["type"] for line in lines] == [event.kind for event in told[:-1]]
    left = {path.name for path in deps.scratch.iterdir()}
    assert not any(name.startswith("job-") for name in left)


async def test_a_killed_trainer_is_taken_up_without_a_lost_or_doubled_epoch(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    async with trainer(deps, nursery) as first:
        await deps.bus.publish(request(dataset, epochs=8))
        await until(deps, EpochCompleted)
        [pid] = first.pids
        os.killpg(pid, signal.SIGKILL)
        records = await until(deps, *ENDS)
    job = fold(records)
    assert job is not None
    assert isinstance(job.outcome, TrainingCompleted)
    starts = [r.event for r in records if isinstance(r.event, TrainingStarted)]
    assert [start.attempt for start in starts] == [1, 2]
    assert starts[1].from_epoch >= 1
    epochs = [r.event.epoch for r in records if isinstance(r.event, EpochCompleted)]
    assert Counter(epochs) == Counter(range(1, 9))
    rows = (await deps.artifacts.get_bytes("trainings/ml_training/run/results.csv")).splitlines()
    assert [int(row.split(b",")[0]) for row in rows[1:]] == list(range(1, 9))


async def test_a_stopped_service_hands_its_training_to_the_next(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    async with trainer(deps, nursery) as first:
        await deps.bus.publish(request(dataset, epochs=8))
        await until(deps, EpochCompleted)
        [pid] = first.pids
    assert living(pid) == []
    async with trainer(deps, nursery):
        records = await until(deps, *ENDS)
    epochs = [r.event.epoch for r in records if isinstance(r.event, EpochCompleted)]
    assert Counter(epochs) == Counter(range(1, 9))
    assert isinstance(records[-1].event, TrainingCompleted)


async def test_a_gpu_that_is_not_there_is_said_in_a_sentence(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    asked = request(dataset)
    asked = asked.model_copy(
        update={"arguments": asked.arguments.model_copy(update={"device": "7"})}
    )
    async with trainer(deps, nursery):
        await deps.bus.publish(asked)
        records = await until(deps, *ENDS)
    failed = records[-1].event
    assert isinstance(failed, TrainingFailed)
    assert failed.error_code == "no_such_device"
    assert "device '7' is not there" in failed.message
