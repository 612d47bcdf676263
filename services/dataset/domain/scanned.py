"""What one scan saw of a dataset, in columns: a row per image, and one per box that is kept.

A million images with their boxes hold a few hundred megabytes, because nothing here is an object
per image. To add a column: a field of `IMAGE`, `PIXELS` or `BOX`; whoever looks fills it in, and
the store of known files (`known.py`) keeps it by its name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from services.dataset.domain.doubted import Doubt, Judged
from services.dataset.domain.filetree import FileTree, label_of
from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.paths import Paths, shown

Table = npt.NDArray[np.void]
"""Rows of one of the types below; `table["width"]` is a column."""

Place = tuple[str | None, str | None, Hit]
"""Split, file as the report shows it, hit."""

Drift = tuple[str, str, float, float, float]
"""Split, property of the pixels, distance from train, medians in the split and in train."""

FORMATS = ("", "jpeg", "png", "bmp", "tiff", "gif", "jpeg2000", "webp", "heif")
_MODES = "? Gray YCbCr RGB CMYK YCCK L 1 P RGBA LA PA I;16 I;16B I;16L I;16N I F RGBX RGBa La LAB"
MODES = tuple(_MODES.split())
"""Colours, as the JPEG header or Pillow names them; `?` is unknown or another."""


class Label(IntEnum):
    """What an image has for a label."""

    NONE = 0
    EMPTY = 1
    """A label file without a row: background, and said so."""
    KEPT = 2
    """The trainer takes its boxes."""
    DROPPED = 3
    """The trainer leaves the image out because of its label file."""


IMAGE = np.dtype(
    [
        ("split", "u1"),  # index into Scanned.splits
        ("size_bytes", "i8"),
        ("mtime_ns", "i8"),
        ("digest", "u8", (2,)),  # xxh3-128 of the file's bytes; 0, 0 in fast mode
        ("width", "i4"),  # pixels as stored, before any EXIF turn; 0 = unknown
        ("height", "i4"),
        ("format", "u1"),  # index into FORMATS, by content
        ("mode", "u1"),  # index into MODES
        ("orientation", "u1"),  # EXIF, 1 = upright
        ("frames", "i4"),
        ("trailing_bytes", "i8"),
        ("faulty", "?"),  # its pixels cannot be had
        ("odd", "?"),  # it has a finding of its own, its label aside
        ("usable", "?"),  # the trainer would take it
        ("label", "u1"),  # a Label
        ("labels_digest", "u8"),  # of the kept boxes, the same in any order of rows
    ]
)
PIXELS = np.dtype(
    [
        ("seen", "?"),  # the pixels were decoded: the other fields mean something
        ("phash", "u8"),  # 64-bit DCT hash
        ("phash_mirrored", "u8"),  # of the image mirrored left to right
        ("mean", "f4"),  # grey level, 0 to 255
        ("std", "f4"),  # of the grey levels
        ("spread", "f4"),  # widest range of a channel; near 0 for a blank image
        ("dark_end", "f4"),  # the grey level that 1 % of the pixels lie below
        ("bright_end", "f4"),  # the grey level that 1 % of the pixels lie above
        ("clipped", "f4"),  # share of burnt-out pixels
        ("clipped_rim", "f4"),  # the same of the outermost pixels
        ("saturation", "f4"),  # mean chroma, 0 to 1
        ("colour", "f4"),  # 99th percentile of the chroma; near 0 for a grey image
        ("grey_fill", "f4"),  # share of rows at the lower end that are one flat grey
        ("sharpness", "f4"),  # of the clearest edges, 0 to 1
        ("quality", "u1"),  # of a JPEG, 1 to 100; 0 = none
    ]
)
BOX = np.dtype(
    [
        ("image", "i4"),  # row of the image
        ("class", "i4"),
        ("x", "f4"),  # centre, relative to the width
        ("y", "f4"),
        ("width", "f4"),
        ("height", "f4"),
        ("line", "i4"),  # of the label file, 1-based
    ]
)

TWIN = np.dtype(
    [
        ("first", "i4"),  # row of an image
        ("other", "i4"),  # row of a later image that shows the same
        ("bits", "u1"),  # in which their hashes differ
        ("kind", "u1"),  # near, identical or mirrored, as in twins.py
    ]
)


@dataclass(frozen=True, slots=True)
class Crops:
    """What the boxes of a sample of images show."""

    boxes: npt.NDArray[np.intp]
    """(K,): rows of `Scanned.boxes`."""
    vectors: npt.NDArray[np.float32]
    """(K, D): their descriptions, as in crops.py."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest crops of other images, per crop and class."""

    classes: npt.NDArray[np.intp]
    """(K,): class of each crop."""
    votes: npt.NDArray[np.int64]
    """(K, C): how many of the nearest crops are of each class."""
    nearest: npt.NDArray[np.float32]
    """(K, C): distance to the nearest crop of each class in another image; inf if there is none."""


