"""Datasets that lie in a bucket as plain files: listed, bounded, and copied here once per state."""

import asyncio
import hashlib
import re
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from libs.common.artifacts import ArtifactStore, Head
from libs.common.dataset_files import is_image_name
from libs.common.errors import BadInput

MAX_KEYS = 1_000_000
MAX_BYTES = 256 * 1024**3
DOWNLOADS_AT_ONCE = 16
_URL = re.compile(
    r"^s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<prefix>[^\0\r\n]{1,900})$"
)
_OTHERS = (".txt", ".yaml", ".yml", ".json", ".xml", ".names", ".data")


def split_url(url: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/prefix`.

    Raises:
        BadInput: it is written in another way, or leads out of the prefix.
    """
    found = _URL.match(url)
    prefix = found["prefix"].strip("/") if found else ""
    parts = PurePosixPath(prefix).parts
    if found is None or not parts or ".." in parts or not prefix.isprintable():
        raise BadInput("Write the address as s3://bucket/prefix.", code="bad_s3_url")
    return found["bucket"], prefix


async def copy_here(url: str, artifacts: ArtifactStore, cache: Path) -> Path:
    """The dataset at `url` as a folder in `cache`; copied again only when something changed there.

    Raises:
        BadInput: the bucket is not allowed, nothing is there, or it is too large.
        Unavailable: the store does not answer.
    """
    bucket, prefix = split_url(url)
    store = artifacts.elsewhere(bucket)
    wanted = [head for head in await store.list(prefix) if _is_wanted(head.key, prefix)]
    _refuse_too_large(url, wanted)
    target = cache / "s3" / _fingerprint(url, wanted)
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=target.parent))
    try:
        places = asyncio.Semaphore(DOWNLOADS_AT_ONCE)

        async def fetch(head: Head) -> None:
            async with places:
                await store.get_file(head.key, building / _inside(head.key, prefix))

        for start in range(0, len(wanted), 4096):  # a million tasks at once would be heavy
            async with asyncio.TaskGroup() as group:
                for head in wanted[start : start + 4096]:
                    group.create_task(fetch(head))
        await asyncio.to_thread(building.rename, target)
    except ExceptionGroup as errors:
        first = errors.exceptions[0]
        if isinstance(first, NotADirectoryError | IsADirectoryError | FileExistsError):
            raise BadInput(
                f"In '{url}' a file has the name of a folder: rename one of them.", code="bad_keys"
            ) from None
        raise first from None
    except OSError:
        if not target.is_dir():  # otherwise another job was quicker, which is as good
            raise
    finally:
        await asyncio.to_thread(shutil.rmtree, building, ignore_errors=True)
    return target


def _is_wanted(key: str, prefix: str) -> bool:
    """Images, labels and descriptions inside the prefix; nothing hidden, nothing that leads out."""
    if not key.startswith(f"{prefix}/"):
        return False
    path = PurePosixPath(_inside(key, prefix))
    plain = bool(path.parts) and not path.is_absolute() and "\\" not in key and key.isprintable()
    hidden = any(part.startswith(".") for part in path.parts)  # ".." too
    return plain and not hidden and (is_image_name(path.name) or path.suffix.lower() in _OTHERS)


def _inside(key: str, prefix: str) -> str:
    return key[len(prefix) + 1 :]


def _refuse_too_large(url: str, wanted: list[Head]) -> None:
    if not wanted:
        raise BadInput(f"There is no dataset at '{url}'.", code="not_found")
    size = sum(head.size_bytes for head in wanted)
    if len(wanted) > MAX_KEYS or size > MAX_BYTES:
        raise BadInput(
            f"'{url}' holds {len(wanted):,} files of {size:,} bytes; at most {MAX_KEYS:,} files "
            f"and {MAX_BYTES:,} bytes are read from a bucket.",
            code="too_large",
        )


def _fingerprint(url: str, wanted: list[Head]) -> str:
    digest = hashlib.sha256(url.encode())
    for head in sorted(wanted, key=lambda head: head.key):
        digest.update(f"\n{head.key}\0{head.size_bytes}\0{head.etag}\0{head.modified}".encode())
    return digest.hexdigest()[:32]
