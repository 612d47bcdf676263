"""Questions about the images of a dataset, answered at once: lists, boxes, pictures."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import Field

from libs.common.asks import Answer
from libs.common.dataset_files import Fence
from libs.common.dataset_versions import read_manifest
from libs.common.datasets import survey_dataset
from libs.common.errors import BadInput, NotFound
from libs.common.events import DatasetRef
from libs.common.service import Deps
from services.dataset.contents import Contents
from services.dataset.domain.draft import Draft, Picture
from services.dataset.domain.labels import LabelFile, parse_label
from services.dataset.options import Options, read_options
from services.dataset.questions import files_with
from services.dataset.sources import draft_of_folder, draft_of_manifest
from services.dataset.thumbnails import size_of, thumbnail

KEPT_DATASETS = 4
FRESH_S = 20.0
"""A folder is listed again after so long; a version never changes."""
MOST_LABELS_READ = 5000
"""Labels that are looked through for one page; the next page goes on behind them."""
MOST_IMAGE_BYTES = 64 * 1024 * 1024
AT_ONCE = 100
MOST_BOXES = 5000
"""Told of one image."""


class Images(Options):
    """Which images of which dataset."""

    dataset: DatasetRef
    split: Literal["train", "val", "test"] | None = None
    class_: str | None = Field(default=None, alias="class", max_length=256)
    finding: str | None = Field(default=None, max_length=64)
    validation_id: str | None = Field(default=None, max_length=64)
    limit: int = Field(default=50, ge=1, le=500)
    cursor: int = Field(default=0, ge=0)


class OneImage(Options):
    """One of them, and how it is shown."""

    dataset: DatasetRef
    image: str = Field(max_length=64)
    size: int = Field(default=320, ge=16, le=1280)
    boxes: bool = False


@dataclass(frozen=True, slots=True)
class Album:
    """A dataset, its images in a fixed order."""

    draft: Draft
    keys: tuple[str, ...]
    places: dict[str, int]
    """Index of an image, by its id."""
    roots: Sequence[Path]
    opened_s: float
    fixed: bool


def id_of(key: str) -> str:
    """An id for a URL: names of files may hold anything."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:20]


