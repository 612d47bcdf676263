"""Which images of a draft look alike: their pixels are looked at by the scan's own processes."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from services.dataset.contents import Contents
from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.draft import Draft
from services.dataset.domain.findings import Rules
from services.dataset.domain.near_duplicates import clusters, near_pairs
from services.dataset.domain.rules_pixels import is_blank
from services.dataset.domain.scanned import PIXELS, Table
from services.dataset.look import Chunk, Orders
from services.dataset.scan import Progress
from services.dataset.workers import Workers

CHUNK_IMAGES = 64


async def near_marks(
    draft: Draft, contents: Contents, workers: Workers, progress: Progress
) -> Mapping[str, tuple[str, ...]]:
    """A mark for each picture that looks like others, by its key: the same mark for all of them.

    Blank images look alike without being of one source; they, and those that cannot be decoded,
    get no mark.
    """
    keys = [key for key, picture in draft.pictures.items() if not isinstance(picture.pixels, bytes)]
    rules = Rules(CATALOGUE)
    orders = Orders(classes=0, rules=rules, images=True, labels=False, full=True)
    parts: list[Table] = []
    step = CHUNK_IMAGES * workers.processes
    for start in range(0, len(keys), step):
        some = [draft.pictures[key].pixels for key in keys[start : start + step]]
        await contents.fetch(some)
        files = [contents.path(pixels) for pixels in some if not isinstance(pixels, bytes)]
        share = -(-len(files) // workers.processes)
        chunks = (files[begin : begin + share] for begin in range(0, len(files), share))
        parts += await asyncio.gather(*(_measured(chunk, orders, workers) for chunk in chunks))
        await progress(start + len(files), len(keys))
    pixels = np.concatenate(parts) if parts else np.zeros(0, PIXELS)
    return await asyncio.to_thread(_marks, keys, pixels, rules.threshold("blank_image"))


async def _measured(files: list[Path], orders: Orders, workers: Workers) -> Table:
    """(n,) of PIXELS, in the order of the files."""
    parts: list[Table] = []
    images = tuple(os.fsencode(file) for file in files)
    while images:
        part = await workers.look(Chunk(images), orders)
        parts.append(part.pixels)
        images = images[len(part) :]
    return np.concatenate(parts) if parts else np.zeros(0, PIXELS)


def _marks(keys: list[str], pixels: Table, spread: float) -> dict[str, tuple[str, ...]]:
    rows = np.flatnonzero(pixels["seen"] & ~is_blank(pixels, spread))
    pairs = near_pairs(pixels["phash"][rows])
    homes = clusters(pairs, len(rows))
    alike = np.unique(pairs[:, :2])
    return {keys[rows[row]]: (f"alike:{homes[row]}",) for row in alike}
