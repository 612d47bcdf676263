"""Read one label file exactly as the pinned trainer does, and row by row for saying what is wrong.

`trainer_boxes` mirrors `verify_image_label` of ultralytics 8.4.190 for a detection dataset, with
the same numpy operations on float32, so that kept, de-duplicated and dropped are the trainer's own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float32]
TOLERANCE = 0.01
"""By how much the trainer lets coordinates leave [0, 1]."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line that is not blank."""

    line: int
    words: tuple[str, ...]
    numbers: tuple[float, ...] | None
    """None when a word is not a number."""

    @property
    def is_box(self) -> bool:
        """Five numbers: class, centre x, centre y, width, height."""
        return self.numbers is not None and len(self.numbers) == 5

    @property
    def is_polygon(self) -> bool:
        """More columns than a box with a confidence has."""
        return len(self.words) > 6


@dataclass(frozen=True, slots=True)
class LabelFile:
    """A label file and what becomes of it."""

    raw: bytes
    text: str | None
    """None when it is not UTF-8."""
    rows: tuple[Row, ...] = ()
    boxes: Boxes = field(default_factory=lambda: np.zeros((0, 5), np.float32))
    """What the trainer keeps, (N, 5): class, centre x, centre y, width, height; relative."""
    lines: tuple[int, ...] = ()
    """Of each kept box, its line in the file."""
    duplicates: int = 0
    """Rows that the trainer leaves out as doubles."""
    dropped: str | None = None
    """Why the trainer leaves the image out, if it does."""


def parse_label(raw: bytes, classes: int) -> LabelFile:
    """Read the bytes of a label file for a dataset with that many classes."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return LabelFile(raw, None, dropped="the file is not UTF-8")
    rows = tuple(
        Row(number, words, _numbers(words))
        for number, line in enumerate(text.splitlines(), 1)
        if (words := tuple(line.split()))
    )
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # 1e39, inf - inf: judged, not computed
            boxes, kept = trainer_boxes([list(row.words) for row in rows], classes)
    except (ValueError, IndexError) as error:
        return LabelFile(raw, text, rows, dropped=str(error).splitlines()[0][:200])
    lines = tuple(rows[index].line for index in kept)
    return LabelFile(raw, text, rows, boxes, lines, len(rows) - len(kept))


def trainer_boxes(words: list[list[str]], classes: int) -> tuple[Boxes, Sequence[int]]:
    """The boxes the trainer keeps, shape (N, 5), and the index of the row of each.

    Raises:
        ValueError, IndexError: the trainer would drop the image.

    Source: ultralytics 8.4.190, data/utils.py, verify_image_label.
    """
    if not words:
        return np.zeros((0, 5), np.float32), ()
    segments: list[Boxes] = []
    if any(len(row) > 6 for row in words):
        _require(not any(len(row) == 5 for row in words), "it mixes polygons and boxes")
        numbers = np.array([row[0] for row in words], dtype=np.float32)
        segments = [np.array(row[1:], dtype=np.float32).reshape(-1, 2) for row in words]
        boxes = np.concatenate((numbers.reshape(-1, 1), _segment_boxes(segments)), 1)
        boxes = boxes.astype(np.float32)
    else:
        boxes = np.array(words, dtype=np.float32)
    _require(boxes.shape[1] == 5, f"it has {boxes.shape[1]} columns, not 5")
    _require(boxes[:, 1:].max() <= 1.0 + TOLERANCE, "a coordinate is above 1")
    low = boxes.min()
    _require(low >= 0 or (low >= -TOLERANCE and boxes[:, 3:5].min() >= 0), "a value is negative")
    _require((boxes[:, 0] % 1 == 0).all(), "a class is not a whole number")
    _require(boxes[:, 0].max() < classes, "a class is beyond the class list")
    if len(set(map(tuple, boxes.tolist()))) == len(boxes):
        return boxes, range(len(boxes))  # in the file's order, given up for doubles only
    _, kept = np.unique(boxes, axis=0, return_index=True)
    if len(kept) < len(boxes) and segments:  # distinct polygons can share a class and a box
        pairs = zip(boxes[:, 0], segments, strict=True)
        keys = np.array([number.tobytes() + s.tobytes() for number, s in pairs], dtype=object)
        _, kept = np.unique(keys, return_index=True)
    if len(kept) == len(boxes):
        return boxes, range(len(boxes))
    return boxes[kept], kept.tolist()


def _require(condition: bool | np.bool_, reason: str) -> None:
    if not condition:
        raise ValueError(reason)


def _segment_boxes(segments: list[Boxes]) -> Boxes:
    corners = np.array([[*s.min(axis=0), *s.max(axis=0)] for s in segments]).reshape(-1, 4)
    centres = (corners[:, :2] + corners[:, 2:]) / 2
    return np.concatenate((centres, corners[:, 2:] - corners[:, :2]), 1)


def _numbers(words: tuple[str, ...]) -> tuple[float, ...] | None:
    try:
        return tuple(float(word) for word in words)
    except ValueError:
        return None


def is_finite(row: Row) -> bool:
    """Whether all of a row's numbers are numbers."""
    return row.numbers is not None and all(math.isfinite(number) for number in row.numbers)
