"""One box as a label row holds it: centre x, centre y, width, height, relative to the image."""

import math
from collections.abc import Sequence

Box = tuple[float, float, float, float]


def row_of(number: int, box: Box) -> str:
    """The row of a box, six decimals at most."""
    return " ".join([str(number), *(decimal(value) for value in box)])


def decimal(value: float) -> str:
    """A number with at most six decimals, none that say nothing."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def row_box(words: Sequence[str]) -> Box | None:
    """The box of a row: its own five numbers, or the box around its polygon; None if neither."""
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return None
    if not all(math.isfinite(number) for number in numbers):
        return None
    if len(numbers) == 5:
        return numbers[1], numbers[2], numbers[3], numbers[4]
    if len(numbers) >= 7 and len(numbers) % 2:
        return around(numbers[1:])
    return None


def around(points: Sequence[float]) -> Box:
    """The box around a polygon x1 y1 x2 y2 …."""
    xs, ys = points[0::2], points[1::2]
    left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def clipped(box: Box) -> Box:
    """The part of a box that is inside the image; without area where nothing is."""
    x, y, width, height = box
    left, right = (min(1.0, max(0.0, edge)) for edge in (x - width / 2, x + width / 2))
    top, bottom = (min(1.0, max(0.0, edge)) for edge in (y - height / 2, y + height / 2))
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def iou(a: Box, b: Box) -> float:
    """Intersection over union, in [0, 1]."""
    wide = min(a[0] + a[2] / 2, b[0] + b[2] / 2) - max(a[0] - a[2] / 2, b[0] - b[2] / 2)
    high = min(a[1] + a[3] / 2, b[1] + b[3] / 2) - max(a[1] - a[3] / 2, b[1] - b[3] / 2)
    shared = max(0.0, wide) * max(0.0, high)
    union = a[2] * a[3] + b[2] * b[3] - shared
    return shared / union if union > 0 else 0.0
