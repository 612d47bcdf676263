"""How one row of a label file is mended, by the rule that it breaks: words in, words out."""

from collections.abc import Callable

from services.dataset.domain.boxes import around, clipped, decimal, row_box

Words = list[str]
Size = tuple[int, int]
"""Width and height of the image in pixels, as it is shown."""


class Unfixable(Exception):
    """Why a row cannot be mended."""


def _drop(_: Words, __: Size | None) -> None:
    return None


def _points(words: Words, _: Size | None) -> Words:
    return [word.replace(",", ".") for word in words]


def _spaces(words: Words, _: Size | None) -> Words:
    return " ".join(words).replace(",", " ").replace(";", " ").split()


def _five(words: Words, _: Size | None) -> Words:
    return words[:5]


def _boxed(words: Words, _: Size | None) -> Words:
    return _row(words[0], around([float(word) for word in words[1:]]))


def _normalised(words: Words, size: Size | None) -> Words:
    if size is None or min(size) < 1:
        raise Unfixable("the image's size is not known")
    numbers = [float(word) for word in words[1:]]
    shares = [number / size[index % 2] for index, number in enumerate(numbers)]
    if len(shares) == 4 and not (shares[0] <= 1 and shares[1] <= 1):
        raise Unfixable("the numbers are larger than the image")
    return [words[0], *(decimal(share) for share in shares)]


def _inside(words: Words, _: Size | None) -> Words | None:
    box = row_box(words)
    if box is None:
        raise Unfixable("the row is no box")
    inner = clipped(box)
    return _row(words[0], inner) if inner[2] > 0 and inner[3] > 0 else None


def from_corner_row(words: Words, _: Size | None) -> Words:
    """A row whose numbers are x1 y1 x2 y2, as centre and size."""
    left, top, right, bottom = (float(word) for word in words[1:5])
    if not (left < right and top < bottom):
        raise Unfixable("a row has its corners in another order")
    return _row(words[0], around([left, top, right, bottom]))


def _row(number: str, box: tuple[float, ...]) -> Words:
    return [number, *(decimal(value) for value in box)]


ROW_FIXES: dict[str, Callable[[Words, Size | None], Words | None]] = {
    "not_normalized": _normalised,
    "zero_size_box": _drop,
    "box_out_of_image": _inside,
    "tiny_box": _drop,
    "duplicate_box": _drop,
    "extra_confidence_column": _five,
    "segments_mixed_with_boxes": _boxed,
    "segments_in_detection_set": _boxed,
    "comma_separated": _spaces,
    "decimal_comma": _points,
}
