"""Free what no version of a dataset holds any more, without taking a byte from a version to be.

The collector puts a mark into the store, reads the manifests, removes, says that it was there, and
takes the mark away. Whoever makes a version writes the manifest, then looks: either the collector
saw the manifest, or the maker sees the mark or that somebody was there, and sends again what is
missing.
"""

import asyncio
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import orjson

from libs.common import subjects
from libs.common.artifacts import ArtifactStore
from libs.common.bus import Bus
from libs.common.dataset_log import DatasetLog
from libs.common.dataset_versions import Manifest, for_each, to_its_end
from libs.common.errors import BadInput, Conflict, NotFound, TransientError
from libs.common.jobs import Job, fold
from services.dataset.scan import Progress

DELETES_AT_ONCE = 16
LOOK_S = 0.25
PATIENCE_S = 600.0


def mark_key(name: str) -> str:
    """Where the mark of a collector is kept."""
    return f"datasets/{name}/.collecting"


def trace_key(name: str) -> str:
    """Where the id of the last collector is kept."""
    return f"datasets/{name}/.collected"


def users(jobs: Iterable[Job], name: str, collector: str) -> list[str]:
    """Ids of open jobs that read or make versions of a dataset."""
    found = []
    for job in jobs:
        dataset = getattr(job.request, "dataset", None)
        options = getattr(job.request, "options", None) or {}
        named = {getattr(dataset, "name", None), options.get("name")}
        if not job.finished and job.id != collector and name in named:
            found.append(job.id)
    return found


async def collect(
    artifacts: ArtifactStore, log: DatasetLog, name: str, job_id: str, progress: Progress
) -> tuple[int, int]:
    """Remove manifests of deleted versions, and blobs that no manifest holds.

    Interrupted at any point, another call with the same `job_id` ends the work.

    Returns:
        How many files this job removed, over all its attempts, and their size in bytes.

    Raises:
        Conflict: another collector is at work on the same dataset.
    """
    mark = await _marked(artifacts, name, job_id)
    live = {event.version for event in log.live.get(name, ())}
    dead = {event.version for event in log.retired.get(name, ())} - live
    needed: set[str] = set()
    stale: list[str] = []
    blobs: dict[str, int] = {}
    for head in await artifacts.list(f"datasets/{name}"):
        path = PurePosixPath(head.key)
        if path.parent.name == "blobs":
            blobs[head.key] = head.size_bytes
        elif path.parent.name in dead:
            stale.append(head.key)
        elif path.name == "manifest.json":
            manifest = Manifest.model_validate_json(await artifacts.get_bytes(head.key))
            needed |= {member.sha256 for member in manifest.files}
    free = {key: n for key, n in blobs.items() if PurePosixPath(key).name not in needed}
    if "files" not in mark:
        mark |= {"files": len(free), "size_bytes": sum(free.values())}
        await artifacts.put_bytes(mark_key(name), orjson.dumps(mark))
    await _remove(artifacts, [*free, *stale], progress)
    await artifacts.put_bytes(trace_key(name), job_id.encode())
    await artifacts.delete(mark_key(name))
    return int(mark["files"]), int(mark["size_bytes"])


async def _marked(artifacts: ArtifactStore, name: str, job_id: str) -> dict[str, Any]:
    mark: dict[str, Any] = {"job_id": job_id}
    try:
        await artifacts.put_bytes(mark_key(name), orjson.dumps(mark), create=True)
    except Conflict:
        found: dict[str, Any] = orjson.loads(await artifacts.get_bytes(mark_key(name)))
        if found.get("job_id") != job_id:
            raise Conflict(
                f"'{name}' is being collected by another job: wait for its end.",
                code="collecting",
            ) from None
        return found
    return mark


async def _remove(artifacts: ArtifactStore, keys: list[str], progress: Progress) -> None:
    done = 0

    async def remove(key: str) -> None:
        nonlocal done
        await to_its_end(artifacts.delete(key))
        done += 1
        await progress(done, len(keys))

    await for_each(keys, remove, at_once=DELETES_AT_ONCE)


async def last_collector(bus: Bus, artifacts: ArtifactStore, name: str, own: str = "") -> str:
    """Who collected last, when nobody does now. The mark of a dead collector is taken away.

    Args:
        bus: tells which jobs are finished.
        artifacts: where marks are.
        name: of the dataset.
        own: the job that asks: a mark of its own is of an attempt that died.

    Raises:
        TransientError: one is at work for very long.
    """
    waited_s = 0.0
    while (mark := await _get(artifacts, mark_key(name))) is not None:
        job_id = str(orjson.loads(mark).get("job_id"))
        job = fold(await bus.read(*subjects.of_job("dataset", job_id)))
        if job is None or job.finished or job_id == own:
            await artifacts.put_bytes(trace_key(name), job_id.encode())
            await artifacts.delete(mark_key(name))
            break
        if waited_s > PATIENCE_S:
            raise TransientError(f"'{name}' is still being collected.", code="collecting")
        await asyncio.sleep(LOOK_S)
        waited_s += LOOK_S
    return (await _get(artifacts, trace_key(name)) or b"").decode()


async def _get(artifacts: ArtifactStore, key: str) -> bytes | None:
    try:
        return await artifacts.get_bytes(key)
    except NotFound:
        return None


def refuse_used(jobs: list[str], name: str) -> None:
    """Raises BadInput when open jobs use the dataset."""
    if jobs:
        raise BadInput(
            f"'{name}' is used by {len(jobs)} open jobs ({', '.join(jobs[:3])}): wait for their "
            "end, or cancel them.",
            code="dataset_in_use",
        )
