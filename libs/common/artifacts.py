"""Put and get by key in any S3: knows no job. Optionally mirrors the result tree to a folder.

Every put is hashed on the way and answers what an event may announce; every get can be checked
against that hash and appears whole or not at all.
"""

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import S3Store
from pydantic import SecretStr

from libs.common import metrics, tracing
from libs.common.errors import BadInput, Conflict, NotFound, PermanentError, Unavailable
from libs.common.events import Artifact
from libs.common.settings import Settings

if TYPE_CHECKING:
    from obstore.store import ClientConfig

CHUNK = 2**20
MIRRORED = (
    *("trainings/", "validations/", "visualizations/"),
    *("comparisons/", "thresholds/", "explanations/"),
)


def checked_key(key: str) -> str:
    """`key`, if it is a plain relative path.

    Raises:
        BadInput: it is empty, absolute, has `..` or control characters.
    """
    parts = PurePosixPath(key).parts
    plain = key and not key.startswith("/") and ".." not in parts and key.isprintable()
    if not plain or "\\" in key or len(key) > 512:
        raise BadInput(f"{key[:80]!r} is not an artifact key", code="bad_key")
    return key


@dataclass(frozen=True)
class Head:
    """What the store knows of a key."""

    key: str
    size_bytes: int
    etag: str
    modified: str
    age_s: float


class ArtifactStore:
    """One bucket, and the folder that shows the same tree."""

    def __init__(
        self,
        store: Any,
        *,
        mirror: Path | None = None,
        buckets: Callable[[str], Any] | None = None,
    ) -> None:
        self.store = store
        self.mirror = mirror
        self._buckets = buckets

    @classmethod
    def open(cls, settings: Settings) -> "ArtifactStore":
        """The store of `settings`.

        Raises:
            PermanentError: there are no keys: an open store is never used.
        """
        if not settings.s3_access_key or not settings.s3_secret_key:
            raise PermanentError(
                "set SHIRUSHI_S3_ACCESS_KEY and SHIRUSHI_S3_SECRET_KEY", code="no_store_keys"
            )
        keys = (settings.s3_access_key, settings.s3_secret_key)
        store = _bucket(settings.s3_bucket, settings.s3_endpoint, *keys, settings.s3_ca)
        return cls(store, mirror=settings.outputs_dir, buckets=_dataset_buckets(settings))

    def elsewhere(self, bucket: str) -> "ArtifactStore":
        """Another bucket, to read from.

        Raises:
            BadInput: it is not one of `SHIRUSHI_S3_DATASETS`.
        """
        store = self._buckets(bucket) if self._buckets else None
        if store is None:
            raise BadInput(
                f"The bucket '{bucket[:63]}' is not among those that datasets may be read from "
                "(SHIRUSHI_S3_DATASETS): ask the operator to add it.",
                code="bucket_not_allowed",
            )
        return ArtifactStore(store)

    async def put_file(self, key: str, path: Path, *, create: bool = False) -> Artifact:
        """Upload a file.

        Raises:
            Conflict: `create` was asked for and the key is taken.
            Unavailable: the store does not answer.
        """
        digest, size = await asyncio.to_thread(_hash_file, path)
        await self._put(checked_key(key), path, create=create)
        await self._show(key, lambda target: _copy(path, target))
        return Artifact(key=key, size_bytes=size, sha256=digest)

    async def put_stream(self, key: str, file: BinaryIO) -> None:
        """Upload an open file of any size, in parts; nothing is mirrored."""
        try:
            with _seen("put", key):
                await obstore.put_async(self.store, checked_key(key), file)
        except BaseError as error:
            raise _told(key, error) from error

    async def put_bytes(self, key: str, data: bytes, *, create: bool = False) -> Artifact:
        """Upload bytes; as `put_file`."""
        await self._put(checked_key(key), data, create=create)
        await self._show(key, lambda target: _write(target, data))
        return Artifact(key=key, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())

    async def get_bytes(self, key: str) -> bytes:
        """The whole value.

        Raises:
            NotFound: nothing has this key.
            Unavailable: the store does not answer.
        """
        try:
            with _seen("get", key):
                result = await obstore.get_async(self.store, checked_key(key))
                return bytes(await result.bytes_async())
        except (FileNotFoundError, BaseError) as error:
            raise _told(key, error) from error

    async def get_file(self, key: str, path: Path, *, sha256: str | None = None) -> Path:
        """Download to `path`, which appears whole or not at all.

        Raises:
            NotFound: nothing has this key.
            Unavailable: the store does not answer.
            PermanentError: the bytes do not have the hash that was announced.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with _seen("get", key), os.fdopen(handle, "wb") as out:
                async for chunk in self.stream(key):
                    digest.update(chunk)
                    out.write(chunk)
            if sha256 and digest.hexdigest() != sha256:
                raise PermanentError(
                    f"{key} is not what was announced: its hash differs", code="hash_mismatch"
                )
            os.replace(name, path)  # noqa: PTH105 -- as quick as it gets
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name)  # noqa: PTH108
        return path

    async def stream(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end` (not included), in pieces of about 1 MiB."""
        options: Any = {"range": (start, end)} if end is not None else {"range": {"offset": start}}
        try:
            result = await obstore.get_async(
                self.store, checked_key(key), options=options if start or end is not None else {}
            )
            async for chunk in result.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)
        except (FileNotFoundError, BaseError) as error:
            raise _told(key, error) from error

    async def head(self, key: str) -> Head:
        """Size and version of a key; raises as `get_bytes`."""
        try:
            meta = await obstore.head_async(self.store, checked_key(key))
        except (FileNotFoundError, BaseError) as error:
            raise _told(key, error) from error
        return _head(meta)

    async def list(self, prefix: str) -> list[Head]:
        """All keys under a folder-like prefix."""
        found: list[Head] = []
        try:
            async for batch in obstore.list(self.store, prefix=prefix.rstrip("/")):
                found += [_head(meta) for meta in batch]
        except BaseError as error:
            raise _told(prefix, error) from error
        return found

    async def copy(self, source: Artifact, key: str) -> Artifact:
        """The same bytes under another key, inside the store."""
        try:
            with _seen("copy", key):
                await obstore.copy_async(self.store, checked_key(source.key), checked_key(key))
        except (FileNotFoundError, BaseError) as error:
            raise _told(source.key, error) from error
        if self.mirror and key.startswith(MIRRORED) and not _hidden(key):
            await self.get_file(key, self.mirror / key, sha256=source.sha256)
        return source.model_copy(update={"key": key})

    async def delete(self, *keys: str) -> None:
        """Remove keys, in the tree on disk too; one that is not there is no error."""
        for key in keys:
            if self.mirror and key.startswith(MIRRORED):
                (self.mirror / checked_key(key)).unlink(missing_ok=True)
            try:
                await obstore.delete_async(self.store, checked_key(key))
            except FileNotFoundError:
                continue
            except BaseError as error:
                raise _told(key, error) from error

    async def ping(self) -> None:
        """Raises Unavailable when the store does not answer."""
        try:
            await obstore.list_with_delimiter_async(self.store, prefix="health")
        except BaseError as error:
            raise _told("health", error) from error

    async def _put(self, key: str, data: bytes | Path, *, create: bool) -> None:
        try:
            mode: Any = "create" if create else "overwrite"
            with _seen("put", key):
                await obstore.put_async(self.store, key, data, mode=mode)
        except AlreadyExistsError as error:
            raise Conflict(f"{key} is there already", code="key_taken") from error
        except BaseError as error:
            raise _told(key, error) from error

    async def _show(self, key: str, write: Any) -> None:
        """Mirror one key; an attempt's own folder is hidden until it commits."""
        if self.mirror and key.startswith(MIRRORED) and not _hidden(key):
            target = self.mirror / key
            target.parent.mkdir(parents=True, exist_ok=True)
            await asyncio.to_thread(write, target)


