"""Rules over one label file: `LabelFile` in, hits out. `check_label` runs them all."""

import math
from array import array
from collections.abc import Callable, Iterator

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.labels import LabelFile, Row, is_finite

ROUNDING = 1e-6
"""Six decimals are the usual precision of label files."""
PIXELS_FROM = 2.0
"""From here a coordinate cannot be a slip of a relative one."""

PIXEL_AT_640 = 1 / 640

RowCheck = Callable[[Row, int, Rules], Hit | None]


def check_label(label: LabelFile, classes: int, rules: Rules) -> Iterator[Hit]:
    """Everything that is wrong with one label file, in the order of its lines."""
    yield from _encoding(label, rules)
    if label.text is None or "\0" in label.text or _is_oversized(label, rules):
        return
    yield from _polygons(label)
    for row in label.rows:
        if hit := _shape(row) or _box(row, classes, rules):
            yield hit
    yield from _duplicates(label)


def _is_oversized(label: LabelFile, rules: Rules) -> bool:
    """So large that its rows are not told one by one."""
    return len(label.raw) > rules.threshold("oversized_label_file")


def _encoding(label: LabelFile, rules: Rules) -> Iterator[Hit]:
    raw = label.raw
    if _is_oversized(label, rules):
        limit = rules.threshold("oversized_label_file")
        text = f"The label file is larger than {limit:,.0f} bytes: is it a label file?"
        yield Hit("oversized_label_file", text, value=f"{len(raw)} bytes")
    if _is_utf16(raw):
        text = "The label file is UTF-16: the trainer drops the image. Save it as UTF-8."
        yield Hit("utf16_label", text)
    elif b"\0" in raw:
        text = "The label file holds NUL bytes: it was damaged. Write it anew."
        yield Hit("nul_bytes_label", text)
    elif label.text is None:
        text = "The label file is not UTF-8: the trainer drops the image. Save it as UTF-8."
        yield Hit("non_utf8_label", text)
    if raw.startswith(b"\xef\xbb\xbf"):
        text = "The label file begins with a byte order mark, which some trainers refuse."
        yield Hit("utf8_bom", text, line=1)
    if b"\r" in raw and not _is_utf16(raw):
        yield Hit("crlf_line_endings", "The lines end as on Windows (CR LF); this is harmless.")


