"""The images of a dataset in a fixed order, kept for those who leaf through them."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from libs.common.dataset_versions import read_manifest
from libs.common.datasets import survey_dataset
from libs.common.errors import BadInput, NotFound
from libs.common.events import DatasetRef
from libs.common.service import Deps
from services.dataset.domain.draft import Draft, Picture
from services.dataset.sources import draft_of_folder, draft_of_manifest

KEPT_DATASETS = 4
KEPT_IMAGES = 1_000_000
"""Of all datasets that are kept, the one that is looked at aside: 0.9 GB."""
KEPT_SELECTIONS = 8
ORDER = {"train": 0, "val": 1, "test": 2}
FRESH_S = 20.0
"""A folder is listed again after so long; a version never changes."""


@dataclass(slots=True)
class Album:
    """A dataset, its images in a fixed order."""

    draft: Draft
    keys: tuple[str, ...]
    places: dict[str, int]
    """Index of an image, by its id."""
    opened_s: float
    fixed: bool
    _selections: OrderedDict[object, Sequence[int]] = field(default_factory=OrderedDict)

    def picture(self, image: str) -> tuple[str, Picture]:
        """An image by its id, with its key.

        Raises:
            NotFound: there is none.
        """
        place = self.places.get(image)
        if place is None:
            raise NotFound("The dataset has no image of this id.", code="no_such_image")
        key = self.keys[place]
        return key, self.draft.pictures[key]

    def selected(self, name: object) -> Sequence[int] | None:
        """What was selected under this name, if that is still remembered."""
        return self._selections.get(name)

    def select(self, name: object, wanted: Callable[[Picture], bool]) -> Sequence[int]:
        """Indices of the images that are wanted; `name` stands for the wish, and is remembered."""
        pictures = self.draft.pictures
        chosen = [i for i, key in enumerate(self.keys) if wanted(pictures[key])]
        self._selections[name] = chosen
        while len(self._selections) > KEPT_SELECTIONS:
            self._selections.popitem(last=False)
        return chosen


def id_of(key: str) -> str:
    """An id for a URL: names of files may hold anything."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:20]


class Albums:
    """Keeps those of the datasets that were asked for last."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._albums: OrderedDict[str, Album] = OrderedDict()
        self._opening = asyncio.Lock()

    async def open(self, ref: DatasetRef) -> Album:
        """The album of a version or a folder.

        Raises:
            BadInput: the dataset is in S3 and was not imported, or is none.
            NotFound: the version was collected.
        """
        name = ref.model_dump_json()
        async with self._opening:
            album = self._albums.get(name)
            if album is None or not (album.fixed or time.monotonic() - album.opened_s < FRESH_S):
                album = await self._opened(ref)
            self._albums[name] = album
            self._albums.move_to_end(name)
            while len(self._albums) > 1 and self._is_too_much():
                self._albums.popitem(last=False)
        return album

    def _is_too_much(self) -> bool:
        images = sum(len(album.keys) for album in self._albums.values())
        return len(self._albums) > KEPT_DATASETS or images > KEPT_IMAGES

    async def _opened(self, ref: DatasetRef) -> Album:
        settings = self._deps.settings
        roots = (*settings.roots, settings.datasets_dir)
        if ref.version:
            manifest, _ = await read_manifest(ref, self._deps.artifacts)
            draft = await asyncio.to_thread(draft_of_manifest, manifest)
        elif ref.path:
            path = Path(ref.path)
            draft = await asyncio.to_thread(
                lambda: draft_of_folder(survey_dataset(path, roots), roots)
            )
        else:
            raise BadInput("Import a dataset in S3 before looking at it.", code="not_here")
        return await asyncio.to_thread(_album, draft, fixed=bool(ref.version))


def _album(draft: Draft, *, fixed: bool) -> Album:
    """Seconds, when there are a million images."""
    pictures = draft.pictures
    keys = tuple(sorted(pictures, key=lambda key: ORDER.get(pictures[key].split, len(ORDER))))
    places = {id_of(key): index for index, key in enumerate(keys)}
    return Album(draft, keys, places, time.monotonic(), fixed)
