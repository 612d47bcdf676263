"""Scan a listed dataset chunk by chunk, a bounded number at a time; cancellable, and resumable."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import numpy as np
import numpy.typing as npt

from services.dataset.chunks import Chunks
from services.dataset.domain.findings import Hit
from services.dataset.domain.images import check_image, facts_of
from services.dataset.domain.paths import shown
from services.dataset.domain.scanned import (
    BOX,
    IMAGE,
    PIXELS,
    Label,
    Scanned,
    Table,
)
from services.dataset.known import KnownFiles
from services.dataset.known_rows import Facts
from services.dataset.listing import Listing
from services.dataset.part import FileHit, Orders, Part
from services.dataset.workers import Workers

KEEP_S = 1.0
KEEP_SHARE = 0.1
"""What was seen is put by after this time, or this share of the scan's time so far if that is
longer: a scan that is killed goes on from there. Each part put by is searched for all images when
it is read, so a scan of hours has some dozens of them, not thousands."""

Progress = Callable[[int, int], Awaitable[None]]
"""Called with how much is done, of how much."""
StageProgress = Callable[[int, int, str], Awaitable[None]]
"""Called with images done, images in all, and what is being done."""
Take = Callable[[str | None, str | None, Hit], None]
"""Called with what is found, as it is found: split, file, hit."""


_NOTHING = np.zeros(1, PIXELS)


class Scan:
    """One scan of a dataset."""

    def __init__(
        self,
        listing: Listing,
        names: tuple[str, ...],
        orders: Orders,
        workers: Workers,
        known: KnownFiles | None = None,
    ) -> None:
        self.listing = listing
        self.names = names
        self.orders = orders
        self.workers = workers
        self.known = known
        self.need = 3 if orders.full else 2 if orders.hashed else 1
        self.facts = Facts.none(0)
        self.reused = {"images": 0, "labels": 0}
        """Files that were not looked at again, because they have not changed."""
        self._boxes: list[Table] = []
        self._other_boxes = False
        self._unkept: list[npt.NDArray[np.intp]] = []
        """Rows seen since the last time something was put by."""
        self._kept_chunks = 0
        self._changed = False

    async def run(self, take: Take, progress: StageProgress) -> Scanned:
        """Everything the workers saw, put together in the order of the listing.

        When cancelled, it ends as soon as the chunks under way have.
        """
        paths = self.listing.paths
        await progress(0, max(1, len(paths)), "reading what is known")
        await self._load()
        facts = self.facts
        scanned = Scanned(self.listing.root, self.names, self.listing.splits, paths, facts.images)
        facts.images["split"] = np.repeat(np.arange(len(self.listing.splits)), self.listing.counts)
        begin = kept_at = time.monotonic()
        chunks = Chunks(self.listing, facts, self.orders, self.workers, self.need)
        async for start, part in chunks.parts():
            stop = start + len(part)
            for row, on_label, hit in self._merge(start, part):
                file = scanned.label_file_of(row) if on_label else scanned.file_of(row)
                take(scanned.split_of(row), file, hit)
            if time.monotonic() - kept_at > max(KEEP_S, KEEP_SHARE * (kept_at - begin)):
                await asyncio.to_thread(self._keep)
                kept_at = time.monotonic()
            await progress(stop, len(paths), "checking images")
        if self._other_boxes:  # else those that are known, which are there already
            facts.boxes = np.zeros(0, BOX)
            facts.boxes = np.concatenate(self._boxes)
        self._boxes.clear()
        scanned.boxes = facts.boxes
        if self.known and self._changed:
            rows = np.concatenate([*self._unkept, np.zeros(0, np.intp)])
            await asyncio.to_thread(self.known.finish, paths, facts, rows, scanned.boxes)
        if self.need < 2:
            facts.images["digest"] = 0  # the same answer whatever was known
        scanned.pixels = facts.pixels if self.orders.full else np.zeros(0, PIXELS)
        scanned.tree = self.listing.tree
        self.facts = Facts.none(0)  # a fifth of the memory is of no more use
        return scanned

    async def _load(self) -> None:
        paths = self.listing.paths
        if self.known:
            self.facts = await asyncio.to_thread(self.known.load, paths)
        else:
            self.facts = Facts.none(len(paths))
        facts = self.facts
        pixels = facts.images["width"].astype(np.int64) * facts.images["height"]
        bombs = pixels > self.orders.rules.threshold("decompression_bomb")
        facts.depth[bombs | facts.images["faulty"]] = 0  # what is faulty is looked at again
        facts.stamps[facts.depth < self.need, :3] = 0

    def _merge(self, start: int, part: Part) -> list[FileHit]:
        """Put a part in its place; what is found in it, in the order of rows."""
        facts, rows = self.facts, slice(start, start + len(part))
        new_image, new_label = part.new_image, part.new_label
        self.reused["images"] += int((~new_image).sum())
        self.reused["labels"] += int((~new_label).sum())
        images = facts.images[rows]
        for name in IMAGE.names or ():
            if name in ("label", "labels_digest"):
                images[name][new_label] = part.images[name][new_label]
            elif name != "split":
                images[name][new_image] = part.images[name][new_image]
        hits = [(start + index, on_label, hit) for index, on_label, hit in part.hits]
        hits += self._judge_again(start, np.flatnonzero(~new_image))
        images["usable"] &= images["label"] != Label.DROPPED
        facts.depth[rows][new_image] = self.need
        facts.pixels[rows][new_image] = part.pixels[new_image] if len(part.pixels) else _NOTHING
        self._take_boxes(rows, part)
        changed = (part.stamps != facts.stamps[rows]).any(axis=1)
        if changed.any():
            facts.stamps[rows] = part.stamps
            self._changed = True
            self._unkept.append(start + np.flatnonzero(changed))
        return sorted(hits, key=lambda hit: hit[:2])

    def _judge_again(self, start: int, known: npt.NDArray[np.intp]) -> list[FileHit]:
        """What is found in known images under the rules of this scan."""
        facts, hits = self.facts, []
        facts.images["usable"][start + known] = True
        if facts.same_verdicts:
            known = known[facts.images["odd"][start + known]]
        for row in (start + known).tolist():
            name = shown(self.listing.paths.raw(row)).rpartition("/")[2]
            image = facts_of(facts.images[row], name)
            found = list(check_image(image, self.orders.rules))
            facts.images["odd"][row] = bool(found)
            facts.images["usable"][row] = image.usable(self.orders.rules)
            hits += [(row, False, hit) for hit in found]
        return hits

    def _take_boxes(self, rows: slice, part: Part) -> None:
        known = self.facts.boxes
        first, last = np.searchsorted(known["image"], (rows.start, rows.stop))
        known = known[first:last]
        if part.new_label.any():  # otherwise a view of what is known, which takes no memory
            known = known[~part.new_label[known["image"] - rows.start]]
        self._other_boxes |= bool(part.new_label.any() or len(part.boxes))
        part.boxes["image"] += rows.start
        boxes = np.concatenate([known, part.boxes]) if len(known) else part.boxes
        if len(known) and len(part.boxes):
            boxes = boxes[np.argsort(boxes["image"], kind="stable")]
        self._boxes.append(boxes)

    def _keep(self) -> None:
        """Put by what was seen since the last time."""
        if not self.known or not self._unkept:
            return
        boxes = np.concatenate(self._boxes[self._kept_chunks :])
        rows = np.concatenate(self._unkept)
        self.known.keep(f"{time.time_ns():020d}", self.listing.paths, self.facts, rows, boxes)
        self._unkept.clear()
        self._kept_chunks = len(self._boxes)
