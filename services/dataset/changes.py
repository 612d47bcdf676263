"""Operations that make versions, end them, or free what they held: one function each."""

import asyncio
from collections.abc import Sequence

from libs.common import subjects
from libs.common.dataset_edits import Deal, DeleteClass
from libs.common.dataset_versions import read_manifest
from libs.common.errors import NotFound
from libs.common.events import KINDS, DatasetCollected, DatasetDeleted, Request
from libs.common.jobs import Job, apply
from services.dataset import garbage
from services.dataset.alike import look_for_alike
from services.dataset.base import Base, conclude, open_base, refuse_nothing
from services.dataset.domain.diff import aligned
from services.dataset.domain.draft import Draft
from services.dataset.editions import Edition, labels_to_read
from services.dataset.editions import apply as apply_steps
from services.dataset.options import (
    DeleteClassOptions,
    EditOptions,
    RestoreOptions,
    SplitOptions,
    read_options,
)
from services.dataset.registry import as_ref
from services.dataset.sources import draft_of_manifest
from services.dataset.task import Task

MOST_DEALS = 5
"""So often images are dealt out anew because a check would still find twins across splits."""


async def edit(task: Task) -> None:
    """Apply a list of steps as one new version."""
    options = read_options(EditOptions, task.request.options)
    edition, base = await _edited(task, options.steps, options.name)
    why = "the steps ask for what is so already"
    refuse_nothing(edition.changes, options.dry_run, why)
    await _conclude(task, base, edition)


async def split(task: Task) -> None:
    """Deal all images out anew."""
    options = read_options(SplitOptions, task.request.options)
    step = Deal(op="split", **options.model_dump(exclude={"name", "dry_run"}))
    edition, base = await _edited(task, [step], options.name)
    await _conclude(task, base, edition)


async def delete_class(task: Task) -> None:
    """Take a class out."""
    options = read_options(DeleteClassOptions, task.request.options)
    wanted = options.class_name if options.class_id is None else options.class_id
    step = DeleteClass.model_validate({"op": "delete_class", "class": wanted})
    edition, base = await _edited(task, [step], options.name)
    await _conclude(task, base, edition)


async def _edited(task: Task, steps: Sequence[object], name: str | None) -> tuple[Edition, Base]:
    base = await open_base(task, name)
    contents = task.contents()
    await task.attempt.progress(done=0, of=1, stage="reading labels")
    await contents.fetch(labels_to_read(base.draft, steps))
    if not any(isinstance(step, Deal) and step.group for step in steps):
        edition = Edition(base.draft, contents)
        await asyncio.to_thread(apply_steps, edition, steps)
        return edition, base
    alike = await look_for_alike(base.draft, contents, task.workers, task.stages())
    for _ in range(MOST_DEALS):
        edition = Edition(base.draft, contents)
        await asyncio.to_thread(apply_steps, edition, steps, alike.marks)
        if not await alike.compare(edition.draft):
            break
    return edition, base


async def _conclude(task: Task, base: Base, edition: Edition) -> None:
    changes = {name: count for name, count in edition.changes.items() if count}
    more = {"undone": edition.undone[:1000]}
    await conclude(task, base, edition.draft, edition.contents, changes, **more)


async def restore(task: Task) -> None:
    """An earlier version again, as the newest; of a deleted dataset, too, until it is collected."""
    options = read_options(RestoreOptions, task.request.options)
    name = task.request.dataset.name
    known = await task.registry.log()
    every = (*known.retired.get(name, ()), *known.live.get(name, ()))
    wanted = next((each for each in reversed(every) if each.version == options.version), None)
    if wanted is None:
        raise NotFound(f"'{name}' never had a version {options.version}.", code="no_such_version")
    artifacts = task.attempt.deps.artifacts
    draft = draft_of_manifest((await read_manifest(as_ref(wanted), artifacts))[0])
    newest = known.version(name)
    now = Draft((), {})
    if newest:
        now = draft_of_manifest((await read_manifest(as_ref(newest), artifacts))[0])
    base = Base(name, now, newest.version if newest else options.version)
    contents = task.contents()
    then = aligned(now, draft)
    await conclude(task, base, then, contents, {}, restored=options.version)


async def delete(task: Task) -> None:
    """A tombstone: nothing is destroyed."""
    name = task.request.dataset.name
    if name not in (await task.registry.log()).live:
        raise NotFound(f"No dataset is registered as '{name}'.", code="no_dataset")
    await task.attempt.tell(DatasetDeleted, name=name)


async def collect(task: Task) -> None:
    """Free the bytes that no version of a live dataset holds."""
    name, job_id = task.request.dataset.name, task.attempt.job.id
    known = await task.registry.log()
    artifacts = task.attempt.deps.artifacts
    if name not in {*known.live, *known.retired} and not await artifacts.list(f"datasets/{name}/"):
        raise NotFound(f"No dataset was ever registered as '{name}'.", code="no_dataset")
    garbage.refuse_used(garbage.users(await _jobs(task), name, job_id), name)
    files, size_bytes = await garbage.collect(
        artifacts, known, name, job_id, task.progress("removing files")
    )
    await task.attempt.tell(DatasetCollected, name=name, files=files, size_bytes=size_bytes)


async def _jobs(task: Task) -> list[Job]:
    """All jobs, as far as it takes to know which are open."""
    kinds = [kind for kind in KINDS.values() if kind.terminal or issubclass(kind, Request)]
    jobs: dict[str, Job] = {}
    for record in await task.attempt.deps.bus.read(*(subjects.of_kind(kind) for kind in kinds)):
        if job := apply(jobs.get(record.event.job_id), record):
            jobs[job.id] = job
    return list(jobs.values())
