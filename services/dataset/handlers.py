"""Take a request up: its own scratch folder, the operation it asks for, its end."""

import re
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from libs.common.errors import BadInput
from libs.common.events import DatasetRequested, DatasetStarted, DatasetValidated
from libs.common.work import Attempt
from services.dataset import changes, fixing, imports
from services.dataset.domain.report import report_key
from services.dataset.options import ValidateOptions, read_options
from services.dataset.task import Task
from services.dataset.validation import validate
from services.dataset.workers import Workers


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
    "import": imports.bring_in,
    "fix": fixing.fix,
    "edit": changes.edit,
    "split": changes.split,
    "delete_class": changes.delete_class,
    "restore": changes.restore,
    "delete": changes.delete,
    "collect": changes.collect,
}
