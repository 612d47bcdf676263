"""Questions about the images of a dataset, answered at once: lists, boxes, pictures."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Literal

import orjson
from pydantic import Field

from libs.common.asks import Answer
from libs.common.errors import BadInput, NotFound
from libs.common.events import DatasetRef
from libs.common.service import Deps
from services.dataset.album import Album, Albums, id_of
from services.dataset.contents import Contents, fence_of_drafts
from services.dataset.domain.draft import Picture
from services.dataset.domain.labels import LabelFile, is_finite, parse_label
from services.dataset.options import Options, read_options
from services.dataset.questions import files_with
from services.dataset.thumbnails import size_of, thumbnail

MOST_LABELS_READ = 5000
"""Labels that are looked through for one page; the next page goes on behind them."""
MOST_IMAGE_BYTES = 64 * 1024 * 1024
AT_ONCE = 100
MOST_BOXES = 4000
"""Told of one image."""
BOXES_IN_A_LIST = 50
"""Told of each image in a list, and 10,000 in all: an answer has to fit into 1 MB."""
MOST_BOXES_LISTED = 10_000
MOST_LINES, MOST_LINE = 1000, 200
"""Of a label file that is shown as it is."""


class Images(Options):
    """Which images of which dataset."""

    dataset: DatasetRef
    split: Literal["train", "val", "test"] | None = None
    class_: str | None = Field(default=None, alias="class", max_length=256)
    finding: str | None = Field(default=None, max_length=64)
    validation_id: str | None = Field(default=None, max_length=64)
    file: tuple[str, ...] = Field(default=(), max_length=100)
    limit: int = Field(default=50, ge=1, le=500)
    cursor: int = Field(default=0, ge=0)


class OneImage(Options):
    """One of them, and how it is shown."""

    dataset: DatasetRef
    image: str = Field(max_length=64)
    size: int = Field(default=320, ge=16, le=1280)
    boxes: bool = False


class Gallery:
    """Answers from the albums that are open."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._albums = Albums(deps)

    def questions(self) -> dict[str, Answer]:
        """By name."""
        return {"images": self.images, "image": self.image, "picture": self.picture}

    async def images(self, fields: dict[str, Any]) -> bytes:
        """`ask.dataset.images`: a page of images, as `{images, next_cursor, total}`.

        `total` counts the images of the split with the finding and the files; whether one has the
        class is only known when its label is read.
        """
        question = read_options(Images, fields)
        album = await self._albums.open(question.dataset)
        number = _class_number(album.draft.classes, question.class_)
        chosen = await self._chosen(album, question)
        rows: list[dict[str, Any]] = []
        at, read, contents = question.cursor, 0, self._contents()
        while at < len(chosen) and len(rows) < question.limit and read < MOST_LABELS_READ:
            part = chosen[at : at + min(AT_ONCE, MOST_LABELS_READ - read)]
            taken = [(album.keys[i], album.draft.pictures[album.keys[i]]) for i in part]
            await contents.fetch(each.label for _, each in taken)
            labels = await asyncio.to_thread(_labels, contents, taken, album.draft.classes)
            for (key, each), label in zip(taken, labels, strict=True):
                at, read = at + 1, read + 1
                if number is None or (label and (label.boxes[:, 0] == number).any()):
                    rows.append(_row(key, each, label))
                if len(rows) == question.limit:
                    break
        more = at if at < len(chosen) else None
        told = _with_few_boxes(rows)
        return orjson.dumps({"images": told, "next_cursor": more, "total": len(chosen)})

    async def image(self, fields: dict[str, Any]) -> bytes:
        """`ask.dataset.image`: one image with its size, its boxes and the lines of its label."""
        question = read_options(OneImage, fields)
        album = await self._albums.open(question.dataset)
        key, picture = album.picture(question.image)
        contents = self._contents()
        await contents.fetch((picture.pixels, picture.label))
        label = await asyncio.to_thread(_label, contents, picture, album.draft.classes)
        data = await asyncio.to_thread(contents.read, picture.pixels, MOST_IMAGE_BYTES)
        size = size_of(data) or (None, None)
        shown = _row(key, picture, label) | {
            "width": size[0],
            "height": size[1],
            "boxes": _boxes(label, album.draft.classes),
            "lines": _lines(label),
        }
        return orjson.dumps(shown)

    async def picture(self, fields: dict[str, Any]) -> bytes:
        """`ask.dataset.picture`: a JPEG of at most `size` pixels a side."""
        question = read_options(OneImage, fields)
        album = await self._albums.open(question.dataset)
        _, picture = album.picture(question.image)
        contents = self._contents()
        await contents.fetch((picture.pixels, picture.label if question.boxes else None))
        label = _label(contents, picture, album.draft.classes) if question.boxes else None
        boxes = label.boxes if label else None

        def draw() -> bytes:
            return thumbnail(contents.read(picture.pixels, MOST_IMAGE_BYTES), question.size, boxes)

        return await asyncio.to_thread(draw)

    async def _chosen(self, album: Album, question: Images) -> Sequence[int]:
        """Indices of the images that pass all but the class."""
        named = frozenset(question.file)
        wish = (question.split, question.finding, question.validation_id, named)
        if not any(wish):
            return range(len(album.keys))
        if (known := album.selected(wish)) is not None:
            return known
        files = await self._found(question)

        def wanted(picture: Picture) -> bool:
            if question.split and picture.split != question.split:
                return False
            places = {picture.origin, picture.label_origin}
            return (files is None or bool(files & places)) and (not named or bool(named & places))

        return await asyncio.to_thread(album.select, wish, wanted)

    async def _found(self, question: Images) -> frozenset[str] | None:
        if question.finding is None:
            return None
        if question.validation_id is None:
            raise BadInput("Check the dataset first: it has no findings yet.", code="not_checked")
        return await files_with(self._deps, question.validation_id, question.finding)

    def _contents(self) -> Contents:
        deps = self._deps
        return Contents(deps.artifacts, deps.scratch / "cache", fence_of_drafts(deps))


