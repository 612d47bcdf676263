"""The dataset service on a real bus and a real store: every operation."""

import asyncio
import os
import shutil
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from libs.common import subjects
from libs.common.dataset_versions import materialise
from libs.common.datasets import read_dataset
from libs.common.errors import NotFound
from libs.common.events import (
    KINDS,
    DatasetDeleted,
    DatasetFailed,
    DatasetRef,
    DatasetRegistered,
    DatasetRequested,
    DatasetValidated,
    Event,
)
from libs.common.service import Deps
from libs.common.settings import Settings
from libs.common.work import run_jobs
from services.dataset.handlers import DatasetHandler
from tests.unit.services.dataset.conftest import HereAndNow, make_dataset, put, tree_hash

WAIT_S = 60.0
ENDS = tuple(kind for kind in KINDS.values() if kind.terminal)


@pytest.fixture
async def working(deps: Deps) -> AsyncIterator[Deps]:
    """The service's loop, in this process."""
    handler = DatasetHandler(HereAndNow())
    task = asyncio.create_task(run_jobs(deps, subjects.DATASET, handler, slots=2))
    yield deps
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def service(deps: Deps) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m services.dataset`, killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.dataset", env=environment_of(deps.settings)
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def environment_of(settings: Settings) -> dict[str, str]:
    """What a service reads to have these settings."""
    assert settings.s3_access_key
    assert settings.s3_secret_key
    return os.environ | {
        "SHIRUSHI_HOME": str(settings.home),
        "SHIRUSHI_ROOTS": str(settings.home.parent),
        "SHIRUSHI_NATS_URL": settings.nats_url,
        "SHIRUSHI_S3_ENDPOINT": settings.s3_endpoint,
        "SHIRUSHI_S3_BUCKET": settings.s3_bucket,
        "SHIRUSHI_S3_ACCESS_KEY": settings.s3_access_key,
        "SHIRUSHI_S3_SECRET_KEY": settings.s3_secret_key.get_secret_value(),
    }


async def ask(deps: Deps, job_id: str, operation: str, dataset: DatasetRef, **options: Any) -> None:
    await deps.bus.publish(
        DatasetRequested.model_validate(
            {"job_id": job_id, "operation": operation, "dataset": dataset, "options": options}
        )
    )


async def told(deps: Deps, job_id: str, *kinds: type[Event]) -> Event:
    """The first fact of one of `kinds` that is told of the job."""
    async with asyncio.timeout(WAIT_S):
        async for record in deps.bus.replay(*subjects.of_job("dataset", job_id)):
            if isinstance(record.event, kinds or ENDS):
                return record.event
    raise AssertionError("the log ended")


async def registered(deps: Deps, job_id: str) -> DatasetRegistered:
    event = await told(deps, job_id)
    assert isinstance(event, DatasetRegistered), event
    return event


def ref(event: DatasetRegistered) -> DatasetRef:
    return DatasetRef(name=event.name, version=event.version, manifest=event.manifest)


def zip_of(root: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(root.rglob("*.*")):
            archive.write(file, file.relative_to(root))
    return path


async def test_a_check_tells_its_result_and_the_report_can_be_read(
    working: Deps, tmp_path: Path
) -> None:
    root = make_dataset(tmp_path / "d")
    put(root / "labels/train/train00.txt", "9 0.5 0.5 0.1 0.1\n")
    before = tree_hash(root)
    readings = working.bus.listen("progress.dataset.>")
    await ask(working, "check1", "validate", DatasetRef(name="d", path=str(root)))
    async with asyncio.timeout(WAIT_S):
        _, reading = await anext(readings)
    assert reading["job_id"] == "check1"
    result = await told(working, "check1")
    assert isinstance(result, DatasetValidated), result
    assert (result.valid, result.errors, result.total_images) == (False, 1, 30)
    assert result.summary == {"class_out_of_range": 1}
    report = orjson.loads(await working.artifacts.get_bytes(result.report.key))
    assert report["validation_id"] == "check1"
    assert report["findings"][0]["file"] == "labels/train/train00.txt"
    assert tree_hash(root) == before


async def test_a_dataset_is_imported_split_edited_and_deleted_as_versions(
    working: Deps, tmp_path: Path
) -> None:
    root = make_dataset(tmp_path / "d")
    shutil.copy(root / "images/train/train00.jpg", root / "images/val/twin.jpg")
    archive = zip_of(root, tmp_path / "d.zip")
    await working.artifacts.put_file("uploads/one.zip", archive)
    nothing = DatasetRef(name="logos")
    await ask(working, "import", "import", nothing, upload_key="uploads/one.zip", name="logos")
    first = await registered(working, "import")
    assert (first.version, first.classes, first.counts) == (
        "v1",
        ("cup", "bag"),
        {"train": 24, "val": 7},
    )
    await ask(working, "split", "split", ref(first), train_ratio=0.6, val_ratio=0.2, test_ratio=0.2)
    second = await registered(working, "split")
    assert (second.version, second.parent) == ("v2", "v1")
    assert sum(second.counts.values()) == 31
    assert set(second.counts) == {"train", "val", "test"}
    await ask(working, "less", "delete_class", ref(second), class_name="cup")
    third = await registered(working, "less")
    assert (third.version, third.classes) == ("v3", ("bag",))
    assert third.changes == {"boxes_removed": 30, "labels_changed": 30, "classes_deleted": 1}
    folder = await materialise(ref(third), working.artifacts, tmp_path / "cache")
    items = [item for part in read_dataset(folder).splits.values() for item in part]
    labels = [item.label.read_text() for item in items if item.label]
    assert labels == ["0 0.7 0.7 0.2 0.2\n"] * 30
    blobs = await working.artifacts.list("datasets/logos/blobs")
    assert len(blobs) == 30 + 1 + 1, "images once over all versions, and two kinds of label"
    await ask(working, "gone", "delete", DatasetRef(name="logos"))
    assert isinstance(await told(working, "gone"), DatasetDeleted)
    with pytest.raises(NotFound):
        await working.artifacts.head("uploads/one.zip")
    assert not list(working.scratch.glob("import-*"))


async def test_duplicates_stay_in_one_split(working: Deps, tmp_path: Path) -> None:
    root = make_dataset(tmp_path / "my set", train=20, val=0)
    for copy in range(6):
        shutil.copy(root / "images/train/train00.jpg", root / f"images/train/copy{copy}.jpg")
    (root / "images/val").mkdir()
    await ask(working, "split", "split", DatasetRef(name="x", path=str(root)))
    version = await registered(working, "split")
    assert (version.name, version.version, version.parent) == ("my-set", "v2", "v1")
    assert version.before, "the folder as it was"
    assert (version.before.version, version.before.counts) == ("v1", {"train": 26})
    folder = await materialise(ref(version), working.artifacts, tmp_path / "cache")
    homes = [
        split
        for split, items in read_dataset(folder).splits.items()
        for item in items
        if item.image.name.startswith("copy") or item.image.name == "train00.jpg"
    ]
    assert len(homes) == 7
    assert len(set(homes)) == 1


@pytest.mark.parametrize(
    ("operation", "options", "code"),
    [
        ("validate", {"mode": "slow"}, "bad_options"),
        ("split", {"train_ratio": 0.9}, "bad_options"),
        ("delete_class", {"class_name": "hat"}, "no_class"),
        ("delete_class", {}, "bad_options"),
        ("import", {"upload_key": "datasets/secret", "name": "x"}, "bad_options"),
        ("import", {"upload_key": "uploads/none.zip", "name": "x"}, "no_such_artifact"),
        ("delete", {}, "no_dataset"),
    ],
)
async def test_what_cannot_be_done_fails_at_once_with_a_sentence(
    working: Deps, tmp_path: Path, operation: str, options: dict[str, Any], code: str
) -> None:
    root = make_dataset(tmp_path / "d", train=2, val=1)
    dataset = DatasetRef(name="d", path=str(root))
    await ask(working, "job", operation, dataset, **options)
    failed = await told(working, "job")
    assert isinstance(failed, DatasetFailed), failed
    assert failed.error_code == code
    assert failed.attempt == 1
    assert "Traceback" not in failed.message


async def test_a_folder_outside_the_roots_is_refused(working: Deps) -> None:
    await ask(working, "job", "validate", DatasetRef(name="d", path="/etc"))
    failed = await told(working, "job")
    assert isinstance(failed, DatasetFailed)
    assert failed.error_code == "outside_roots"
