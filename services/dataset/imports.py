"""Bring datasets in: an uploaded ZIP, a folder under the roots, a bucket."""

import asyncio
import logging

from libs.common.dataset_versions import read_manifest
from libs.common.errors import BadInput, ShirushiError
from services.dataset.base import Base, conclude
from services.dataset.domain.diff import aligned
from services.dataset.domain.draft import Draft
from services.dataset.formats import Found, read_any
from services.dataset.options import ImportOptions, read_options
from services.dataset.registry import as_ref
from services.dataset.sources import draft_of_manifest
from services.dataset.task import Task
from services.dataset.zips import unpack

log = logging.getLogger(__name__)

MAX_ARCHIVE_BYTES = 64 * 1024**3


async def bring_in(task: Task) -> None:
    """Register what was uploaded, or lies in a folder or a bucket, as a new version.

    Nothing can be read before everything is stored; what an attempt had unpacked goes with it.
    """
    options = read_options(ImportOptions, task.request.options)
    await task.attempt.progress(done=0, of=1, stage="reading")
    if options.upload_key:
        found = await _from_zip(task, options)
    else:
        path, roots = await task.folder()
        found = await asyncio.to_thread(read_any, path, roots, options.format)
    await _conclude(task, options, found)
    if options.upload_key and not options.dry_run:
        await _forget(task, options.upload_key)


async def _from_zip(task: Task, options: ImportOptions) -> Found:
    artifacts, key = task.attempt.deps.artifacts, options.upload_key or ""
    if (await artifacts.head(key)).size_bytes > MAX_ARCHIVE_BYTES:
        raise BadInput("The upload is larger than 64 GiB.", code="upload_too_large")
    archive = await artifacts.get_file(key, task.scratch / "upload.zip")
    folder = task.scratch / "unpacked"
    folder.mkdir()
    await asyncio.to_thread(unpack, archive, folder)
    return await asyncio.to_thread(read_any, folder, (folder,), options.format)


async def _conclude(task: Task, options: ImportOptions, found: Found) -> None:
    newest = (await task.registry.log()).version(options.name)
    contents = task.contents()
    draft, base = found.draft, Base(options.name, Draft((), {}), None)
    if newest:
        manifest, _ = await read_manifest(as_ref(newest), task.attempt.deps.artifacts)
        now = draft_of_manifest(manifest)
        base = Base(options.name, now, newest.version)
        draft = aligned(now, draft)
    changes = {"images": len(draft.pictures), "lost": found.lost.total()}
    more = {"format": found.format, "lost": dict(sorted(found.lost.items()))}
    await conclude(task, base, draft, contents, changes, **more)


async def _forget(task: Task, key: str) -> None:
    try:
        await task.attempt.deps.artifacts.delete(key)
    except ShirushiError as error:
        log.warning("an upload was left behind", extra={"key": key, "why": str(error)})
