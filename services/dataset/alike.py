"""Which images of a draft show the same scene: told by the check's own scan and comparison."""

import os
from collections.abc import Mapping

from services.dataset.closer import find_twins
from services.dataset.contents import Contents
from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.draft import Draft
from services.dataset.domain.filetree import FileTree
from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.paths import Paths
from services.dataset.listing import Listing
from services.dataset.look import Orders
from services.dataset.scan import Scan, StageProgress
from services.dataset.workers import Workers

FETCHED_AT_ONCE = 1024


async def near_marks(
    draft: Draft, contents: Contents, workers: Workers, progress: StageProgress
) -> Mapping[str, tuple[str, ...]]:
    """A mark per twin of each picture that has any, by key: two twins share the mark of their pair.

    What a check calls a near or mirrored duplicate shares a mark, and so stays in one split. Images
    that cannot be decoded, and blank ones, have none.
    """
    keys = [key for key, picture in draft.pictures.items() if not isinstance(picture.pixels, bytes)]
    pixels = [draft.pictures[key].pixels for key in keys]
    for start in range(0, len(keys), FETCHED_AT_ONCE):
        await contents.fetch(pixels[start : start + FETCHED_AT_ONCE])
        await progress(start, len(keys), "fetching images")
    paths = [os.fsencode(contents.path(each)) for each in pixels if not isinstance(each, bytes)]
    listing = Listing("/", ("train",), Paths.of(paths), (len(paths),), FileTree({}))
    rules = Rules(CATALOGUE)
    orders = Orders(classes=0, rules=rules, images=True, labels=False, full=True)
    names = draft.classes
    scanned = await Scan(listing, names, orders, workers).run(_nothing, progress)
    marks: dict[str, tuple[str, ...]] = {}
    for number, twin in enumerate(await find_twins(scanned, rules, workers, progress)):
        for row in (int(twin["first"]), int(twin["other"])):
            marks[keys[row]] = (*marks.get(keys[row], ()), f"twins:{number}")
    return marks


def _nothing(_split: str | None, _file: str | None, _hit: Hit) -> None:
    """What else is found is for a check to tell."""
