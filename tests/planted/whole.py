"""Faults that only the whole of a dataset shows: classes, splits, duplicates."""

import shutil
from pathlib import Path

from tests.planted.base import TRAIN, Defect, describe, image, put, text
from tests.planted.scenes import encoded, label, photo, scene

CUP = "0 0.3 0.3 0.2 0.2\n"
BOTH = CUP + "1 0.7 0.7 0.2 0.2\n"


def _relabel(root: Path, data: str, pattern: str = "*/*.txt") -> None:
    for path in (root / "labels").glob(pattern):
        put(path, data)


def _rare(root: Path, boxes: int) -> None:
    describe(root, "train: images/train\nval: images/val\nnames: [cup, bag, hat]\n")
    for index in range(boxes):
        put(text(root, index), label(index) + "2 0.5 0.1 0.12 0.12\n")


def _imbalanced(root: Path) -> None:
    _relabel(root, CUP)
    put(text(root, 0), BOTH)


def _alike(root: Path) -> None:
    for kind in ("images", "labels"):
        shutil.rmtree(root / kind / "val")
        shutil.copytree(root / kind / "train", root / kind / "val")


def _copy(root: Path, split: str, data: bytes | None = None, boxes: str | None = None) -> None:
    put(image(root, 50, split), data or image(root, 0).read_bytes())
    put(text(root, 50, split), boxes or label(0))


def _skewed(root: Path) -> None:
    for index in range(20):
        put(image(root, 20 + index, "val"), photo(300 + index))
        put(text(root, 20 + index, "val"), label(300 + index).splitlines(keepends=True)[0])


def _remove(root: Path, pattern: str) -> None:
    for path in list(root.glob(pattern)):
        path.unlink()


def _small_val(root: Path) -> None:
    _remove(root, "*/val/v0[1-9].*")
    for index in range(TRAIN, 30):
        put(image(root, index), photo(index))
        put(text(root, index), label(index))


def _repacked(root: Path) -> None:
    image(root).unlink()
    put(image(root, suffix=".png"), encoded(scene(0)[0], "PNG"))
    put(image(root, 50, suffix=".png"), encoded(scene(0)[0], "PNG", compress_level=1))
    put(text(root, 50), label(0))


DEFECTS = [
    Defect("unused_class", "a third", lambda d: describe(d, "train: images/train\nval: images/val\nnames: [cup, bag, hat]\n")),
    Defect("few_samples_class", "two", lambda d: _rare(d, 2)),
    Defect("few_samples_class", "five", lambda d: _rare(d, 5)),
    Defect("class_imbalance", "twenty to one", _imbalanced, also=("few_samples_class",)),
    Defect("class_missing_in_train", "in val only", lambda d: _relabel(d, CUP, "train/*.txt")),
    Defect("duplicate_class_name", "capitals", lambda d: describe(d, "train: images/train\nval: images/val\nnames: [Cup, cup]\n")),
    Defect("duplicate_class_name", "a space", lambda d: describe(d, "train: images/train\nval: images/val\nnames: [cup, 'cup ']\n")),
    Defect("duplicate_class_name", "underscore", lambda d: describe(d, "train: images/train\nval: images/val\nnames: [coffee cup, coffee_cup]\n")),
    Defect("split_distribution_drift", "one class in val", _skewed),
    Defect("background_share", "three quarters", lambda d: [put(text(d, i), "") for i in range(2, TRAIN)], also=("few_samples_class",)),
    Defect("split_ratio", "one of many", _small_val),
    Defect("split_empty", "val", lambda d: _remove(d, "*/val/*")),
    Defect("exact_duplicate", "a copy", lambda d: _copy(d, "train")),
    Defect("exact_duplicate_across_splits", "a copy", lambda d: _copy(d, "val")),
    Defect("pixel_identical", "packed otherwise", _repacked),
    Defect("pixel_identical_across_splits", "a comment more", lambda d: _copy(d, "val", encoded(scene(0)[0], comment=b"exported"))),
    Defect("duplicate_image_conflicting_labels", "same split", lambda d: _copy(d, "train", None, "1 0.5 0.5 0.3 0.3\n"), also=("exact_duplicate",)),
    Defect("train_equals_val", "copies", _alike, also=("exact_duplicate_across_splits",)),
    Defect("train_equals_val", "one folder", lambda d: describe(d, "train: images/train\nval: images/train\nnames: [cup, bag]\n")),
]  # fmt: skip
