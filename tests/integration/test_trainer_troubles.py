"""Trainings that run into trouble, on a real bus and store: they recover, or say a stable code."""

import asyncio
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from libs.common import subjects
from libs.common.cloudevents import Recorded
from libs.common.events import (
    EpochCompleted,
    TrainingAdjusted,
    TrainingCancelled,
    TrainingCancelRequested,
    TrainingCompleted,
    TrainingFailed,
    TrainingPaused,
    TrainingPauseRequested,
)
from libs.common.groups import living
from libs.common.jobs import fold
from libs.common.service import Deps
from libs.common.work import run_jobs
from services.trainer import relay
from services.trainer.child import Child
from services.trainer.handlers import Trainings
from tests.integration.test_trainer_runs import ENDS, request, until
from tests.nursery import SharedStock
from tests.unit.services.trainer.conftest import draw_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return draw_dataset(tmp_path / "drawn")


class FaultyStock(SharedStock):
    """Its children have a fault, or none."""

    def __init__(self, packets: socket.socket, fault: str) -> None:
        super().__init__(packets, "tests.faults.child")
        self.fault = fault

    async def take(self, **environment: str) -> Child:
        return await super().take(FAULT=self.fault, **environment)


@asynccontextmanager
async def trainer(
    deps: Deps,
    nursery: socket.socket,
    *,
    fault: str = "",
    stall_s: float = 60.0,
) -> AsyncIterator[Trainings]:
    """The service's loop, whose children have a fault."""
    stock = FaultyStock(nursery, fault)
    trainings = Trainings(stock, deps.scratch / "peaks.json", stall_s=stall_s)
    loop = asyncio.create_task(run_jobs(deps, subjects.trainer("default"), trainings.train))
    try:
        yield trainings
    finally:
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop
        await stock.close()


def adjustments(records: list[Recorded]) -> list[TrainingAdjusted]:
    return [each.event for each in records if isinstance(each.event, TrainingAdjusted)]


def epochs(records: list[Recorded]) -> Counter[int]:
    return Counter(each.event.epoch for each in records if isinstance(each.event, EpochCompleted))


@pytest.mark.parametrize("where", ["step", "validation"])
async def test_out_of_memory_goes_on_with_half_the_batch_and_as_large_a_step(
    deps: Deps, nursery: socket.socket, dataset: Path, where: str
) -> None:
    async with trainer(deps, nursery, fault=f"out_of_memory_in_{where}"):
        await deps.bus.publish(request(dataset, epochs=4, batch_size=4))
        records = await until(deps, *ENDS)
    assert isinstance(records[-1].event, TrainingCompleted)
    [adjusted] = adjustments(records)
    assert (adjusted.error_code, adjusted.batch_size) == ("out_of_memory", 2)
    assert epochs(records) == Counter(range(1, 5))
    job = fold(records)
    assert job is not None
    assert job.batch_size == 2
    args = (await deps.artifacts.get_bytes("trainings/ml_training/run/args.yaml")).decode()
    assert "nbs: 4\n" in args


