"""Scan a listed dataset chunk by chunk, a bounded number at a time; cancellable."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np

from services.dataset.domain.findings import Hit
from services.dataset.domain.paths import Paths
from services.dataset.domain.scanned import BOX, IMAGE, PIXELS, Scanned, Table
from services.dataset.listing import Listing
from services.dataset.look import Chunk, Orders, Part
from services.dataset.workers import Workers

CHUNK_IMAGES = 64

Progress = Callable[[int, int], Awaitable[None]]
"""Called with how much is done, of how much."""
StageProgress = Callable[[int, int, str], Awaitable[None]]
"""Called with images done, images in all, and what is being done."""
Take = Callable[[str | None, str | None, Hit], None]
"""Called with what is found, as it is found: split, file, hit."""


async def scan(
    listing: Listing,
    names: tuple[str, ...],
    orders: Orders,
    workers: Workers,
    *,
    take: Take,
    progress: StageProgress,
) -> Scanned:
    """Everything the workers saw, put together in the order of the listing.

    When cancelled, it ends with the chunks that are under way.
    """
    total = len(listing.paths)
    images = np.zeros(total, IMAGE)
    pixels = np.zeros(total if orders.full else 0, PIXELS)
    boxes: list[Table] = []
    scanned = Scanned(listing.root, names, listing.splits, listing.paths, images, pixels=pixels)
    splits = np.repeat(np.arange(len(listing.splits)), listing.counts)
    async for start, part in _parts(listing, orders, workers):
        stop = start + len(part)
        images[start:stop] = part.images
        images["split"][start:stop] = splits[start:stop]
        if orders.full:
            pixels[start:stop] = part.pixels
        part.boxes["image"] += start
        boxes.append(part.boxes)
        for index, on_label, hit in part.hits:
            row = start + index
            file = scanned.label_file_of(row) if on_label else scanned.file_of(row)
            take(scanned.split_of(row), file, hit)
        await progress(stop, total, "checking images")
    scanned.boxes = np.concatenate(boxes) if boxes else np.zeros(0, BOX)
    scanned.tree = listing.tree
    return scanned


async def _parts(
    listing: Listing, orders: Orders, workers: Workers
) -> AsyncIterator[tuple[int, Part]]:
    """Results in the listing's order, with at most a few chunks under way."""
    waiting: deque[tuple[int, int, asyncio.Task[Part]]] = deque()
    total, next_one = len(listing.paths), 0

    def send(start: int, stop: int) -> tuple[int, int, asyncio.Task[Part]]:
        chunk = _chunk(listing.paths, listing.root, start, stop)
        return start, stop, asyncio.create_task(workers.look(chunk, orders))

    try:
        while next_one < total or waiting:
            while len(waiting) < 3 * workers.processes and next_one < total:
                stop = min(total, next_one + CHUNK_IMAGES)
                waiting.append(send(next_one, stop))
                next_one = stop
            start, stop, task = waiting.popleft()
            part = await task
            if start + len(part) < stop:  # it took long: the rest goes first
                waiting.appendleft(send(start + len(part), stop))
            yield start, part
    finally:
        for _, _, task in waiting:
            task.cancel()


def _chunk(paths: Paths, root: str, start: int, stop: int) -> Chunk:
    home = os.fsencode(root)
    return Chunk(tuple(os.path.join(home, path) for path in paths.raws(start, stop)))  # noqa: PTH118
