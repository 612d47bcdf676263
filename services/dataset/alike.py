"""Which images of a draft show the same scene: told by the check's own scan and comparison."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.dataset.closer import find_twins
from services.dataset.contents import Contents
from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.draft import Draft
from services.dataset.domain.filetree import FileTree
from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.paths import Paths
from services.dataset.domain.scanned import Scanned
from services.dataset.listing import Listing
from services.dataset.part import Orders
from services.dataset.scan import Scan, StageProgress
from services.dataset.workers import Workers

FETCHED_AT_ONCE = 1024
_SPLITS = ("train", "val", "test")


@dataclass(slots=True)
class Alike:
    """The pixels of a draft's images, measured once, and who was found to look like whom.

    Images that cannot be decoded, and blank ones, look like nothing.
    """

    rows: Mapping[str, int]
    """Row of `scanned` by the picture's key."""
    scanned: Scanned
    workers: Workers
    progress: StageProgress
    marks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By key: two twins share the mark of their pair."""

    async def compare(self, draft: Draft) -> bool:
        """Look for twins as a check of this draft would; whether a new pair crosses its splits.

        A check compares each image with its nearest ones that come before it, so another order of
        the images finds other pairs: what was dealt out has to be looked at again.
        """
        pictures = draft.pictures
        order = sorted(
            (key for key in pictures if key in self.rows),
            key=lambda key: (_SPLITS.index(pictures[key].split), pictures[key].path),
        )
        rows, was = [self.rows[key] for key in order], self.scanned
        paths = Paths.of(was.paths.raw(row) for row in rows)
        images, pixels = was.images[rows], was.pixels[rows]
        again = Scanned(was.root, was.names, was.splits, paths, images, pixels=pixels)
        crossing = False
        for twin in await find_twins(again, Rules(CATALOGUE), self.workers, self.progress):
            first, other = order[int(twin["first"])], order[int(twin["other"])]
            mark = f"twins:{min(first, other)}\n{max(first, other)}"
            if mark not in self.marks.get(first, ()):
                crossing |= pictures[first].split != pictures[other].split
                for key in (first, other):
                    self.marks[key] = (*self.marks.get(key, ()), mark)
        return crossing


async def look_for_alike(
    draft: Draft, contents: Contents, workers: Workers, progress: StageProgress
) -> Alike:
    """Measure the pixels of all images of a draft, and compare them in its own order."""
    keys = [key for key, picture in draft.pictures.items() if not isinstance(picture.pixels, bytes)]
    pixels = [draft.pictures[key].pixels for key in keys]
    for start in range(0, len(keys), FETCHED_AT_ONCE):
        await contents.fetch(pixels[start : start + FETCHED_AT_ONCE])
        await progress(start, len(keys), "fetching images")
    paths = [os.fsencode(contents.path(each)) for each in pixels if not isinstance(each, bytes)]
    listing = Listing("/", ("train",), Paths.of(paths), (len(paths),), FileTree({}))
    orders = Orders(classes=0, rules=Rules(CATALOGUE), images=True, labels=False, full=True)
    names = draft.classes
    scanned = await Scan(listing, names, orders, workers).run(_nothing, progress)
    rows = {key: row for row, key in enumerate(keys)}
    alike = Alike(rows, scanned, workers, progress)
    await alike.compare(draft)
    return alike


def _nothing(_split: str | None, _file: str | None, _hit: Hit) -> None:
    """What else is found is for a check to tell."""