async def test_out_of_memory_with_a_single_image_fails_with_its_code(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    async with trainer(deps, nursery, fault="out_of_memory_in_step:0"):
        await deps.bus.publish(request(dataset, epochs=4, batch_size=2, imgsz=64))
        records = await until(deps, *ENDS)
    assert [each.batch_size for each in adjustments(records)] == [1]
    failed = records[-1].event
    assert isinstance(failed, TrainingFailed)
    assert failed.error_code == "out_of_memory"
    assert "lower batch_size or imgsz" in failed.message


async def test_an_image_that_crashes_the_process_is_left_out_and_named(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    async with trainer(deps, nursery, fault="crash_on_image:3.png"):
        await deps.bus.publish(request(dataset, epochs=2))
        records = await until(deps, *ENDS)
    assert isinstance(records[-1].event, TrainingCompleted)
    named = {name for each in adjustments(records) for name in each.left_out}
    assert named == {"images/train/3.png", "images/val/3.png"}
    assert "images/train/3.png" in adjustments(records)[0].message
    assert epochs(records) == Counter(range(1, 3))


async def test_an_image_that_turns_bad_during_the_run_is_left_out_and_named(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    async with trainer(deps, nursery):
        await deps.bus.publish(request(dataset, epochs=40))
        await until(deps, EpochCompleted)
        (dataset / "images" / "train" / "5.png").write_bytes(b"no image any more")
        records = await until(deps, TrainingAdjusted)
        await deps.bus.publish(TrainingCancelRequested(job_id="job", keep=True))
        records = await until(deps, *ENDS)
    assert isinstance(records[-1].event, TrainingCompleted)
    [adjusted] = adjustments(records)
    assert adjusted.error_code == "poison_image"
    assert adjusted.left_out == ("images/train/5.png",)


async def test_an_image_that_never_ends_is_found_as_a_stall_and_left_out(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    async with trainer(deps, nursery, stall_s=4.0):
        await deps.bus.publish(request(dataset, epochs=40))
        await until(deps, EpochCompleted)
        pipe = dataset / "images" / "train" / "7.png"
        pipe.unlink()
        os.mkfifo(pipe)
        records = await until(deps, TrainingAdjusted)
        await deps.bus.publish(TrainingCancelRequested(job_id="job", keep=True))
        records = await until(deps, *ENDS)
    assert isinstance(records[-1].event, TrainingCompleted)
    [adjusted] = adjustments(records)
    assert adjusted.error_code == "training_stalled"
    assert adjusted.left_out == ("images/train/7.png",)


async def test_a_loss_that_is_not_finite_later_goes_back_to_the_last_good_weights(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    async with trainer(deps, nursery, fault="nan_in_epoch:3"):
        await deps.bus.publish(request(dataset, epochs=4))
        records = await until(deps, *ENDS)
    done = records[-1].event
    assert isinstance(done, TrainingCompleted)
    assert epochs(records) == Counter(range(1, 5))
    [adjusted] = adjustments(records)
    assert (adjusted.error_code, adjusted.epoch, adjusted.attempt) == ("loss_not_finite", 3, 1)
    console = await deps.artifacts.get_bytes(done.artifacts["console.log"].key)
    assert b"recovering from last.pt" in console


async def test_a_long_validation_is_not_waited_for_by_whoever_wants_the_place(
    deps: Deps, nursery: socket.socket, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "VALIDATES_S", 0.5)
    readings = deps.bus.listen("progress.training.>")
    async with trainer(deps, nursery, fault="slow_validation") as service:
        told = asyncio.ensure_future(anext(readings))
        await asyncio.sleep(0)  # it listens from here on: there is one such reading an epoch
        await deps.bus.publish(request(dataset, epochs=2, batch_size=12))
        while (reading := (await told)[1]).get("batch") != 1:
            told = asyncio.ensure_future(anext(readings))
        assert reading["batches"] == 1
        [pid] = service.pids
        await deps.bus.publish(TrainingPauseRequested(job_id="job"))
        paused = fold(await until(deps, TrainingPaused))
        assert living(pid) == []
    assert paused is not None
    assert (paused.status, paused.epochs) == ("paused", ())


async def test_a_paused_training_can_be_cancelled_while_another_runs(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    async with trainer(deps, nursery):
        await deps.bus.publish(request(dataset, epochs=500))
        await until(deps, EpochCompleted)
        await deps.bus.publish(TrainingPauseRequested(job_id="job"))
        await until(deps, TrainingPaused)
        await deps.bus.publish(request(dataset, job_id="other", epochs=500))
        await until(deps, EpochCompleted, job_id="other")
        await deps.bus.publish(TrainingCancelRequested(job_id="job"))
        records = await until(deps, *ENDS)
        await deps.bus.publish(TrainingCancelRequested(job_id="other"))
        await until(deps, *ENDS, job_id="other")
    assert isinstance(records[-1].event, TrainingCancelled)


async def test_a_full_disk_fails_with_its_code_and_keeps_what_was_stored(
    deps: Deps, nursery: socket.socket, dataset: Path, tmp_path: Path
) -> None:
    full = tmp_path / "full"
    async with trainer(deps, nursery, fault=f"full_disk:{full}"):
        await deps.bus.publish(request(dataset, epochs=500))
        await until(deps, EpochCompleted)
        full.touch()
        records = await until(deps, *ENDS)
    failed = records[-1].event
    assert isinstance(failed, TrainingFailed)
    assert failed.error_code == "disk_full"
    assert failed.console
    job = fold(records)
    assert job is not None
    assert job.checkpoint is not None
    for artifact in job.checkpoint.files.values():
        assert (await deps.artifacts.head(artifact.key)).size_bytes == artifact.size_bytes
