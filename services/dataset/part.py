"""What a process of the scan is asked about some files, and what it tells: values to be pickled."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.scanned import BOX, IMAGE, PIXELS, Table

FileHit = tuple[int, bool, Hit]
"""Image of the chunk, whether it is on the label file, hit."""
Stamps = npt.NDArray[np.int64]
"""(n, 6): size, and when content and inode changed, of the image and of the label; zeros where
nothing that is known may be used again."""
OF_IMAGE, OF_LABEL = slice(0, 3), slice(3, 6)
"""Columns of stamps."""


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """What is looked at, and how: the same for every part of a scan."""

    classes: int
    rules: Rules
    images: bool
    labels: bool
    full: bool
    roots: tuple[str, ...] = ()
    """Folders that nothing read may lie outside of."""
    hashed: bool = False
    """Read every byte; always so when `full`."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of images, by the paths to open them with, and what is known of them."""

    images: tuple[bytes, ...]
    stamps: Stamps | None = None
    digests: npt.NDArray[np.uint64] | None = None
    """(n, 2): of images that need not be decoded again if their bytes are still these; or zeros."""


@dataclass(slots=True)
class Part:
    """What was seen of the first images of a chunk."""

    images: Table
    """(n,) of IMAGE, without the splits."""
    pixels: Table
    """(n,) of PIXELS, or (0,)."""
    boxes: Table
    """Of BOX; `image` counts from the chunk's first."""
    stamps: Stamps
    new_image: npt.NDArray[np.bool_]
    """(n,): False where what is known of the image still holds."""
    new_label: npt.NDArray[np.bool_]
    hits: list[FileHit] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.images)


def empty(count: int, orders: Orders) -> Part:
    """Nothing was seen of so many images."""
    images = np.zeros(count, IMAGE)
    images["orientation"] = images["frames"] = 1
    return Part(
        images,
        np.zeros(count if orders.full else 0, PIXELS),
        np.zeros(0, BOX),
        np.zeros((count, 6), np.int64),
        np.ones(count, bool),
        np.ones(count, bool),
    )


def deadly(orders: Orders) -> Part:
    """What is said of an image that killed the process which opened it."""
    part = empty(1, orders)
    part.images["faulty"] = True
    if orders.images:
        hit = Hit("corrupt_scan_data", "Decoding it kills the process: remove it, save it anew.")
        part.hits.append((0, False, hit))
    return part


def spread(part: Part | None, rows: npt.NDArray[np.intp], stamps: Stamps, orders: Orders) -> Part:
    """What was seen of some rows, and of all the others that what is known still holds.

    Args:
        part: one image per row; None = none.
        rows: their places, which ascend.
        stamps: (n, 6), what is known of all.
        orders: those of the scan.
    """
    whole = empty(len(stamps), orders)
    whole.new_image[:] = whole.new_label[:] = False
    whole.stamps[:] = stamps
    if part is None:
        return whole
    for name in ("images", "stamps", "new_image", "new_label"):
        getattr(whole, name)[rows] = getattr(part, name)
    if len(part.pixels):
        whole.pixels[rows] = part.pixels
    whole.boxes = part.boxes
    whole.boxes["image"] = rows[part.boxes["image"]]
    whole.hits = [(int(rows[index]), on_label, hit) for index, on_label, hit in part.hits]
    return whole


def joined(parts: Sequence[Part]) -> Part:
    """Parts that follow each other, as one."""
    start, hits = 0, []
    for part in parts:
        hits += [(start + index, on_label, hit) for index, on_label, hit in part.hits]
        part.boxes["image"] += start
        start += len(part)
    columns = ("images", "pixels", "boxes", "stamps", "new_image", "new_label")
    return Part(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in columns},
        hits=hits,
    )
