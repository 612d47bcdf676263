"""Trainings that cannot begin or go on: the service says a stable code and what to do."""

import os
import socket
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from libs.common.events import (
    DatasetRef,
    EpochCompleted,
    TrainingCompleted,
    TrainingFailed,
    TrainingPaused,
    TrainingPauseRequested,
    TrainingResumeRequested,
)
from libs.common.jobs import fold
from libs.common.service import Deps
from tests.integration.test_trainer_runs import ENDS, request, until
from tests.integration.test_trainer_troubles import adjustments, epochs, trainer
from tests.unit.services.trainer.conftest import draw_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return draw_dataset(tmp_path / "drawn")


async def test_a_training_whose_dataset_is_gone_says_where_it_looked(
    deps: Deps, nursery: socket.socket, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    async with trainer(deps, nursery):
        await deps.bus.publish(request(gone))
        failed = (await until(deps, *ENDS))[-1].event
    assert isinstance(failed, TrainingFailed)
    assert failed.error_code == "dataset_missing"
    assert "gone" in failed.message


async def test_a_training_goes_on_only_with_the_classes_that_it_began_with(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    yaml = dataset / "data.yaml"
    async with trainer(deps, nursery):
        await deps.bus.publish(request(dataset, epochs=500))
        await until(deps, EpochCompleted)
        await deps.bus.publish(TrainingPauseRequested(job_id="job"))
        await until(deps, TrainingPaused)
        yaml.write_text(yaml.read_text().replace("1: disc", "1: ring"))
        await deps.bus.publish(TrainingResumeRequested(job_id="job"))
        records = await until(deps, *ENDS)
    failed = records[-1].event
    assert isinstance(failed, TrainingFailed)
    assert failed.error_code == "classes_changed"
    assert "start a new one" in failed.message
    job = fold(records)
    assert job is not None
    assert job.checkpoint is not None
    for artifact in job.checkpoint.files.values():
        assert (await deps.artifacts.head(artifact.key)).size_bytes == artifact.size_bytes


async def test_a_loss_that_is_not_finite_in_the_first_epoch_fails_at_once(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    async with trainer(deps, nursery, fault="nan_in_epoch:1"):
        await deps.bus.publish(request(dataset, epochs=500))
        records = await until(deps, *ENDS)
    failed = records[-1].event
    assert isinstance(failed, TrainingFailed)
    assert failed.error_code == "loss_not_finite"
    assert "lower learning_rate" in failed.message
    assert failed.console
    assert not epochs(records)
    assert not adjustments(records), "nothing is tried again"


async def test_files_that_are_no_images_are_left_out_from_the_start(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    for split in ("train", "val"):
        images = dataset / "images" / split
        os.mkfifo(images / "pipe.png")
        (images / "noise.jpg").write_bytes(np.random.default_rng(0).bytes(2000))
        (images / "bomb.png").write_bytes(png_head(60_000, 60_000) + b"IDAT")
        (images / "cut.png").write_bytes((images / "0.png").read_bytes()[:-200])
    async with trainer(deps, nursery, stall_s=20.0):
        await deps.bus.publish(request(dataset, epochs=1))
        records = await until(deps, *ENDS)
    assert isinstance(records[-1].event, TrainingCompleted)
    assert not adjustments(records)


def png_head(width: int, height: int) -> bytes:
    """What a decoder reads before it makes room for the picture."""
    fields = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    check = struct.pack(">I", zlib.crc32(fields))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + fields + check + struct.pack(">I", 9)


async def test_a_dataset_version_that_the_store_lost_fails_with_its_code(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    manifest = await deps.artifacts.put_bytes("datasets/logos/v1/manifest.json", b"{}")
    await deps.artifacts.delete(manifest.key)
    lost = DatasetRef(name="logos", version="v1", manifest=manifest)
    asked = request(dataset).model_copy(update={"dataset": lost})
    async with trainer(deps, nursery):
        await deps.bus.publish(asked)
        failed = (await until(deps, *ENDS))[-1].event
    assert isinstance(failed, TrainingFailed)
    assert failed.error_code == "dataset_missing"