@dataclass
class Scanned:
    """A dataset as one scan saw it. Arrays are not to be changed by rules."""

    root: str
    names: tuple[str, ...]
    splits: tuple[str, ...]
    """Of train, val and test, those that are there, in this order."""
    paths: Paths
    """(N) of the images: relative to `root`, absolute where outside of it; sorted per split."""
    images: Table
    """(N,) of IMAGE."""
    boxes: Table = field(default_factory=lambda: np.zeros(0, BOX))
    """(M,) of BOX, sorted by image; per image in the order of the trainer."""
    pixels: Table = field(default_factory=lambda: np.zeros(0, PIXELS))
    """(N,) of PIXELS in full mode, otherwise (0,)."""
    twins: Table = field(default_factory=lambda: np.zeros(0, TWIN))
    """Pairs of images that were compared and show the same, in full mode."""
    crops: Crops | None = None
    """Descriptions of boxes, in full mode."""
    near: Neighbours | None = None
    """Theirs, once somebody has asked."""
    doubts: tuple[Doubt, ...] = ()
    """What a search for objects came to, in full mode."""
    drift: tuple[Drift, ...] | None = None
    """How far the pixels of each split are from those of train, once somebody has asked."""
    judged: Judged | None = None
    """What a model's predictions say against the labels, where they are given."""
    tree: FileTree = field(default_factory=lambda: FileTree({}))
    """Names of the files around the images; empty when `validate_format` is off."""

    def split_of(self, row: int) -> str:
        """The split of an image."""
        return self.splits[int(self.images["split"][row])]

    def file_of(self, row: int) -> str:
        """The image as the report shows it."""
        return shown_file(self.paths.raw(row))

    def label_file_of(self, row: int) -> str:
        """The image's label file as the report shows it."""
        return shown_file(label_of(self.paths.raw(row), self.root))

    def judged_by_looks(self, row: int) -> bool:
        """Whether what an image's labels mean is told by looks: no predictions do it better."""
        return self.judged is None or not self.judged.seen[row]

    def rows_of(self, split: str) -> npt.NDArray[np.intp]:
        """The rows of the images of a split; none when there is no such split."""
        if split not in self.splits:
            return np.zeros(0, np.intp)
        return np.flatnonzero(self.images["split"] == self.splits.index(split))

    @cached_property
    def first_box(self) -> npt.NDArray[np.intp]:
        """(N + 1,): the boxes of image i are `boxes[first_box[i]:first_box[i + 1]]`."""
        return np.searchsorted(self.boxes["image"], np.arange(len(self.images) + 1))

    @cached_property
    def instances(self) -> npt.NDArray[np.int64]:
        """(S, C): boxes per split and class."""
        return self._by_class(self.boxes["image"], self.boxes["class"])

    @cached_property
    def images_of_class(self) -> npt.NDArray[np.int64]:
        """(S, C): images with at least one box of the class, per split."""
        order = np.argsort(self.boxes["class"], kind="stable")  # by class, then by image
        images, classes = self.boxes["image"][order], self.boxes["class"][order]
        new = np.ones(len(order), bool)
        new[1:] = (images[1:] != images[:-1]) | (classes[1:] != classes[:-1])
        return self._by_class(images[new], classes[new])

    def _by_class(
        self, images: npt.NDArray[np.int32], classes: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.int64]:
        width = len(self.names)
        flat = self.images["split"][images].astype(np.int64) * width + classes
        counts = np.bincount(flat, minlength=len(self.splits) * width)
        return counts.reshape(len(self.splits), width).astype(np.int64)


WholeRule = Callable[[Scanned, Rules], Iterator[Place]]
"""A rule over the whole of a dataset; those that are run are listed in `whole.py`."""


def shown_file(path: bytes) -> str:
    """A path as a reader of the report knows it: from the dataset's folder on, or the name."""
    return shown(path.rpartition(b"/")[2] if path.startswith(b"/") else path)
