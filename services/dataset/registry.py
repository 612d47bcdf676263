"""Make a new version of a registered dataset: upload what is new, then the manifest."""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Any

from libs.common import subjects
from libs.common.artifacts import ArtifactStore
from libs.common.bus import Bus
from libs.common.dataset_files import Fence
from libs.common.dataset_log import DatasetLog
from libs.common.dataset_versions import (
    Manifest,
    Member,
    blob_key,
    for_each,
    manifest_key,
    read_manifest,
    to_its_end,
)
from libs.common.errors import BadInput, Conflict, NotFound
from libs.common.events import (
    Artifact,
    DatasetDeleted,
    DatasetRef,
    DatasetRegistered,
    DatasetVersion,
)
from services.dataset.contents import ANYWHERE
from services.dataset.domain.draft import Blob, Content, Draft, File
from services.dataset.garbage import last_collector
from services.dataset.scan import Progress

UPLOADS_AT_ONCE = 16
MOST_BYTES_AT_ONCE = 8 * 2**20
"""Larger files are sent in parts."""
MAX_RACES = 20


@dataclass(frozen=True, slots=True)
class Registry:
    """The versions of all datasets: the log says which there are, the store holds them."""

    bus: Bus
    artifacts: ArtifactStore
    job_id: str = ""
    """Of the job that makes versions."""
    fence: Fence = ANYWHERE
    """Where the files of drafts may lie."""

    async def log(self) -> DatasetLog:
        """Which versions there are now."""
        kinds = (DatasetRegistered, DatasetDeleted)
        records = await self.bus.read(*(subjects.of_kind(kind) for kind in kinds))
        return DatasetLog(record.event for record in sorted(records, key=lambda r: r.seq))

    async def register(
        self, name: str, draft: Draft, progress: Progress, *, reuse: bool = False
    ) -> DatasetVersion:
        """Store a new version, v1 or one above the newest. Bytes that are there are not sent again.

        Args:
            name: of the dataset.
            draft: what the version holds.
            progress: told of files done.
            reuse: if the newest version holds just the same, give that one back.

        Raises:
            Conflict: others kept registering versions of the same name.
            NotFound: bytes that the draft takes from the store were collected meanwhile.
            Unavailable: the store does not answer.
        """
        files = draft.files()
        collector = await last_collector(self.bus, self.artifacts, name, self.job_id)
        members = await self._upload(name, files, progress)
        log = await self.log()
        if reuse and (newest := log.version(name)):
            manifest, _ = await read_manifest(as_ref(newest), self.artifacts)
            if manifest.files == tuple(members) and manifest.classes == draft.classes:
                return as_version(newest.version, newest.manifest, manifest)
        version = await self._write(name, draft, members, log.highest(name))
        if await last_collector(self.bus, self.artifacts, name, self.job_id) != collector:
            await self._upload(name, files, progress)  # what the collector took is sent again
        return version

    async def _write(
        self, name: str, draft: Draft, members: Sequence[Member], number: int
    ) -> DatasetVersion:
        for _ in range(MAX_RACES):
            number += 1
            manifest = Manifest(
                name=name, version=f"v{number}", classes=draft.classes, files=tuple(members)
            )
            data = manifest.model_dump_json().encode()
            key = manifest_key(name, manifest.version)
            try:
                stored = await self.artifacts.put_bytes(key, data, create=True)
            except Conflict:
                if await self.artifacts.get_bytes(key) != data:
                    continue
                # ours, from a try that died after it
                digest = hashlib.sha256(data).hexdigest()
                stored = Artifact(key=key, size_bytes=len(data), sha256=digest)
            return as_version(manifest.version, stored, manifest)
        raise Conflict(f"Others keep changing '{name}'. Try again.", code="dataset_busy")

    async def _upload(self, name: str, files: Sequence[File], progress: Progress) -> list[Member]:
        heads = await self.artifacts.list(f"datasets/{name}/blobs")
        known = {PurePosixPath(head.key).name for head in heads}
        members: list[Member] = []

        async def send(file: File) -> None:
            digest, size = await asyncio.to_thread(measure, file.content, self.fence)
            if digest not in known:
                known.add(digest)
                await to_its_end(self._send(name, digest, file.content))
            members.append(Member(path=file.path, size_bytes=size, sha256=digest))
            await progress(len(members), len(files))

        await for_each(files, send, at_once=UPLOADS_AT_ONCE)
        return sorted(members, key=lambda member: member.path)

    async def _send(self, name: str, digest: str, content: Content) -> None:
        key = blob_key(name, digest)
        if isinstance(content, bytes):
            await self.artifacts.put_bytes(key, content)
        elif isinstance(content, Path):
            await self._send_file(key, digest, content)
        elif content.dataset == name:
            raise NotFound(
                "Bytes of this version were collected: it cannot be made anew.", code="collected"
            )
        else:
            theirs = Artifact(
                key=blob_key(content.dataset, digest),
                size_bytes=content.size_bytes,
                sha256=digest,
            )
            await self.artifacts.copy(theirs, key)

    async def _send_file(self, key: str, digest: str, path: Path) -> None:
        """Upload what is open, if it is what was measured: names may be swapped meanwhile."""
        with await asyncio.to_thread(_opened, path, self.fence) as file:
            data = await asyncio.to_thread(file.read, MOST_BYTES_AT_ONCE + 1)
            whole = hashlib.sha256(data)
            if len(data) > MOST_BYTES_AT_ONCE:
                whole = await asyncio.to_thread(_hash_on, whole, file)
            if whole.hexdigest() != digest:
                raise BadInput(
                    f"'{path.name}' was changed meanwhile: import it again.", code="changed"
                )
            if len(data) <= MOST_BYTES_AT_ONCE:
                await self.artifacts.put_bytes(key, data)
                return
            file.seek(0)
            await self.artifacts.put_stream(key, file)


def _opened(path: Path, fence: Fence) -> BufferedReader:
    """Raises BadInput when it cannot be read, or lies elsewhere."""
    try:
        return os.fdopen(fence.open(path), "rb")
    except OSError as error:
        raise BadInput(
            f"'{path.name}' cannot be read ({error.strerror}): correct its rights, or remove it.",
            code="unreadable",
        ) from error


def _hash_on(begun: Any, file: BufferedReader) -> Any:
    while chunk := file.read(2**20):
        begun.update(chunk)
    return begun


def measure(content: Content, fence: Fence = ANYWHERE) -> tuple[str, int]:
    """SHA-256 in hex, and the size in bytes.

    Raises:
        BadInput: a file cannot be read.
    """
    if isinstance(content, Blob):
        return content.sha256, content.size_bytes
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest(), len(content)
    with _opened(content, fence) as stream:
        digest = hashlib.file_digest(stream, "sha256")
        return digest.hexdigest(), stream.tell()


def as_ref(event: DatasetRegistered) -> DatasetRef:
    """A version as a request names it."""
    return DatasetRef(name=event.name, version=event.version, manifest=event.manifest)


def as_version(version: str, stored: Artifact, manifest: Manifest) -> DatasetVersion:
    """A version as a fact tells of it."""
    return DatasetVersion(
        version=version, manifest=stored, classes=manifest.classes, counts=manifest.counts
    )
