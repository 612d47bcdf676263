"""Fetch, compute, tell: one function per operation on datasets."""

import asyncio
import logging
import re
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from libs.common.dataset_versions import materialise, sanitised
from libs.common.datasets import Dataset, read_dataset
from libs.common.errors import BadInput, NotFound, ShirushiError
from libs.common.events import (
    DatasetDeleted,
    DatasetRegistered,
    DatasetRequested,
    DatasetStarted,
    DatasetValidated,
)
from libs.common.work import Attempt
from services.dataset.domain.report import report_key
from services.dataset.editions import Edition, from_zip, split_anew, without_class
from services.dataset.options import (
    DeleteClassOptions,
    ImportOptions,
    SplitOptions,
    ValidateOptions,
    read_options,
)
from services.dataset.registry import register, versions
from services.dataset.validation import validate
from services.dataset.workers import Workers

log = logging.getLogger(__name__)

MAX_ARCHIVE_BYTES = 64 * 1024**3


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt at one request, and what it works with."""

    attempt: Attempt
    request: DatasetRequested
    workers: Workers
    scratch: Path
    """Of this attempt, removed after it."""

    async def folder(self) -> tuple[Path, tuple[Path, ...]]:
        """The dataset's folder on this disk, and the roots that hold for it."""
        deps = self.attempt.deps
        ref = self.request.dataset
        path = await materialise(ref, deps.artifacts, deps.scratch / "cache")
        settings = deps.settings
        return path, (*settings.roots, settings.datasets_dir) if ref.path else (path,)

    async def dataset(self) -> Dataset:
        """The dataset, read."""
        path, roots = await self.folder()
        return await asyncio.to_thread(read_dataset, path, roots)

    @property
    def name(self) -> str:
        """The name that a new version of the request's dataset gets."""
        ref = self.request.dataset
        if not ref.path:
            return ref.name
        path = Path(ref.path)
        return sanitised(path.parent.name if path.suffix in (".yaml", ".yml") else path.name)


class DatasetHandler:
    """Handles every request of the area `dataset`."""

    def __init__(self, workers: Workers) -> None:
        self.workers = workers

    async def __call__(self, attempt: Attempt) -> None:
        """Do what the request asks, and tell its end."""
        request = attempt.job.request
        if not isinstance(request, DatasetRequested):
            raise BadInput(f"{request.kind} is no request to the dataset service.")
        await attempt.tell(DatasetStarted, worker=attempt.deps.worker)
        with _own_scratch(attempt) as scratch:
            await _OPERATIONS[request.operation](Task(attempt, request, self.workers, scratch))


async def _validate(task: Task) -> None:
    attempt, request = task.attempt, task.request
    options = read_options(ValidateOptions, request.options)
    path, roots = await task.folder()

    async def progress(done: int, of: int) -> None:
        await attempt.progress(done=done, of=of, stage="checking images")

    report, findings = await validate(
        path,
        options,
        named=request.dataset.name,
        validation_id=attempt.job.id,
        roots=roots,
        workers=task.workers,
        progress=progress,
    )
    stored = await attempt.deps.artifacts.put_bytes(
        report_key(attempt.job.id), orjson.dumps(report)
    )
    await attempt.tell(
        DatasetValidated,
        valid=report["valid"],
        total_images=report["total_images"],
        total_labels=report["total_labels"],
        classes=tuple(report["classes"]),
        errors=findings.of("E"),
        warnings=findings.of("W"),
        summary=report["summary"],
        seconds=report["processing_time"],
        report=stored,
    )


async def _import(task: Task) -> None:
    options = read_options(ImportOptions, task.request.options)
    artifacts = task.attempt.deps.artifacts
    if (await artifacts.head(options.upload_key)).size_bytes > MAX_ARCHIVE_BYTES:
        raise BadInput("The upload is larger than 64 GiB.", code="upload_too_large")
    archive = await artifacts.get_file(options.upload_key, task.scratch / "upload.zip")
    folder = task.scratch / "unpacked"
    folder.mkdir()
    edition = await asyncio.to_thread(from_zip, archive, folder)
    await _register(task, options.name, edition)
    try:
        await artifacts.delete(options.upload_key)
    except ShirushiError as error:
        log.warning(
            "an upload was left behind", extra={"key": options.upload_key, "why": str(error)}
        )


async def _split(task: Task) -> None:
    options = read_options(SplitOptions, task.request.options)
    dataset = await task.dataset()
    await _register(task, task.name, await asyncio.to_thread(split_anew, dataset, options))


async def _delete_class(task: Task) -> None:
    options = read_options(DeleteClassOptions, task.request.options)
    dataset = await task.dataset()
    await _register(task, task.name, await asyncio.to_thread(without_class, dataset, options))


async def _delete(task: Task) -> None:
    name = task.request.dataset.name
    if not await versions(task.attempt.deps.bus, name):
        raise NotFound(f"No dataset is registered as '{name}'.", code="no_dataset")
    await task.attempt.tell(DatasetDeleted, name=name)


async def _register(task: Task, name: str, edition: Edition) -> None:
    attempt = task.attempt

    async def progress(done: int, of: int) -> None:
        await attempt.progress(done=done, of=of, stage="storing files")

    manifest, stored = await register(
        attempt.deps.bus, attempt.deps.artifacts, name, edition.classes, edition.files, progress
    )
    await attempt.tell(
        DatasetRegistered,
        name=name,
        version=manifest.version,
        parent=task.request.dataset.version,
        manifest=stored,
        classes=manifest.classes,
        counts=manifest.counts,
        changes=edition.changes,
    )


@contextmanager
def _own_scratch(attempt: Attempt) -> Iterator[Path]:
    """A folder for this attempt; what earlier attempts at the job left is removed."""
    root = attempt.deps.scratch
    for left in root.glob(f"{attempt.job.id}-*"):
        if re.fullmatch(rf"{re.escape(attempt.job.id)}-\d+", left.name):
            shutil.rmtree(left, ignore_errors=True)
    folder = root / f"{attempt.job.id}-{attempt.number}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_OPERATIONS: dict[str, Callable[[Task], Awaitable[None]]] = {
    "validate": _validate,
    "import": _import,
    "split": _split,
    "delete_class": _delete_class,
    "delete": _delete,
}
