"""A small dataset without a fault, and the hands to plant one with."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.planted.scenes import label, photo

TRAIN, VAL = 16, 6
YAML = "train: images/train\nval: images/val\nnames: [cup, bag]\n"


@dataclass(frozen=True)
class Defect:
    """One fault, and where it is to be found."""

    rule: str
    name: str
    plant: Callable[[Path], object]
    file: str | None = None
    """End of the path in the finding, where the author is sure of it."""
    line: int | None = None
    also: tuple[str, ...] = ()
    """Rules of severity E or W that the fault rightly sets off as well."""


def make(root: Path) -> Path:
    """The dataset: images/train, images/val, labels beside them, data.yaml."""
    put(root / "data.yaml", YAML)
    for split, count in (("train", TRAIN), ("val", VAL)):
        for index in range(count):
            seed = index + 100 * (split == "val")
            put(root / f"images/{split}/{split[0]}{index:02d}.jpg", photo(seed))
            put(root / f"labels/{split}/{split[0]}{index:02d}.txt", label(seed))
    return root


def put(path: Path, data: str | bytes) -> Path:
    """Write a file; a link in its place is replaced, not followed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def image(root: Path, index: int = 0, split: str = "train", suffix: str = ".jpg") -> Path:
    """Path of an image of the dataset."""
    return root / f"images/{split}/{split[0]}{index:02d}{suffix}"


def text(root: Path, index: int = 0, split: str = "train") -> Path:
    """Path of a label file of the dataset."""
    return root / f"labels/{split}/{split[0]}{index:02d}.txt"


def move(source: Path, target: Path) -> Path:
    """Move a file, making folders."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(source, target)
    return target


def describe(root: Path, yaml: str | bytes) -> Path:
    """Another data.yaml."""
    return put(root / "data.yaml", yaml)
