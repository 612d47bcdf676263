"""A listing in chunks: what still stands is told here, the rest by the workers; in order."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator

import numpy as np

from services.dataset.known_rows import Facts
from services.dataset.listing import Listing
from services.dataset.part import Chunk, Orders, Part, spread
from services.dataset.workers import Workers

CHUNK_IMAGES, LARGE_CHUNK_IMAGES, QUIET_CHUNK_IMAGES = 256, 1024, 4096
"""Where pixels are decoded, where a look takes microseconds, and where little has changed."""
QUIET_IMAGES = 128
"""Up to so many changed images of a chunk, only they are handed to a process: asking for times
takes less than handing over all that is known of a file."""


class Chunks:
    """The images of a listing, looked at chunk by chunk, a bounded number at a time."""

    def __init__(
        self, listing: Listing, facts: Facts, orders: Orders, workers: Workers, need: int
    ) -> None:
        """Prepare.

        Args:
            listing: the images.
            facts: what is known of them; zeros where they have to be looked at.
            orders: what is looked at.
            workers: what opens files.
            need: the depth that facts must have to be used again.
        """
        self.listing = listing
        self.facts = facts
        self.orders = orders
        self.workers = workers
        self.need = need
        self._quiet = True
        """Little has changed where it was looked at last."""
        self._one_at_a_time = asyncio.Lock()

    async def parts(self) -> AsyncIterator[tuple[int, Part]]:
        """Results in the listing's order, with at most a few chunks under way."""
        waiting: deque[tuple[int, int, asyncio.Task[Part]]] = deque()
        total, next_one = len(self.listing.paths), 0

        def send(start: int, stop: int) -> tuple[int, int, asyncio.Task[Part]]:
            return start, stop, asyncio.create_task(self._look(start, stop))

        try:
            while next_one < total or waiting:
                while len(waiting) < 3 * self.workers.processes and next_one < total:
                    stop = min(total, next_one + self._step(next_one))
                    waiting.append(send(next_one, stop))
                    next_one = stop
                start, stop, task = waiting[0]
                part = await task
                waiting.popleft()
                if start + len(part) < stop:  # it took long: the rest goes first
                    waiting.appendleft(send(start + len(part), stop))
                yield start, part
        finally:
            for _, _, task in waiting:
                task.cancel()

    def _step(self, start: int) -> int:
        """How many images the chunk from `start` has."""
        known = self.facts.depth[start : start + QUIET_CHUNK_IMAGES] > 0
        if self._quiet and known.all():
            return QUIET_CHUNK_IMAGES
        known = known[:LARGE_CHUNK_IMAGES]
        return LARGE_CHUNK_IMAGES if self.need < 3 or known.all() else CHUNK_IMAGES

    async def _look(self, start: int, stop: int) -> Part:
        """Look at images from `start` on, at least one, up to `stop`."""
        depth, stamps = self.facts.depth[start:stop], self.facts.stamps[start:stop]
        first = np.arange(min(stop - start, LARGE_CHUNK_IMAGES))
        if not self._quiet or not depth.all():
            return await self._handed_over(start, first)
        async with self._one_at_a_time:  # more threads would only wait for each other
            own, kept = slice(start, stop), self.listing.labels
            images, labels = await self.workers.standing(
                self.listing.root,
                self.listing.paths[own],
                kept[own] if kept else None,
                stamps,
                self.orders,
            )
        changed = np.flatnonzero(~(images & labels))
        if len(changed) > QUIET_IMAGES:
            self._quiet = False
            return await self._handed_over(start, first)
        if not len(changed):
            return spread(None, changed, stamps, self.orders)
        part = await self._handed_over(start, changed)
        done = changed[len(part)] if len(part) < len(changed) else stop - start
        return spread(part, changed[: len(part)], stamps[:done], self.orders)

    async def _handed_over(self, start: int, rows: np.ndarray) -> Part:
        """What a process sees of rows, counted from `start`."""
        part = await self.workers.look(self._chunk(start + rows), self.orders)
        new = part.new_image | part.new_label
        self._quiet |= bool(new.mean() <= QUIET_IMAGES / QUIET_CHUNK_IMAGES)
        return part

    def _chunk(self, rows: np.ndarray) -> Chunk:
        home = os.fsencode(self.listing.root) + b"/"
        paths = map(self.listing.paths.raw, rows.tolist())
        images = tuple([path if path.startswith(b"/") else home + path for path in paths])
        facts = self.facts
        depth = facts.depth[rows]
        if not depth.any():
            return Chunk(images)
        digests = facts.images["digest"][rows]
        digests[depth < self.need] = 0
        return Chunk(images, facts.stamps[rows], digests)
