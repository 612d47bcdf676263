"""A YOLO label file as boxes, read by the trainer's rules; what it refuses is an error here too."""

import numpy as np

from services.analyzer.domain.boxes import Floats, Ints

TOLERANCE = 0.01
"""How far outside [0, 1] a coordinate may lie, as in ultralytics."""

NOISE_PX = 1e-6
"""How far from a quarter pixel a corner may be to count as there."""


class BadLabels(ValueError):
    """A label file that the trainer would drop together with its image."""


def read_labels(text: str, *, classes: int, width_px: int, height_px: int) -> tuple[Ints, Floats]:
    """The classes and boxes of one label file.

    A line is `class cx cy w h`, or `class x1 y1 x2 y2 x3 y3 …` for a polygon, which stands for the
    box around it; coordinates are shares of the image. The same line twice counts once. A box that
    reaches over the edge is kept as it is, as pycocotools and `yolo val` keep it: cut, it would
    have another overlap, and another size.

    Args:
        text: content of the file; may be empty.
        classes: number of classes in the dataset.
        width_px: of the image.
        height_px: of the image.

    Returns:
        Class indices, shape (n,), and corners in pixels, shape (n, 4).

    Raises:
        BadLabels: a line is none of these, or a number is out of range.

    Source: ultralytics 8.4 `data/utils.py`, `verify_image_label`.
    """
    rows = dict.fromkeys(tuple(line.split()) for line in text.splitlines() if line.strip())
    boxes = [_row(row, number) for number, row in enumerate(rows, start=1)]
    if len({len(row) > 5 for row in rows}) > 1:
        raise BadLabels("it mixes polygons and boxes")
    table = np.array(boxes, dtype=np.float64).reshape(-1, 5)
    kinds = table[:, 0].astype(np.int64)
    if len(kinds) and kinds.max() >= classes:
        raise BadLabels(f"class {kinds.max()} is not one of the {classes} of the dataset")
    scale = np.array([width_px, height_px, width_px, height_px], dtype=np.float64)
    return kinds, settled(table[:, 1:] * scale)


def settled(corners_n4: Floats) -> Floats:
    """Corners with the noise of shares taken off: what is nearly a quarter pixel is one.

    A label drawn on whole pixels and written as shares comes back as 31.999999999999996; an
    overlap of exactly one half would then fall below the threshold that it reaches.
    """
    quarters_n4 = np.round(corners_n4 * 4) / 4
    return np.where(np.abs(corners_n4 - quarters_n4) < NOISE_PX, quarters_n4, corners_n4)


def _row(row: tuple[str, ...], number: int) -> tuple[float, float, float, float, float]:
    """Class and relative corners of one line."""
    try:
        kind, *numbers = (float(word) for word in row)
    except ValueError:
        raise BadLabels(f"label {number} holds something that is not a number") from None
    if kind < 0 or kind % 1:
        raise BadLabels(f"label {number} has the class {row[0]}, which is no class number")
    polygon = len(numbers) >= 6 and len(numbers) % 2 == 0
    if len(numbers) != 4 and not polygon:
        raise BadLabels(f"label {number} has {len(row)} numbers instead of 5")
    if not all(-TOLERANCE <= each <= 1 + TOLERANCE for each in numbers):
        raise BadLabels(f"label {number} lies outside the image: {' '.join(row[:5])}")
    if polygon:
        return kind, min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])
    x, y, width, height = numbers
    if width < 0 or height < 0:
        raise BadLabels(f"label {number} has a negative size")
    return kind, x - width / 2, y - height / 2, x + width / 2, y + height / 2
