"""Label files under other class numbers, and with other boxes: text in, text out.

Rows that are not understood stay as they are, so that nothing is lost by an edit of other rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.dataset.domain.boxes import Box, iou, row_box, row_of

SAME_BOX_IOU = 0.5
"""From this overlap on a box that is named is the box that is there."""


@dataclass(frozen=True, slots=True)
class Named:
    """A box as somebody names it: class, and centre x, centre y, width, height in [0, 1]."""

    number: int
    box: Box


@dataclass(frozen=True, slots=True)
class Patch:
    """What is changed in the label of one image."""

    whole: tuple[Named, ...] | None = None
    """Replaces all boxes, where it is given."""
    add: tuple[Named, ...] = ()
    remove: tuple[int | Named, ...] = ()
    """Lines, 1-based, or boxes."""


def renumber(text: str, numbers: Mapping[int, int | None]) -> tuple[str, int, int]:
    """A label file's text under new class numbers.

    Args:
        text: of the label file.
        numbers: new by old number; None takes the rows out. Others stay.

    Returns:
        The new text, how many rows were taken out, and how many got another number.
    """
    kept: list[str] = []
    removed = changed = 0
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        number = class_of(words)
        new = numbers.get(number, number) if number is not None else None
        if number is None or new == number:
            kept.append(line)
        elif new is None:
            removed += 1
        else:
            changed += 1
            kept.append(" ".join([str(new), *words[1:]]))
    if not removed and not changed:
        return text, 0, 0
    return "".join(f"{line}\n" for line in kept), removed, changed


def patch(text: str, wish: Patch) -> tuple[str, list[str]]:
    """A label file's text with a patch applied.

    Returns:
        The new text, and a sentence for each box to remove that is not there.
    """
    lines = text.splitlines()
    missing: list[str] = []
    if wish.whole is not None:
        lines = [row_of(named.number, named.box) for named in wish.whole]
    gone: set[int] = set()
    for target in wish.remove:
        index = target - 1 if isinstance(target, int) else _nearest(lines, target, gone)
        if index is None or not 0 <= index < len(lines) or not lines[index].strip():
            missing.append(f"there is no box {_shown(target)} to remove")
        else:
            gone.add(index)
    kept = [line for index, line in enumerate(lines) if line.strip() and index not in gone]
    kept += [row_of(named.number, named.box) for named in wish.add]
    return "".join(f"{line}\n" for line in kept), missing


def _nearest(lines: Sequence[str], target: Named, gone: set[int]) -> int | None:
    best, found = SAME_BOX_IOU, None
    for index, line in enumerate(lines):
        words = line.split()
        box = row_box(words)
        if index in gone or box is None or class_of(words) != target.number:
            continue
        overlap = iou(box, target.box)
        if overlap >= best:
            best, found = overlap, index
    return found


def _shown(target: int | Named) -> str:
    if isinstance(target, int):
        return f"in line {target}"
    return f"of class {target.number} near " + " ".join(f"{value:.3f}" for value in target.box)


def class_of(words: Sequence[str]) -> int | None:
    """The class number of a row, or None if it has none."""
    try:
        number = float(words[0])
    except (IndexError, ValueError):
        return None
    return int(number) if number.is_integer() else None