def _is_utf16(raw: bytes) -> bool:
    """By its mark, or by every second byte being NUL, as digits have in UTF-16."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    head = raw[:4096]
    nuls = [head[start::2].count(0) for start in (0, 1)]
    return len(head) >= 8 and min(nuls) == 0 and 2 * max(nuls) > 0.9 * len(head)


def _polygons(label: LabelFile) -> Iterator[Hit]:
    polygons = [row for row in label.rows if row.is_polygon]
    if not polygons:
        return
    first = polygons[0].line
    if boxes := [row for row in label.rows if len(row.words) == 5]:
        text = (
            f"The file mixes {len(polygons)} polygons with {len(boxes)} boxes: the trainer drops "
            "the image. Turn the polygons into boxes."
        )
        yield Hit("segments_mixed_with_boxes", text, line=first)
    elif label.dropped is None:
        text = (
            f"{len(polygons)} rows are polygons: the trainer uses the box around each. Turn them "
            "into boxes if this is a detection dataset."
        )
        yield Hit("segments_in_detection_set", text, line=first)


def _shape(row: Row) -> Hit | None:
    """A row that does not have the shape of a box or a polygon."""
    line = " ".join(row.words)
    if row.numbers is None:
        return _unreadable(row, line)
    count = len(row.numbers)
    if row.is_polygon and count % 2 == 0:
        text = f"A polygon needs pairs of x and y, but has {count - 1} numbers after the class."
        return Hit("odd_polygon_count", text, row.line, line)
    if count == 6 and 0 <= row.numbers[5] <= 1:
        text = "A sixth column (a confidence?): the trainer drops the image. Remove the column."
        return Hit("extra_confidence_column", text, row.line, line)
    if count < 5 or count == 6:
        text = f"A box needs 5 columns (class x y width height), but there are {count}."
        return Hit("wrong_column_count", text, row.line, line)
    return None


def _unreadable(row: Row, line: str) -> Hit:
    kind = _commas(line)
    if kind == "decimal_comma":
        text = "Decimal commas: the trainer drops the image. Use decimal points."
        return Hit(kind, text, row.line, line)
    if kind == "comma_separated":
        text = "Commas between the columns: the trainer drops the image. Use spaces."
        return Hit(kind, text, row.line, line)
    bad = next(word for word in row.words if not _is_number(word))
    text = f"'{bad[:40]}' is not a number: the trainer drops the image."
    return Hit("non_numeric_value", text, row.line, line)


def _commas(line: str) -> str | None:
    """Which of the two meanings of a comma makes numbers of the line, if one does.

    `0;0,5;0,5;0,1;0,1` and `0,0,5,0,5,0,1,0,1` (a class, then four pairs) are decimal commas.
    """
    if "," not in line and ";" not in line:
        return None
    columns = line.replace(";", " ").replace("\t", " ").split()
    pieces = [piece.strip() for piece in line.replace(";", ",").split(",")]
    if len(columns) >= 5 and all(_is_number(word.replace(",", ".")) for word in columns):
        plain = all(_is_number(word) for word in columns)  # only semicolons stood between them
        return "comma_separated" if plain else "decimal_comma"
    if len(pieces) == 9 and all(piece.isdigit() for piece in pieces):
        return "decimal_comma"
    separated = line.replace(";", " ").replace(",", " ").split()
    return "comma_separated" if all(_is_number(word) for word in separated) else None


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _box(row: Row, classes: int, rules: Rules) -> Hit | None:
    """The first thing that is wrong with the numbers of a row: one cause, one hit."""
    return next((hit for check in _ROW_CHECKS if (hit := check(row, classes, rules))), None)


def _not_finite(row: Row, _: int, __: Rules) -> Hit | None:
    if is_finite(row):
        return None
    numbers = row.numbers or ()
    name = "nan" if any(math.isnan(number) for number in numbers) else "inf"
    text = f"A value is {name}: the trainer drops the image."
    return Hit(f"{name}_value", text, row.line, " ".join(row.words))


def _class(row: Row, classes: int, _: Rules) -> Hit | None:
    number = (row.numbers or (0.0,))[0]
    if number < 0:
        return Hit("negative_class", f"Class {number:g} is negative.", row.line, row.words[0])
    if number % 1:
        text = f"Class {number:g} is not a whole number."
        return Hit("non_integer_class", text, row.line, row.words[0])
    if number >= classes > 0:  # without class names, that is what is wrong
        text = (
            f"Class {number:.0f} is beyond the class list (0 to {classes - 1}): the trainer drops "
            "the image. Correct the label or add the name."
        )
        return Hit("class_out_of_range", text, row.line, row.words[0])
    return None


def _range(row: Row, _: int, __: Rules) -> Hit | None:
    numbers = (row.numbers or ())[1:]
    above = [number for number in numbers if number > 1 + ROUNDING]
    line = " ".join(row.words)
    if len(above) >= 2 and max(above) > PIXELS_FROM:
        text = "The coordinates are in pixels: divide them by the image's width and height."
        return Hit("not_normalized", text, row.line, line)
    if above:
        text = f"Coordinate {above[0]:g} is above 1."
        return Hit("coordinate_above_one", text, row.line, line)
    size = numbers[2:] if row.is_box else ()
    if any(number < 0 for number in size):
        return Hit("negative_size_box", "The width or height is negative.", row.line, line)
    if any(number < -ROUNDING for number in numbers):
        text = f"Coordinate {min(numbers):g} is negative."
        return Hit("negative_coordinate", text, row.line, line)
    return None


def _size(row: Row, _classes: int, rules: Rules) -> Hit | None:
    if not row.is_box or row.numbers is None:
        return None
    x, y, width, height = row.numbers[1:]
    line = " ".join(row.words)
    if width <= 0 or height <= 0:
        return Hit(
            "zero_size_box", "The box has no area: nothing is learnt from it.", row.line, line
        )
    slack = rules.threshold("box_out_of_image")
    over = max(width / 2 - x, height / 2 - y, x + width / 2 - 1, y + height / 2 - 1)
    if over > slack:
        text = f"The box leaves the image by {over:.1%} of its side."
        return Hit("box_out_of_image", text, row.line, line)
    if width * height < rules.threshold("tiny_box") or min(width, height) < PIXEL_AT_640:
        text = f"The box is {640 * width:.1f}×{640 * height:.1f} pixels at a training size of 640."
        return Hit("tiny_box", text, row.line, line)
    if min(width, height) >= rules.threshold("full_image_box"):
        return Hit("full_image_box", "The box is the whole image.", row.line, line)
    return None


def _duplicates(label: LabelFile) -> Iterator[Hit]:
    seen: dict[bytes, int] = {}
    for row in label.rows:
        if row.numbers is None:
            continue
        key = array("f", row.numbers).tobytes()  # the trainer compares in 32 bits
        if key in seen:
            text = f"The same row as line {seen[key]}: the trainer leaves it out."
            yield Hit("duplicate_box", text, row.line, " ".join(row.words)[:80])
        seen.setdefault(key, row.line)


_ROW_CHECKS: tuple[RowCheck, ...] = (_not_finite, _class, _range, _size)
