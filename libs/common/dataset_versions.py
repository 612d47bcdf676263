"""Registered dataset versions: a manifest of paths and hashes over blobs that versions share.

`datasets/{name}/{version}/manifest.json` lists files; their bytes are at
`datasets/{name}/blobs/{sha256}`, stored once however many versions hold them. Images are at
`images/<split>/…`, labels at `labels/<split>/…`; the data.yaml of a version is written from its
class names, never stored.
"""

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from libs.common.artifacts import ArtifactStore
from libs.common.data_yaml import SPLITS
from libs.common.dataset_files import is_image_name
from libs.common.errors import BadInput
from libs.common.events import DatasetRef
from libs.common.s3_datasets import copy_here

DOWNLOADS_AT_ONCE = 16
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

Thing = TypeVar("Thing")


class Member(BaseModel):
    """One file of a version."""

    model_config = ConfigDict(frozen=True)

    path: str = Field(max_length=1024, description="relative, with forward slashes")
    size_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        parts = PurePosixPath(path).parts
        bad = not parts or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path
        if bad or str(PurePosixPath(path)) != path or parts[0] not in ("images", "labels"):
            raise ValueError(f"'{path[:80]}' is not a path inside images/ or labels/")
        return path


class Manifest(BaseModel):
    """What a version of a dataset holds."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=NAME_PATTERN)
    version: str = Field(pattern=r"^v[1-9][0-9]{0,8}$")
    classes: tuple[str, ...]
    files: tuple[Member, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Images per split."""
        paths = [PurePosixPath(file.path) for file in self.files]
        images = [path.parts for path in paths if is_image_name(path.name)]
        return {
            split: count
            for split in SPLITS
            if (count := sum(parts[:2] == ("images", split) for parts in images))
        }


def manifest_key(name: str, version: str) -> str:
    """Where the manifest of a version is kept."""
    return f"datasets/{name}/{version}/manifest.json"


def blob_key(name: str, sha256: str) -> str:
    """Where the bytes of a file are kept, whatever versions hold it."""
    return f"datasets/{name}/blobs/{sha256}"


def sanitised(name: str) -> str:
    """A dataset name that is safe in keys, from any text; `dataset` if nothing is left of it."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:64] or "dataset"


async def materialise(ref: DatasetRef, artifacts: ArtifactStore, cache: Path) -> Path:
    """A folder on this machine that holds the dataset.

    Args:
        ref: a folder or YAML file (returned as it is), an s3:// address, or a registered version.
        artifacts: where versions are kept.
        cache: folder of ours; blobs are kept there by hash and shared between versions.

    Returns:
        `ref.path`, or a folder with a data.yaml that `read_dataset` reads. It is shared by all
        jobs: read it, never write into it.

    Raises:
        BadInput: the reference names neither, or its manifest is not one of ours.
    """
    if ref.path:
        return Path(ref.path)
    if ref.url:
        return await copy_here(ref.url, artifacts, cache)
    manifest, fingerprint = await read_manifest(ref, artifacts)
    target = cache / "versions" / f"{manifest.name}-{manifest.version}-{fingerprint}"
    if target.is_dir():
        return target
    blobs = await fetch_blobs(manifest.name, manifest.files, artifacts, cache / "blobs")
    await asyncio.to_thread(_assemble, manifest, blobs, target)
    return target


async def read_manifest(ref: DatasetRef, artifacts: ArtifactStore) -> tuple[Manifest, str]:
    """The manifest of a registered version, and 16 hex digits that name its content.

    Raises:
        BadInput: there is no version in `ref`, or the manifest does not match its hash or shape.
    """
    if ref.version is None:
        raise BadInput(f"'{ref.name}' names neither a folder nor a version.", code="no_version")
    key = ref.manifest.key if ref.manifest else manifest_key(ref.name, ref.version)
    data = await artifacts.get_bytes(key)
    fingerprint = _sha256(data)
    if ref.manifest and ref.manifest.sha256 != fingerprint:
        raise BadInput(
            f"The manifest of {ref.name} {ref.version} was changed after it was registered.",
            code="manifest_changed",
        )
    try:
        return Manifest.model_validate_json(data), fingerprint[:16]
    except ValueError as error:
        raise BadInput(
            f"The manifest of {ref.name} {ref.version} is not valid: {error}"[:500],
            code="manifest_invalid",
        ) from error


async def fetch_blobs(
    name: str, members: Iterable[Member], artifacts: ArtifactStore, folder: Path
) -> dict[str, Path]:
    """The bytes of `members` as files in `folder`, every one of them verified; paths by hash.

    What is in the cache already is hashed again: a disk, or a tool that wrote through a link, may
    have changed it. It is then fetched anew.

    Raises:
        NotFound: the store does not have one of them any more.
        PermanentError: what the store has is not what was registered.
    """
    wanted = {member.sha256: folder / member.sha256[:2] / member.sha256 for member in members}

    async def fetch(sha256: str) -> None:
        path = wanted[sha256]
        if not await asyncio.to_thread(_holds, path, sha256):
            await artifacts.get_file(blob_key(name, sha256), path, sha256=sha256)

    await for_each(list(wanted), fetch, at_once=DOWNLOADS_AT_ONCE)
    return wanted


def _holds(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


async def for_each(
    things: Iterable[Thing], work: Callable[[Thing], Awaitable[None]], *, at_once: int
) -> None:
    """Do `work` on every thing, that many at a time. The first error ends all and is raised."""
    source = iter(things)

    async def run() -> None:
        for thing in source:
            await work(thing)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(run())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def to_its_end(work: Coroutine[Any, Any, Thing]) -> Thing:
    """What `work` gives; when cancelled, only after it is over.

    The store's client goes on with a request that nobody waits for any more: its bytes would come
    or go at a time when others have looked already.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        _ = task.cancelled() or task.exception()  # seen; the cancel counts more
        raise


def _assemble(manifest: Manifest, blobs: dict[str, Path], target: Path) -> None:
    """Hard-link the files of a version together; the folder appears at once, whole, or not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=target.parent))
    try:
        for member in manifest.files:
            path = building / member.path
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(blobs[member.sha256], path)
        (building / "data.yaml").write_text(
            data_yaml_text(manifest.classes, manifest.counts), encoding="utf-8"
        )
        building.rename(target)
    except OSError:
        if not target.is_dir():  # otherwise another job was quicker, which is as good
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def data_yaml_text(classes: Iterable[str], splits: Iterable[str]) -> str:
    """The data.yaml of a version: relative paths, and the names by class number."""
    described: dict[str, object] = {split: f"images/{split}" for split in splits}
    described["names"] = dict(enumerate(classes))
    return str(yaml.safe_dump(described, allow_unicode=True, sort_keys=False))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
