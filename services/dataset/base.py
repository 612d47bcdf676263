"""What an edit starts from, and how it ends: as a new version, or as a preview."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from libs.common.dataset_log import DatasetLog
from libs.common.dataset_versions import read_manifest
from libs.common.datasets import survey_dataset, usable
from libs.common.errors import BadInput, PermanentError, ShirushiError
from libs.common.events import Artifact, DatasetPreviewed, DatasetRegistered, DatasetVersion
from services.dataset.contents import Contents
from services.dataset.domain.diff import Change, changed_labels, compare, summary
from services.dataset.domain.draft import Draft
from services.dataset.garbage import collect
from services.dataset.sources import draft_of_folder, draft_of_manifest
from services.dataset.task import Task

FIRST_FILES = 100
"""Changed files that the answer itself holds; the rest are paged."""


@dataclass(frozen=True, slots=True)
class Base:
    """What an edit starts from."""

    name: str
    """Of the dataset that the new version belongs to."""
    draft: Draft
    version: str | None
    """The parent of the new version, if it is registered."""
    keep: bool = False
    """It is a folder: it becomes a version of its own first."""


async def open_base(task: Task, name: str | None = None) -> Base:
    """The request's dataset as a draft, whatever it is.

    Raises:
        BadInput: it cannot be used.
    """
    ref = task.request.dataset
    if ref.version:
        manifest, _ = await read_manifest(ref, task.attempt.deps.artifacts)
        draft = await asyncio.to_thread(draft_of_manifest, manifest)
        return Base(name or ref.name, draft, ref.version)
    path, roots = await task.folder()
    draft = await asyncio.to_thread(_folder_draft, path, roots)
    return Base(name or home_of(await task.registry.log(), task), draft, None, keep=True)


def _folder_draft(path: Path, roots: Sequence[Path]) -> Draft:
    survey = survey_dataset(path, roots)
    usable(survey)
    return draft_of_folder(survey, roots)


def home_of(log: DatasetLog, task: Task) -> str:
    """The name for a folder's versions: the one it has already, else one that is free.

    Another folder's dataset of the same name is left alone.
    """
    source, wanted = task.source, task.name
    name, number = wanted, 1
    while known := (*log.retired.get(name, ()), *log.live.get(name, ())):
        if any(event.source == source for event in known):
            break
        number += 1
        name = f"{wanted[:58]}-{number}"
    return name


async def conclude(
    task: Task,
    base: Base,
    after: Draft,
    contents: Contents,
    changes: Mapping[str, int],
    **more: Any,
) -> None:
    """Tell a preview if that was asked for, else store the version and tell of it.

    Args:
        task: the attempt.
        base: what the edit started from.
        after: what it came to.
        contents: reads both.
        changes: what it did, in numbers.
        more: further fields of the report.
    """
    await contents.fetch(changed_labels(base.draft, after))
    found = await asyncio.to_thread(lambda: list(compare(base.draft, after, contents.text)))
    report = {"name": base.name, "from": base.version, "changes": dict(changes)} | more
    report |= summary(base.draft, after, found)
    if task.request.options.get("dry_run"):
        place = f"datasets/.previews/{task.attempt.job.id}/{task.attempt.number}"
        stored = await store_diff(task, place, report | {"dry_run": True, "to": None}, found)
        await task.attempt.tell(
            DatasetPreviewed,
            name=base.name,
            parent=base.version,
            changes=dict(changes),
            report=stored,
        )
        return
    before: DatasetVersion | None = None
    try:
        if base.keep:
            tell = task.progress("storing the folder as it is")
            before = await task.registry.register(base.name, base.draft, tell, reuse=True)
        new = await task.registry.register(base.name, after, task.progress("storing files"))
    except (asyncio.CancelledError, PermanentError) as error:
        if isinstance(error, PermanentError) or task.attempt.cancelling:
            await _sweep(task, base.name)
        raise
    parent = before.version if before else base.version
    place = f"datasets/{base.name}/{new.version}"
    diff = await store_diff(task, place, report | {"from": parent, "to": new.version}, found)
    log = await task.registry.log()
    known = before and log.version(base.name, before.version)
    await task.attempt.tell(
        DatasetRegistered,
        name=base.name,
        **new.model_dump(),
        parent=parent,
        changes=dict(changes),
        diff=diff,
        source=task.source,
        before=None if known else before,
    )


async def _sweep(task: Task, name: str) -> None:
    """Take away what a broken-off edit had stored, as far as nothing else needs it."""

    async def quiet(_done: int, _of: int) -> None:
        """Nobody waits any more."""

    every = DatasetLog()  # no version counts as deleted: only what no manifest holds is taken
    artifacts, job_id = task.attempt.deps.artifacts, task.attempt.job.id
    with suppress(ShirushiError):  # then it waits for the next collection
        await collect(artifacts, every, name, job_id, quiet)


async def store_diff(
    task: Task, place: str, report: Mapping[str, Any], changes: Iterable[Change]
) -> Artifact:
    """Store the diff as `diff.json` with its first files, and all files as lines beside it."""
    rows = [change.as_dict() for change in changes]
    artifacts = task.attempt.deps.artifacts
    lines = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    await artifacts.put_bytes(f"{place}/diff.jsonl", lines)
    whole = {**report, "changed": rows[:FIRST_FILES], "changed_total": len(rows)}
    return await artifacts.put_bytes(f"{place}/diff.json", orjson.dumps(whole))


def refuse_nothing(changes: Mapping[str, int], dry_run: bool, why: str) -> None:
    """Raises BadInput when an edit changes nothing: a version more would say nothing."""
    if not dry_run and not any(changes.values()):
        raise BadInput(f"Nothing changes: {why}.", code="nothing_changes")
