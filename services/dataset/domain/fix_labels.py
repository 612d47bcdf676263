"""Mend one label file: bytes in, bytes out. A row is only touched where its rule still fires.

The check itself says what is wrong with which line, so that a fix never changes what the check
would not name, and is repeated until nothing is left: pixels are divided first, then clipped.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from services.dataset.domain.boxes import iou, row_box
from services.dataset.domain.findings import Rules
from services.dataset.domain.fix_rows import ROW_FIXES, Size, Unfixable, Words, from_corner_row
from services.dataset.domain.labels import parse_label
from services.dataset.domain.relabel import class_of
from services.dataset.domain.rules_labels import check_label

MAX_ROUNDS = 6
NEAR_IOU = "near_duplicate_box"


@dataclass(slots=True)
class FixedLabel:
    """A label file after its fixes."""

    raw: bytes
    done: Counter[str] = field(default_factory=Counter)
    """Rows or files mended, by rule."""
    left: dict[str, str] = field(default_factory=dict)
    """Why the rest was not, by rule."""


def fix_label(
    raw: bytes, wanted: Collection[str], classes: int, limits: Rules, size: Size | None
) -> FixedLabel:
    """A label file with the rules of `wanted` mended, as far as they fire.

    Args:
        raw: the file.
        wanted: rule ids; those that are no rules of label files are ignored.
        classes: how many the dataset has.
        limits: thresholds.
        size: of the image in pixels; needed for `not_normalized` alone.
    """
    fixed = FixedLabel(raw)
    for rule, mend in _WHOLE_FILE.items():
        if rule in wanted:
            _mend_file(fixed, rule, mend)
    for _ in range(MAX_ROUNDS):
        if not _mend_rows(fixed, wanted, classes, limits, size):
            break
    if "near_duplicate_box" in wanted:
        _drop_near(fixed, limits.threshold(NEAR_IOU))
    return fixed


def _mend_file(fixed: FixedLabel, rule: str, mend: Callable[[bytes], bytes]) -> None:
    try:
        new = mend(fixed.raw)
    except Unfixable as error:
        fixed.left[rule] = str(error)
        return
    if new != fixed.raw:
        fixed.raw = new
        fixed.done[rule] += 1


def _from_utf16(raw: bytes) -> bytes:
    marked = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    nuls = [raw[:4096][start::2].count(0) for start in (0, 1)]
    if not marked and (min(nuls) or not max(nuls)):
        return raw
    order = "utf-16" if marked else "utf-16-be" if nuls[0] else "utf-16-le"
    try:
        return raw.decode(order).encode()
    except UnicodeDecodeError as error:
        raise Unfixable("it is no sound UTF-16") from error


def _from_other_encoding(raw: bytes) -> bytes:
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace").replace("\xa0", " ")
        if not text.isascii():
            raise Unfixable("it holds letters that no label has, in an unknown encoding") from None
        return text.encode()
    return raw


_WHOLE_FILE: dict[str, Callable[[bytes], bytes]] = {
    "utf16_label": _from_utf16,
    "non_utf8_label": _from_other_encoding,
    "utf8_bom": lambda raw: raw.removeprefix(b"\xef\xbb\xbf"),
    "crlf_line_endings": lambda raw: raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n"),
}


def _mend_rows(
    fixed: FixedLabel, wanted: Collection[str], classes: int, limits: Rules, size: Size | None
) -> bool:
    """One round over all rows; whether one changed."""
    label = parse_label(fixed.raw, classes)
    if label.text is None or "\0" in label.text:
        return False
    hits: dict[int, str] = {}
    for hit in check_label(label, classes, limits):
        if hit.rule in wanted and hit.line is not None:
            hits.setdefault(hit.line, hit.rule)
    if {"segments_mixed_with_boxes", "segments_in_detection_set"} & set(hits.values()):
        rule = next(rule for rule in hits.values() if rule.startswith("segments"))
        hits |= {row.line: rule for row in label.rows if row.is_polygon}
    lines: list[str | None] = list(label.text.splitlines())
    changed = False
    for line, rule in hits.items():
        mend = ROW_FIXES.get(rule)
        old = lines[line - 1] or ""
        try:
            words = mend(old.split(), size) if mend else old.split()
        except Unfixable as error:
            fixed.left[rule] = str(error)
            continue
        new = " ".join(words) if words is not None else None
        if new != old and mend:
            lines[line - 1], changed = new, True
            fixed.done[rule] += 1
    if changed:
        _write(fixed, lines)
    return changed


def _write(fixed: FixedLabel, lines: list[str | None]) -> None:
    end = "\r\n" if b"\r\n" in fixed.raw else "\n"
    mark = b"\xef\xbb\xbf" if fixed.raw.startswith(b"\xef\xbb\xbf") else b""
    kept = [line for line in lines if line is not None and line.strip()]
    fixed.raw = mark + "".join(f"{line}{end}" for line in kept).encode()


LABEL_FIXES = frozenset({*_WHOLE_FILE, *ROW_FIXES, "near_duplicate_box", "xyxy_format_suspected"})
"""Rules that are mended in the label file itself."""


def _drop_near(fixed: FixedLabel, least: float) -> None:
    """Leave out boxes that lie on an earlier one of their class."""
    text = fixed.raw.decode("utf-8-sig", errors="replace")
    kept: list[str | None] = []
    seen: list[tuple[int | None, tuple[float, float, float, float]]] = []
    gone = 0
    for line in text.splitlines():
        words = line.split()
        box = row_box(words)
        if box and any(class_of(words) == n and iou(box, b) > least for n, b in seen):
            gone += 1
            continue
        if box:
            seen.append((class_of(words), box))
        kept.append(line)
    if gone:
        _write(fixed, kept)
        fixed.done["near_duplicate_box"] += gone


def from_corners(raw: bytes) -> FixedLabel:
    """All boxes of a file that were written as corners x1 y1 x2 y2, as centre and size.

    Only a file in which every row can be one is changed: a mixture would be a guess.
    """
    fixed = FixedLabel(raw)
    lines: list[str | None] = []
    try:
        lines += [" ".join(from_corner_row(words, None)) for words in _box_rows(raw)]
    except (Unfixable, ValueError) as error:
        fixed.left["xyxy_format_suspected"] = str(error)
        return fixed
    if lines:
        _write(fixed, lines)
        fixed.done["xyxy_format_suspected"] += len(lines)
    return fixed


def _box_rows(raw: bytes) -> Iterator[Words]:
    for line in raw.decode("utf-8-sig", errors="replace").splitlines():
        if words := line.split():
            if len(words) != 5:
                raise Unfixable("a row does not have five columns")
            yield words
