"""A version to be, before it is stored: classes, and pictures with their labels, as values.

A draft holds no bytes of images: a content is a file on this disk, bytes made by an edit, or a
blob that the store has already. Edits are functions from draft to draft; the key of a picture
stays the same through all of them, so that a draft can be compared with what it came from.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that the store holds for a dataset."""

    dataset: str
    sha256: str
    size_bytes: int


Content = Path | bytes | Blob


@dataclass(frozen=True, slots=True)
class File:
    """A file of the version to be: where it goes, and what is in it."""

    path: str
    content: Content


@dataclass(frozen=True, slots=True)
class Picture:
    """One image and its label; no label means background to the trainer."""

    split: str
    name: str
    """File name of the image, with its suffix."""
    pixels: Content
    label: Content | None = None
    origin: str = ""
    """Path of the image in the dataset that the draft came from, as findings name it."""
    label_origin: str = ""

    @property
    def stem(self) -> str:
        """The name without its suffix: what its label is called after."""
        return PurePosixPath(self.name).stem

    @property
    def path(self) -> str:
        """Where it is in a version."""
        return f"images/{self.split}/{self.name}"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a version will hold."""

    classes: tuple[str, ...]
    pictures: Mapping[str, Picture]
    strays: Mapping[str, Content] = field(default_factory=dict)
    """Label files of no image, and images that the trainer does not read, by path in a version."""

    def having(self, pictures: Mapping[str, Picture]) -> "Draft":
        """The same with other pictures."""
        return replace(self, pictures=pictures)

    @property
    def counts(self) -> dict[str, int]:
        """Images per split, the splits in their usual order."""
        found = dict.fromkeys(("train", "val", "test"), 0)
        for picture in self.pictures.values():
            found[picture.split] = found.get(picture.split, 0) + 1
        return {split: count for split, count in found.items() if count}

    def files(self) -> list[File]:
        """All files, one at each place: a stray gives way to what a picture brings."""
        found = dict(self.strays)
        for pair in self.pairs():
            found |= {file.path: file.content for file in pair if file}
        return [File(path, content) for path, content in sorted(found.items())]

    def pairs(self) -> Iterator[tuple[File, File | None]]:
        """Each image with its label."""
        for picture in self.pictures.values():
            place = f"labels/{picture.split}/{picture.stem}.txt"
            label = None if picture.label is None else File(place, picture.label)
            yield File(picture.path, picture.pixels), label


def draft_of(
    classes: Iterable[str],
    pictures: Iterable[Picture],
    strays: Mapping[str, Content] | None = None,
) -> Draft:
    """A draft of pictures from anywhere, each with a name that is free in its split.

    Sub-folders of a split are gone; a name that is taken gets a number, one that cannot be
    printed is replaced.
    """
    taken: set[tuple[str, str]] = set()
    laid_out: dict[str, Picture] = {}
    for picture in pictures:
        named = renamed(picture, taken)
        laid_out[f"{named.split}/{named.name}"] = named
    left = {
        path: content
        for path, content in (strays or {}).items()
        if _place(path) not in taken or not path.startswith("labels/")
    }
    return Draft(tuple(classes), laid_out, left)


def renamed(picture: Picture, taken: set[tuple[str, str]]) -> Picture:
    """The picture under a name that is not in `taken`, which grows by it."""
    suffix = PurePosixPath(picture.name).suffix.lower()
    stem = picture.stem
    plain = "".join(c if c.isprintable() and c not in "\\/" else "_" for c in stem) or "image"
    wanted, number = plain, 1
    while (picture.split, wanted) in taken:
        number += 1
        wanted = f"{plain}-{number}"
    taken.add((picture.split, wanted))
    return replace(picture, name=f"{wanted}{suffix}")


def _place(path: str) -> tuple[str, str]:
    parts = PurePosixPath(path).parts
    return parts[1] if len(parts) > 2 else "", PurePosixPath(path).stem
