"""Make a new version of a registered dataset: upload what is new, then the manifest."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from libs.common import subjects
from libs.common.artifacts import ArtifactStore
from libs.common.bus import Bus
from libs.common.dataset_files import Dataset
from libs.common.dataset_versions import Manifest, Member, blob_key, for_each, manifest_key
from libs.common.errors import Conflict
from libs.common.events import Artifact, DatasetRegistered
from services.dataset.scan import Progress

UPLOADS_AT_ONCE = 16
MAX_RACES = 20


@dataclass(frozen=True, slots=True)
class File:
    """A file of the version to be: where it goes, and its bytes on disk or in memory."""

    path: str
    content: Path | bytes


def files_of(dataset: Dataset) -> dict[str, list[tuple[File, File | None]]]:
    """Images with their labels per split, at the paths that a version keeps them under.

    Sub-folders of a split are flattened; a name that is taken gets a number.
    """
    laid_out: dict[str, list[tuple[File, File | None]]] = {}
    for split, items in dataset.splits.items():
        taken: set[str] = set()
        pairs = laid_out.setdefault(split, [])
        for index, item in enumerate(items):
            stem = item.image.stem
            if stem in taken or not stem.isprintable() or "\\" in stem:
                stem = f"{index:07d}"
            taken.add(stem)
            image = File(f"images/{split}/{stem}{item.image.suffix.lower()}", item.image)
            label = File(f"labels/{split}/{stem}.txt", item.label) if item.label else None
            pairs.append((image, label))
    return laid_out


async def versions(bus: Bus, name: str) -> list[DatasetRegistered]:
    """All versions that were ever registered under a name, the oldest first."""
    records = await bus.read(subjects.of_kind(DatasetRegistered))
    events = [record.event for record in records]
    return [e for e in events if isinstance(e, DatasetRegistered) and e.name == name]


async def register(
    bus: Bus,
    artifacts: ArtifactStore,
    name: str,
    classes: Sequence[str],
    files: Sequence[File],
    progress: Progress,
) -> tuple[Manifest, Artifact]:
    """Store a new version, v1 or one above the newest. Bytes that are there are not sent again.

    Raises:
        Conflict: others kept registering versions of the same name.
        Unavailable: the store does not answer.
    """
    members = await _upload(artifacts, name, files, progress)
    number = max((int(v.version[1:]) for v in await versions(bus, name)), default=0)
    for _ in range(MAX_RACES):
        number += 1
        manifest = Manifest(
            name=name, version=f"v{number}", classes=tuple(classes), files=tuple(members)
        )
        data = manifest.model_dump_json().encode()
        key = manifest_key(name, manifest.version)
        try:
            return manifest, await artifacts.put_bytes(key, data, create=True)
        except Conflict:
            if await artifacts.get_bytes(key) == data:  # ours, from a try that died after it
                digest = hashlib.sha256(data).hexdigest()
                return manifest, Artifact(key=key, size_bytes=len(data), sha256=digest)
    raise Conflict(f"Others keep changing '{name}'. Try again.", code="dataset_busy")


async def _upload(
    artifacts: ArtifactStore, name: str, files: Sequence[File], progress: Progress
) -> list[Member]:
    known = {
        PurePosixPath(head.key).name for head in await artifacts.list(f"datasets/{name}/blobs")
    }
    members: list[Member] = []

    async def send(file: File) -> None:
        digest, size = await asyncio.to_thread(_measure, file.content)
        if digest not in known:
            known.add(digest)
            if isinstance(file.content, bytes):
                await artifacts.put_bytes(blob_key(name, digest), file.content)
            else:
                await artifacts.put_file(blob_key(name, digest), file.content)
        members.append(Member(path=file.path, size_bytes=size, sha256=digest))
        await progress(len(members), len(files))

    await for_each(files, send, at_once=UPLOADS_AT_ONCE)
    return sorted(members, key=lambda member: member.path)


def _measure(content: Path | bytes) -> tuple[str, int]:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest(), len(content)
    with content.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
        return digest.hexdigest(), stream.tell()
