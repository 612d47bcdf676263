"""Faults in what labels mean, and in where pictures come from."""

from pathlib import Path

import numpy as np

from tests.planted.base import TRAIN, VAL, Defect, image, move, put, text
from tests.planted.scenes import encoded, label, photo, scene


def _rows(root: Path, index: int) -> list[str]:
    return text(root, index).read_text().splitlines(keepends=True)


def _swapped(root: Path) -> None:
    put(text(root, 3), "".join(str(1 - int(row[0])) + row[1:] for row in _rows(root, 3)))


def _missing(root: Path) -> None:
    put(text(root, 3), _rows(root, 3)[0])


def _moved(root: Path) -> None:
    number, x, y, wide, high = _rows(root, 3)[0].split()
    row = f"{number} {float(x) + 0.6 * float(wide):.6f} {y} {wide} {high}\n"
    put(text(root, 3), row + _rows(root, 3)[1])


def _spurious(root: Path) -> None:
    put(text(root, 3), "".join(_rows(root, 3)) + "0 0.5 0.12 0.2 0.16\n")


def _bright_val(root: Path) -> None:
    for index in range(VAL):
        pixels = np.clip(scene(100 + index)[0] * 0.35 + 160, 0, 255).astype(np.uint8)
        put(image(root, index, "val"), encoded(pixels))


def _one_recording(root: Path) -> None:
    for split, start, count in (("train", 0, TRAIN), ("val", 40, VAL)):
        for index in range(count):
            stem = f"shop_cam1_frame_{start + index:05d}"
            move(image(root, index, split), root / f"images/{split}/{stem}.jpg")
            move(text(root, index, split), root / f"labels/{split}/{stem}.txt")


def _one_source(root: Path) -> None:
    for split, number in (("train", "1111aaaa2222bbbb3333cccc4444dddd"), ("val", "9" * 32)):
        put(
            root / f"images/{split}/shelf_jpg.rf.{number}.jpg",
            photo(500 + len(number) * (split == "val")),
        )
        put(root / f"labels/{split}/shelf_jpg.rf.{number}.txt", label(500))


def _one_burst(root: Path) -> None:
    for split, shot in (("train", ""), ("val", "-2-")):
        stem = f"WIN_20251026_10_27_21_Pro{shot}_jpg.rf.{'a' * 31}{len(shot)}"
        seed = 600 + len(shot)
        put(root / f"images/{split}/{stem}.jpg", photo(seed))
        put(root / f"labels/{split}/{stem}.txt", label(seed))


DEFECTS = [
    Defect("class_label_suspect", "swapped", _swapped),
    Defect("missing_box_suspect", "removed", _missing),
    Defect("box_misplaced_suspect", "moved", _moved),
    Defect("spurious_box_suspect", "on the ground", _spurious),
    Defect("image_property_drift", "bright val", _bright_val),
    Defect("same_source_across_splits", "one recording", _one_recording),
    Defect("same_source_across_splits", "one second", _one_burst),
    Defect("same_source_across_splits", "one picture", _one_source),
]  # fmt: skip
