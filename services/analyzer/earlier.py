"""Judgements that a comparison needs: those that are stored, and those it has to make itself."""

import asyncio
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from libs.common import subjects
from libs.common.datasets import read_dataset
from libs.common.errors import BadInput, PermanentError
from libs.common.events import (
    AnalysisCancelled,
    AnalysisFailed,
    AnalysisRequested,
    AnalysisStarted,
    DatasetRef,
    Event,
    Failed,
    ModelRef,
    ModelValidated,
)
from libs.common.service import Deps
from libs.common.work import Attempt, load
from services.analyzer.judging import choose_split
from services.analyzer.options import ValidateOptions
from services.analyzer.stored import StoredValidations
from services.analyzer.validate import validate

DECIDES = ("split", "imgsz", "iou_threshold", "protocol")
"""Options that change which boxes are stored; all others are arithmetic on them."""
OURS = 2
"""Number of our try: newer than that of a worker that found the request before we said so."""


@dataclass
class Within(Attempt):
    """A try at a job that another one makes on its way: who watches that one sees it move."""

    outer: Attempt = field(kw_only=True)
    doing: str = field(kw_only=True)

    async def progress(self, *, done: float, of: float, stage: str = "", **more: Any) -> None:
        """Told to both."""
        await super().progress(done=done, of=of, stage=stage, **more)
        await self.outer.progress(done=done, of=of, stage=f"{self.doing}: {stage}", **more)


async def validations_of(
    attempt: Attempt,
    models: tuple[ModelRef, ...],
    dataset: DatasetRef,
    options: ValidateOptions,
    folder: Path,
) -> list[str]:
    """The job of one validation per model, made now where none is stored that still holds.

    Raises:
        BadInput: a model or the dataset cannot be judged.
    """
    found = []
    for number, model in enumerate(models, start=1):
        known = await find_validation(attempt.deps, model, dataset, options)
        doing = f"model {number} of {len(models)}"
        found.append(known or await _judge(attempt, model, dataset, options, folder, doing=doing))
    return found


async def find_validation(
    deps: Deps, model: ModelRef, dataset: DatasetRef, options: ValidateOptions
) -> str | None:
    """The newest validation of these weights on this set that would give the same boxes again.

    A registered version never changes. Of a folder nothing may have been written since: the
    kernel's change time of every file and folder is older, and the files are the same.
    """
    kinds = (AnalysisRequested, ModelValidated)
    records = await deps.bus.read(*(subjects.of_kind(kind) for kind in kinds))
    asked = {r.event.job_id: r for r in records if isinstance(r.event, AnalysisRequested)}
    for event in (each.event for each in reversed(records)):
        record = asked.get(event.job_id)
        if not isinstance(event, ModelValidated) or record is None:
            continue
        request = record.event
        assert isinstance(request, AnalysisRequested)
        if not _same_question(request, model, dataset, options):
            continue
        if dataset.manifest or await _unchanged(deps, request, event, record.time.timestamp()):
            return event.job_id
    return None


def _same_question(
    request: AnalysisRequested, model: ModelRef, dataset: DatasetRef, options: ValidateOptions
) -> bool:
    if not model.sha256 or request.model.sha256 != model.sha256 or request.dataset is None:
        return False
    if request.predictions:
        return False
    theirs, ours = ValidateOptions.of(request.options), options
    if dataset.manifest:
        held = request.dataset.manifest
        same_set = held is not None and held.sha256 == dataset.manifest.sha256
    else:
        same_set = request.dataset.manifest is None and request.dataset.path == dataset.path
    return same_set and all(getattr(theirs, name) == getattr(ours, name) for name in DECIDES)


async def _unchanged(
    deps: Deps, request: AnalysisRequested, event: ModelValidated, asked_at: float
) -> bool:
    """Whether the folder holds exactly the files that were judged, none written since."""
    assert request.dataset is not None
    split = ValidateOptions.of(request.options).split
    path = request.dataset.path or ""
    try:
        stored = await StoredValidations(deps).get(event.job_id)
        return await asyncio.to_thread(
            _still_there, Path(path), split, frozenset(i.path for i in stored.images), asked_at
        )
    except (PermanentError, OSError):
        return False


def _still_there(path: Path, split: str, judged: frozenset[str], asked_at: float) -> bool:
    _, items, _ = choose_split(read_dataset(path), split)
    if frozenset(str(item.image) for item in items) != judged:
        return False
    files = {path for item in items for path in (item.image, item.label) if path}
    folders = {file.parent for file in files}
    return all(each.stat().st_ctime < asked_at for each in files | folders)


async def _judge(
    attempt: Attempt,
    model: ModelRef,
    dataset: DatasetRef,
    options: ValidateOptions,
    folder: Path,
    *,
    doing: str,
) -> str:
    """Judge a model in a job of its own, which anybody can look at afterwards.

    Another analyzer may take the request up as well: then the newer try counts, and we wait.
    """
    deps = attempt.deps
    job_id = f"{attempt.job.id[:48]}-{attempt.number}-{doing.split()[1]}"
    request = AnalysisRequested(
        job_id=job_id,
        operation="validate",
        model=model,
        dataset=dataset,
        options=options.model_dump(mode="json"),
    )
    await deps.bus.publish(request)
    job = await load(deps, "analysis", job_id)
    assert job is not None
    inner = Within(job, OURS, deps, outer=attempt, doing=doing)
    own = folder / doing.replace(" ", "-")
    own.mkdir(parents=True)
    await inner.tell(AnalysisStarted, worker=deps.worker)
    try:
        await validate(inner, request, own)
    except asyncio.CancelledError:
        with suppress(Exception):
            await asyncio.shield(inner.tell(AnalysisCancelled))
        raise
    except PermanentError as error:
        await inner.tell(
            AnalysisFailed, error_code=error.code, message=error.message, console=error.console
        )
        raise
    finally:
        await asyncio.to_thread(shutil.rmtree, own, ignore_errors=True)
    outcome = await _ending(deps, job_id)
    if isinstance(outcome, Failed):
        raise BadInput(outcome.message, code=outcome.error_code)
    return job_id


async def _ending(deps: Deps, job_id: str) -> Event:
    """The fact that ends a job: ours, or that of whoever took it from us."""
    async for record in deps.bus.replay(*subjects.of_job("analysis", job_id)):
        if record.event.terminal:
            return record.event
    raise AssertionError("the log never ends")
