"""The names of the files of a dataset, as the rules on pairing and files look at them."""

import os
from dataclasses import dataclass, field

from libs.common.dataset_files import IMAGE_SUFFIXES
from services.dataset.domain.paths import Paths, shown, swapped

_COMMON = (".jpg", ".png", ".jpeg")
_SUFFIXES = [
    written.encode()
    for suffix in (*_COMMON, *sorted(IMAGE_SUFFIXES.difference(_COMMON)))
    for written in (suffix, suffix.upper())
]


@dataclass(frozen=True, slots=True)
class SplitFiles:
    """File names of one split, relative to the dataset's folder (absolute outside of it)."""

    root: str
    """The dataset's folder."""
    images: Paths = field(default_factory=lambda: Paths.of(()))
    beside: tuple[str, ...] = ()
    """Other files in the image folders."""
    skipped: frozenset[str] = frozenset()
    """Of those, images by their content whose names the trainer does not take for images."""
    labels: tuple[str, ...] = ()
    """Files in the label folders that no image of any split looks for, sorted."""
    links: tuple[str, ...] = ()
    """Images that are links to outside of the dataset's folder."""
    wanted: Paths | None = None
    """What `expected` tells, where it is kept."""

    def expected(self) -> Paths:
        """Where the trainer looks for the label of each image, in the same order."""
        return self.wanted if self.wanted is not None else labels_of(self.images, self.root)

    def expected_of(self, row: int) -> str:
        """Where the trainer looks for the label of one image."""
        return shown(label_of(self.images.raw(row), self.root))


@dataclass(frozen=True, slots=True)
class FileTree:
    """The files of all splits."""

    splits: dict[str, SplitFiles]
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The folders and txt lists of each split."""
    around: tuple[str, ...] = ()
    """What lies directly in the folders above those of the splits, up to the dataset's own."""


def label_of(image: bytes, root: str) -> bytes:
    """Where the trainer looks for the label of an image; both relative to `root`, or absolute."""
    home = os.fsencode(root) + b"/"
    return swapped(image if image.startswith(b"/") else home + image).removeprefix(home)


def labels_of(images: Paths, root: str) -> Paths:
    """Where the trainer looks for the label of each image, as `label_of`."""
    home = os.fsencode(root) + b"/"
    labels = _in_bulk(images, home)
    if labels is not None:
        return labels
    if b"/images/" in home:  # of the rare kind that can point outside of the folder
        return Paths.of(label_of(image, root) for image in images.raws())
    start = len(home)
    return Paths.of(
        swapped(image) if image.startswith(b"/") else swapped(home + image)[start:]
        for image in images.raws()
    )


def _in_bulk(images: Paths, home: bytes) -> Paths | None:
    """The same for paths that all lie in the dataset, with one `/images/` each or none.

    They are one text between NULs, which no path has in it; None if some are of another kind.
    """
    text = b"\0/" + b"\0/".join(images.raws()) + b"\0"
    odd = not len(images) or b"/images/" in home or b"//" in text or b"/images/images/" in text
    if odd:
        return None
    count = text.count(b"/images/")
    if count != len(images) or count != text.count(b"\0/images/"):  # not each begins with it
        parts = text.split(b"/images/")
        if not all(b"\0" in part for part in parts[1:-1]):
            return None
    text = text.replace(b"/images/", b"/labels/")
    length = len(text)
    for suffix in _SUFFIXES:
        text = text.replace(suffix + b"\0", b".txt\0")
        if text.count(b".txt\0") == len(images):
            if len(text) == length:  # each has the length of its image
                return Paths(text[:-1].replace(b"\0/", b""), images.ends - images.ends[0])
            return Paths.of(text[2:-1].split(b"\0/"))
    return None