def _class_number(classes: Sequence[str], wanted: str | None) -> int | None:
    if wanted is None:
        return None
    if wanted in classes:
        return classes.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(classes):
        return int(wanted)
    raise NotFound(f"The dataset has no class '{wanted[:80]}'.", code="no_class")


def _labels(
    contents: Contents, taken: Sequence[tuple[str, Picture]], classes: Sequence[str]
) -> list[LabelFile | None]:
    return [_label(contents, each, classes) for _, each in taken]


def _label(contents: Contents, picture: Picture, classes: Sequence[str]) -> LabelFile | None:
    if picture.label is None:
        return None
    return parse_label(contents.text(picture.label).encode(), len(classes))


def _row(key: str, picture: Picture, label: LabelFile | None) -> dict[str, Any]:
    return {
        "id": id_of(key),
        "split": picture.split,
        "file": picture.origin or picture.path,
        "label_file": picture.label_origin or None,
        "labelled": label is not None,
        "dropped": label.dropped if label else None,
        "objects": len(label.boxes) if label else 0,
        **_listed_boxes(label),
    }


def _listed_boxes(label: LabelFile | None) -> dict[str, list[list[float]]]:
    """Boxes with the lines they stand in: those that the trainer keeps, and those it does not."""
    if label is None:
        return {"boxes": [], "lost": []}
    kept = label.boxes[:BOXES_IN_A_LIST].astype(float).round(5).tolist()
    lines = frozenset(label.lines)
    lost = (
        [*row.numbers, row.line]
        for row in label.rows
        if row.line not in lines and row.is_box and is_finite(row) and row.numbers
    )
    return {
        "boxes": [[*box, line] for box, line in zip(kept, label.lines, strict=False)],
        "lost": list(islice(lost, BOXES_IN_A_LIST)),
    }


def _with_few_boxes(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, those behind the first ten thousand boxes without any."""
    told = 0
    for row in rows:
        told += len(row["boxes"]) + len(row["lost"])
        if told > MOST_BOXES_LISTED:
            row |= {"boxes": [], "lost": []}
    return rows


def _boxes(label: LabelFile | None, classes: Sequence[str]) -> list[dict[str, Any]]:
    """What the trainer keeps; centre, width and height relative to the image."""
    if label is None:
        return []
    return list(_told_boxes(label, classes))


def _told_boxes(label: LabelFile, classes: Sequence[str]) -> Iterator[dict[str, Any]]:
    names = ("x", "y", "width", "height")
    rows = zip(label.boxes.tolist()[:MOST_BOXES], label.lines[:MOST_BOXES], strict=True)
    for (number, *box), line in rows:
        yield {
            "class_id": int(number),
            "class": classes[int(number)],
            **dict(zip(names, box, strict=True)),
            "line": line,
        }


def _lines(label: LabelFile | None) -> list[str]:
    """The label file as it is, as far as people look at it."""
    text = label.text if label else None
    return [line[:MOST_LINE] for line in (text or "").splitlines()[:MOST_LINES]]