class Gallery:
    """Keeps the lists of the datasets that were asked for last."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._albums: OrderedDict[str, Album] = OrderedDict()
        self._opening = asyncio.Lock()

    def questions(self) -> dict[str, Answer]:
        """By name."""
        return {"images": self.images, "image": self.image, "picture": self.picture}

    async def images(self, fields: dict[str, Any]) -> bytes:
        """`ask.dataset.images`: a page of images, as `{images, next_cursor, total}`."""
        question = read_options(Images, fields)
        album = await self._album(question.dataset)
        number = _class_number(album.draft.classes, question.class_)
        wanted = await self._found(question)
        rows: list[dict[str, Any]] = []
        at, read, contents = question.cursor, 0, self._contents()
        while at < len(album.keys) and len(rows) < question.limit and read < MOST_LABELS_READ:
            part = range(at, min(at + AT_ONCE, len(album.keys)))
            taken = [(i, album.draft.pictures[album.keys[i]]) for i in part]
            taken = [(i, each) for i, each in taken if _is_wanted(each, question, wanted)]
            await contents.fetch(each.label for _, each in taken)
            at, read = part.stop, read + len(taken)
            for index, each in taken:
                label = await asyncio.to_thread(_label, contents, each, album.draft.classes)
                if number is None or (label and (label.boxes[:, 0] == number).any()):
                    rows.append(_row(album.keys[index], each, label))
                if len(rows) == question.limit:
                    at = index + 1
                    break
        more = at if at < len(album.keys) else None
        return orjson.dumps({"images": rows, "next_cursor": more, "total": len(album.keys)})

    async def image(self, fields: dict[str, Any]) -> bytes:
        """`ask.dataset.image`: one image with its size and boxes."""
        question = read_options(OneImage, fields)
        album, key, picture = await self._picture(question)
        contents = self._contents()
        await contents.fetch((picture.pixels, picture.label))
        label = await asyncio.to_thread(_label, contents, picture, album.draft.classes)
        data = await asyncio.to_thread(self._read, contents, album, picture)
        size = size_of(data) or (None, None)
        shown = _row(key, picture, label) | {
            "label_file": picture.label_origin or None,
            "width": size[0],
            "height": size[1],
            "boxes": _boxes(label, album.draft.classes),
        }
        return orjson.dumps(shown)

    async def picture(self, fields: dict[str, Any]) -> bytes:
        """`ask.dataset.picture`: a JPEG of at most `size` pixels a side."""
        question = read_options(OneImage, fields)
        album, _, picture = await self._picture(question)
        contents = self._contents()
        await contents.fetch((picture.pixels, picture.label if question.boxes else None))
        label = _label(contents, picture, album.draft.classes) if question.boxes else None
        boxes = label.boxes if label else None

        def draw() -> bytes:
            return thumbnail(self._read(contents, album, picture), question.size, boxes)

        return await asyncio.to_thread(draw)

    async def _picture(self, question: OneImage) -> tuple[Album, str, Picture]:
        album = await self._album(question.dataset)
        place = album.places.get(question.image)
        if place is None:
            raise NotFound("The dataset has no image of this id.", code="no_such_image")
        return album, album.keys[place], album.draft.pictures[album.keys[place]]

    async def _album(self, ref: DatasetRef) -> Album:
        name = ref.model_dump_json()
        async with self._opening:
            album = self._albums.get(name)
            if album is None or not (album.fixed or time.monotonic() - album.opened_s < FRESH_S):
                album = await self._opened(ref)
            self._albums[name] = album
            self._albums.move_to_end(name)
            while len(self._albums) > KEPT_DATASETS:
                self._albums.popitem(last=False)
        return album

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
        keys = tuple(draft.pictures)
        places = {id_of(key): index for index, key in enumerate(keys)}
        return Album(draft, keys, places, roots, time.monotonic(), fixed=bool(ref.version))

    async def _found(self, question: Images) -> frozenset[str] | None:
        if question.finding is None:
            return None
        if question.validation_id is None:
            raise BadInput("Check the dataset first: it has no findings yet.", code="not_checked")
        return await files_with(self._deps, question.validation_id, question.finding)

    def _contents(self) -> Contents:
        return Contents(self._deps.artifacts, self._deps.scratch / "cache")

    @staticmethod
    def _read(contents: Contents, album: Album, picture: Picture) -> bytes:
        if isinstance(picture.pixels, Path) and not Fence(album.roots).allows(picture.pixels):
            raise NotFound("The dataset has no image of this id.", code="no_such_image")
        return contents.read(picture.pixels, MOST_IMAGE_BYTES)


def _is_wanted(picture: Picture, question: Images, files: frozenset[str] | None) -> bool:
    if question.split and picture.split != question.split:
        return False
    return files is None or picture.origin in files or picture.label_origin in files


def _class_number(classes: Sequence[str], wanted: str | None) -> int | None:
    if wanted is None:
        return None
    if wanted in classes:
        return classes.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(classes):
        return int(wanted)
    raise NotFound(f"The dataset has no class '{wanted[:80]}'.", code="no_class")


def _label(contents: Contents, picture: Picture, classes: Sequence[str]) -> LabelFile | None:
    if picture.label is None:
        return None
    return parse_label(contents.text(picture.label).encode(), len(classes))


def _row(key: str, picture: Picture, label: LabelFile | None) -> dict[str, Any]:
    return {
        "id": id_of(key),
        "split": picture.split,
        "file": picture.origin or picture.path,
        "labelled": label is not None,
        "dropped": label.dropped if label else None,
        "objects": len(label.boxes) if label else 0,
    }


def _boxes(label: LabelFile | None, classes: Sequence[str]) -> list[dict[str, Any]]:
    """What the trainer keeps; centre, width and height relative to the image."""
    if label is None:
        return []
    names = ("x", "y", "width", "height")
    return [
        {
            "class_id": int(number),
            "class": classes[int(number)],
            **dict(zip(names, box, strict=True)),
        }
        for number, *box in label.boxes.tolist()[:5000]
    ]
