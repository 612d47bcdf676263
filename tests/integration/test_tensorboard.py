"""Event files on a real bus, read back record by record."""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event as Written
from tensorboardX.record_writer import masked_crc32c

from integrations.log import Places
from integrations.tensorboard.runs import Runs
from integrations.trainings import follow_trainings, scalars
from libs.common.bus import Bus
from libs.common.errors import BadInput
from libs.common.events import (
    DatasetRef,
    TrainingArguments,
    TrainingCompleted,
    TrainingRequested,
)
from tests.told import epoch

WITHIN_S = 20.0


def request(job_id: str, experiment: str = "e") -> TrainingRequested:
    return TrainingRequested(
        job_id=job_id,
        dataset=DatasetRef(name="logos"),
        arguments=TrainingArguments(mode="full", epochs=3),
        project_name="p",
        experiment_name=experiment,
    )


def completed(job_id: str) -> TrainingCompleted:
    return TrainingCompleted(
        job_id=job_id,
        attempt=1,
        epochs_done=3,
        best_epoch=3,
        best_metrics={"map50": 0.3},
        classes=("a",),
        seconds=5.0,
        artifacts={},
    )


def records(path: Path) -> Iterator[bytes]:
    """By TFRecord: length, its checksum, bytes, their checksum."""
    data = path.read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        assert struct.unpack("<I", data[8:12])[0] == masked_crc32c(data[:8])
        yield data[12 : 12 + length]
        data = data[16 + length :]


def values(folder: Path, tag: str) -> list[tuple[int, float]]:
    found = []
    for file in sorted(folder.glob("events.out.tfevents.*")):
        for raw in records(file):
            event = Written.FromString(raw)
            found += [
                (event.step, round(value.simple_value, 6))
                for value in event.summary.value
                if value.tag == tag
            ]
    return found


@asynccontextmanager
async def writing(bus: Bus, logdir: Path) -> AsyncIterator[Places]:
    runs = Runs(logdir)
    with Places(logdir) as places:
        task = asyncio.create_task(follow_trainings(bus, places, "tb", runs.take))
        try:
            yield places
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            runs.close()


async def until(places: Places, seq: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while (places.of("tb") or 0) < seq:
            await asyncio.sleep(0.005)


async def test_each_epoch_is_in_the_files_once_and_equal_to_the_log(
    bus: Bus, tmp_path: Path
) -> None:
    async with writing(bus, tmp_path) as places:
        told = [epoch("t", number) for number in (1, 2, 3)]
        for event in (request("t"), *told, completed("t")):
            last = await bus.publish(event)
        await until(places, last)
    for name in scalars(told[0]):
        expected = [(each.epoch, round(scalars(each)[name], 6)) for each in told]
        assert values(tmp_path / "p" / "e", name) == expected
    assert values(tmp_path / "p" / "e", "best/map50") == [(3, 0.3)]


async def test_broken_off_in_a_training_it_is_written_anew_without_doubles(
    bus: Bus, tmp_path: Path
) -> None:
    folder = tmp_path / "p" / "e"
    async with writing(bus, tmp_path):
        for event in (request("t"), epoch("t", 1), epoch("t", 2)):
            await bus.publish(event)
        async with asyncio.timeout(WITHIN_S):
            while len(values(folder, "metrics/mAP50") if folder.exists() else ()) < 2:
                await asyncio.sleep(0.005)
    async with writing(bus, tmp_path) as places:
        await bus.publish(epoch("t", 3))
        last = await bus.publish(completed("t"))
        await until(places, last)
    assert values(folder, "metrics/mAP50") == [(1, 0.1), (2, 0.2), (3, 0.3)]
    before = sorted(path.name for path in folder.iterdir())
    async with writing(bus, tmp_path) as places:
        last = await bus.publish(request("u", "other"))
        await bus.publish(completed("u"))
        await until(places, last + 1)
    assert sorted(path.name for path in folder.iterdir()) == before


async def test_two_trainings_of_one_name_do_not_mix(bus: Bus, tmp_path: Path) -> None:
    async with writing(bus, tmp_path) as places:
        for name in ("t", "u"):
            for event in (request(name), epoch(name, 1), completed(name)):
                last = await bus.publish(event)
        await until(places, last)
    assert values(tmp_path / "p" / "e", "metrics/mAP50") == [(1, 0.1)]
    assert values(tmp_path / "p" / "e_u", "metrics/mAP50") == [(1, 0.1)]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="TensorBoard"):
        Runs(tmp_path / "file")