def _bucket(
    name: str, endpoint: str, access_key: str, secret_key: SecretStr, ca: Path | None
) -> S3Store:
    options: ClientConfig = {"allow_http": endpoint.startswith("http://")}
    if ca:
        options["root_certificate"] = ca.read_bytes()
    return S3Store(
        name,
        endpoint=endpoint,
        access_key_id=access_key,
        secret_access_key=secret_key.get_secret_value(),
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options=options,
    )


def _dataset_buckets(settings: Settings) -> Callable[[str], S3Store | None]:
    """Opens a bucket that datasets may be read from, with keys of the settings alone."""
    access_key = settings.s3_datasets_access_key or settings.s3_access_key
    secret_key = settings.s3_datasets_secret_key or settings.s3_secret_key
    endpoint = settings.s3_datasets_endpoint or settings.s3_endpoint

    def bucket(name: str) -> S3Store | None:
        if name not in settings.s3_datasets or not access_key or not secret_key:
            return None
        return _bucket(name, endpoint, access_key, secret_key, settings.s3_ca)

    return bucket


@contextmanager
def _seen(operation: str, key: str) -> Iterator[None]:
    """One operation as figures and traces show it."""
    with (
        metrics.timed(metrics.STORE_S.labels(operation)),
        tracing.span(f"store {operation}", "client", aws__s3__key=key),
    ):
        yield


def _hidden(key: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(key).parts)


def _head(meta: Any) -> Head:
    return Head(
        key=meta["path"],
        size_bytes=meta["size"],
        etag=(meta.get("e_tag") or "").strip('"'),
        modified=meta["last_modified"].isoformat(),
        age_s=(datetime.now(UTC) - meta["last_modified"]).total_seconds(),
    )


def _told(key: str, error: Exception) -> Exception:
    if isinstance(error, FileNotFoundError):
        return NotFound(f"nothing is stored under {key}", code="no_such_artifact")
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return Unavailable(f"the artifact store does not let us at {key}", code="store_refuses")
    return Unavailable("the artifact store does not answer", code="store_away")


def _hash_file(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return digest.hexdigest(), file.tell()


def _write(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    with os.fdopen(handle, "wb") as out:
        out.write(data)
    _publish(name, target)


def _copy(source: Path, target: Path) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    shutil.copyfile(source, name)
    _publish(name, target)


def _publish(name: str, target: Path) -> None:
    Path(name).chmod(0o644)
    Path(name).replace(target)
