"""Annotations of other formats as YOLO rows: what all readers share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from services.dataset.domain.boxes import Box, clipped, row_of


@dataclass(slots=True)
class Annotated:
    """One image as an annotation file names it, with its boxes."""

    split: str
    file: str
    """Path as written, checked to stay inside."""
    boxes: list[tuple[str, Box]] = field(default_factory=list)
    """Class by name; centre x, centre y, width, height in [0, 1]."""


@dataclass(slots=True)
class Converted:
    """All images of an annotation file or of many."""

    classes: tuple[str, ...] = ()
    images: list[Annotated] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    """What a YOLO dataset of boxes cannot hold, or what was wrong, and how often."""


def relative_box(
    left: float, top: float, right: float, bottom: float, width: float, height: float
) -> Box | None:
    """Corners in pixels as a YOLO box clipped to the image; None if nothing of it is inside."""
    box = clipped(
        (
            (left + right) / 2 / width,
            (top + bottom) / 2 / height,
            (right - left) / width,
            (bottom - top) / height,
        )
    )
    return box if box[2] > 0 and box[3] > 0 else None


def label_text(image: Annotated, classes: Sequence[str]) -> str:
    """The label file of one image; empty for background."""
    numbers = {name: number for number, name in enumerate(classes)}
    return "".join(f"{row_of(numbers[name], box)}\n" for name, box in image.boxes)


def split_of(text: str) -> str | None:
    """The split that a file or folder name speaks of, or None."""
    words = set("".join(c if c.isalnum() else " " for c in text.lower()).split())
    words |= {word.rstrip("0123456789") for word in words}  # train2017
    for split, names in _SPLITS.items():
        if words & names:
            return split
    return None


_SPLITS = {
    "train": {"train", "training", "trainval"},
    "val": {"val", "valid", "validation", "minival"},
    "test": {"test", "testing"},
}


def stays_inside(path: str) -> bool:
    """Whether a path from a file of others is relative and leads nowhere else."""
    parts = PurePosixPath(path).parts
    drive = len(path) > 1 and path[1] == ":"
    return bool(parts) and not path.startswith("/") and ".." not in parts and not drive
