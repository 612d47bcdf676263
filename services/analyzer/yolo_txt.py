"""Predictions as YOLO txt: `class cx cy w h confidence` a line, as shares of the image.

So ultralytics writes them with `save_txt` and `save_conf`.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from libs.common.errors import BadInput
from services.analyzer.said import Faults, Said

MOST_TXT_FILES = 1_000_000
MOST_TXT_BYTES = 2**24
NOT_LABELS = frozenset({"classes.txt", "notes.txt", "labels.txt"})


def txt_files(folder: Path) -> list[Path]:
    """The files with predictions in a folder.

    Raises:
        BadInput: `no_predictions`, or `predictions_too_large`.
    """
    files = sorted(path for path in folder.rglob("*.txt") if path.name not in NOT_LABELS)
    if not files:
        raise BadInput(
            f"The folder {folder.name} holds no .txt file with predictions.", code="no_predictions"
        )
    if len(files) > MOST_TXT_FILES:
        raise BadInput(f"{len(files)} files are too many", code="predictions_too_large")
    return files


def read_txts(folder: Path, files: Sequence[Path]) -> Said:
    """Read files of a folder; each names its image.

    Raises:
        BadInput: `bad_predictions`, with the count and the first place of each fault.
    """
    said, rows, faults = Said(shares=True, form="YOLO txt"), list[tuple[float, ...]](), Faults()
    inside = folder.resolve()
    for path in files:
        if not path.resolve().is_relative_to(inside) or path.stat().st_size > MOST_TXT_BYTES:
            faults.note("a file outside the folder, or over 16 MiB", path.name)
            continue
        image = path.relative_to(folder).with_suffix("").as_posix()
        for number, row in _txt_rows(path, faults):
            place = f"{path.name}, line {number}"
            if row[0] < 0 or row[0] % 1:
                faults.note("a class that is no class number", place)
            if not all(map(math.isfinite, row)) or min(row[3:5]) < 0:
                faults.note("a box that is not finite, or of a negative size", place)
            elif not 0 <= row[5] <= 1:
                faults.note("a confidence outside 0 to 1", place)
            elif max(map(abs, row[1:5])) > 4:
                faults.note("a box in pixels instead of shares of the image", place)
            said.image_n.append(image)
            rows.append(row)
    faults.raise_if_any()
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    said.class_n = [int(kind) for kind in table[:, 0]]
    said.box_n4, said.score_n = table[:, 1:5], table[:, 5]
    return said


def _txt_rows(path: Path, faults: Faults) -> Iterator[tuple[int, tuple[float, ...]]]:
    """Number and values of each line that has six numbers; others are faults."""
    lines: Iterable[str] = path.read_text("utf-8-sig", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        words = line.split()
        try:
            row = tuple(float(word) for word in words)
        except ValueError:
            faults.note("something that is not a number", f"{path.name}, line {number}")
            continue
        if len(row) == 6:
            yield number, row
        elif row:
            what = (
                "no confidence (predict with save_conf=True)" if len(row) == 5 else "not 6 numbers"
            )
            faults.note(what, f"{path.name}, line {number}")
