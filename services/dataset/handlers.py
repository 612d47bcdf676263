"""Take a request up: its own scratch folder, the operation it asks for, its end."""

import re
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from libs.common.errors import BadInput
from libs.common.events import DatasetRequested, DatasetStarted
from libs.common.work import Attempt
from services.dataset import changes, checks, fixing, imports
from services.dataset.task import Task
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
    "validate": checks.check,
    "import": imports.bring_in,
    "fix": fixing.fix,
    "edit": changes.edit,
    "split": changes.split,
    "delete_class": changes.delete_class,
    "restore": changes.restore,
    "delete": changes.delete,
    "collect": changes.collect,
}
