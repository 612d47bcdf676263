"""The judged images themselves: fingerprinted when judged, and given out only while unchanged."""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from libs.common.dataset_files import Fence, OutsideError
from libs.common.datasets import materialise
from libs.common.errors import BadInput, Conflict
from libs.common.events import DatasetRef
from libs.common.service import Deps
from services.analyzer.parquet import Image

BIGGEST_BYTES = 128 * 2**20
HASHES_AT_ONCE = 4


async def fingerprint(deps: Deps, ref: DatasetRef, images: Sequence[Image]) -> tuple[Image, ...]:
    """The images with the hash of their bytes, and their place inside a registered version."""
    root = None if ref.path else await _folder(deps, ref)

    def mark(image: Image) -> Image:
        member = Path(image.path).relative_to(root).as_posix() if root else ""
        with Path(image.path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return replace(image, member=member, sha256=digest)

    def mark_all() -> tuple[Image, ...]:
        with ThreadPoolExecutor(HASHES_AT_ONCE) as pool:
            return tuple(pool.map(mark, images))

    return await asyncio.to_thread(mark_all)


async def original(deps: Deps, ref: DatasetRef, image: Image) -> bytes:
    """The bytes of an image as it was judged.

    Raises:
        Conflict: it is gone, or its bytes are others; or its hash was never taken.
        BadInput: it lies outside the allowed folders, or is too large to be drawn.
    """
    name = Path(image.path).name
    if not image.sha256:
        raise Conflict(
            "this validation was stored without the images' hashes: validate again to see them",
            code="no_fingerprint",
        )
    if image.member:
        folder = await _folder(deps, ref)
        path = folder / image.member
        roots: tuple[Path, ...] = (folder,)
    else:
        settings = deps.settings
        path = Path(image.path)
        roots = (*settings.roots, settings.datasets_dir) if settings.roots else ()
    content = await asyncio.to_thread(_read, path, Fence(roots), name)
    if hashlib.sha256(content).hexdigest() != image.sha256:
        raise Conflict(
            f"the image {name} changed since it was judged: validate again", code="image_changed"
        )
    return content


def from_outside(deps: Deps, path: Path) -> bytes:
    """The bytes of any image under the roots.

    Raises:
        Conflict: it is gone.
        BadInput: as `original`.
    """
    settings = deps.settings
    roots = (*settings.roots, settings.datasets_dir) if settings.roots else ()
    return _read(path, Fence(roots), path.name)


async def _folder(deps: Deps, ref: DatasetRef) -> Path:
    return await materialise(ref, deps.artifacts, deps.scratch / "datasets")


def _read(path: Path, fence: Fence, name: str) -> bytes:
    outside = BadInput(f"the image {name} lies outside the allowed folders", code="outside_roots")
    if not fence.allows(path):
        raise outside
    try:
        with os.fdopen(fence.open(path), "rb") as file:
            content = file.read(BIGGEST_BYTES + 1)
    except OutsideError as error:  # swapped since we looked
        raise outside from error
    except OSError as error:
        raise Conflict(
            f"the image {name} is not there any more, or cannot be read", code="image_gone"
        ) from error
    if len(content) > BIGGEST_BYTES:
        raise BadInput(f"the image {name} is too large to be drawn", code="too_large")
    return content
