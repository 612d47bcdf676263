"""What is different between two drafts: images, labels, boxes; file by file, and in numbers."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.dataset.domain.boxes import iou, row_box
from services.dataset.domain.draft import Blob, Content, Draft, Picture
from services.dataset.domain.relabel import SAME_BOX_IOU, class_of

MOST_ROWS = 10
"""Rows of one label that a diff quotes, per side."""
_ROW_LENGTH = 120

Text = Callable[[Content], str]
Row = tuple[str, tuple[str, ...]]
"""Class by name, and the other words."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is different about one image."""

    image: str
    """Its path in the newer version, or in the older one if it is gone."""
    kinds: tuple[str, ...]
    """Of added, removed, moved, renamed, pixels, label."""
    before: str | None = None
    """Its path in the older version, if it had one and it was another."""
    boxes: Mapping[str, int] = field(default_factory=dict)
    """added, removed, changed."""
    rows: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Label rows removed and added, the first few."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        told: dict[str, Any] = {"image": self.image, "kinds": list(self.kinds)}
        if self.before:
            told["before"] = self.before
        if self.boxes:
            told["boxes"] = dict(self.boxes)
        if self.rows:
            told["rows"] = {name: list(rows) for name, rows in self.rows.items()}
        return told


def compare(before: Draft, after: Draft, text: Text | None) -> Iterator[Change]:
    """The images that differ, in the order of their paths.

    Args:
        before: the older draft.
        after: the newer one; its pictures have the keys that they had in `before`.
        text: reads a label; asked only for labels that differ. None leaves boxes uncounted.
    """
    keys = sorted(before.pictures.keys() | after.pictures.keys())
    for key in keys:
        old, new = before.pictures.get(key), after.pictures.get(key)
        if old == new and before.classes == after.classes:
            continue
        change = _change(old, new, before.classes, after.classes, text)
        if change:
            yield change


def _change(
    old: Picture | None,
    new: Picture | None,
    names: Sequence[str],
    others: Sequence[str],
    text: Text | None,
) -> Change | None:
    here = new or old
    assert here is not None
    kinds = []
    if old is None or new is None:
        kinds.append("added" if old is None else "removed")
    else:
        kinds += ["moved"] if old.split != new.split else []
        kinds += ["renamed"] if old.name != new.name else []
        kinds += ["pixels"] if not same(old.pixels, new.pixels) else []
        kinds += ["label"] if not same(old.label, new.label) else []
    if not kinds:
        return None
    boxes: Mapping[str, int] = {}
    rows: Mapping[str, Sequence[str]] = {}
    if text and {"added", "removed", "label"} & set(kinds):
        sides = (_rows(old, names, text), _rows(new, others, text))
        boxes, rows = _boxes(*sides)
    path = old.path if old and old.path != here.path else None
    return Change(here.path, tuple(kinds), path, boxes, rows if "label" in kinds else {})


def same(a: Content | None, b: Content | None) -> bool:
    """Whether two contents are one; blobs of two datasets are one if their bytes are."""
    if isinstance(a, Blob) and isinstance(b, Blob):
        return a.sha256 == b.sha256
    return a == b


def _rows(picture: Picture | None, names: Sequence[str], text: Text) -> list[Row]:
    if picture is None or picture.label is None:
        return []
    found = []
    for line in text(picture.label).splitlines():
        words = line.split()
        if words:
            number = class_of(words)
            known = number is not None and 0 <= number < len(names)
            found.append((names[number or 0] if known else words[0], tuple(words[1:])))
    return found


def _boxes(old: list[Row], new: list[Row]) -> tuple[dict[str, int], dict[str, list[str]]]:
    """How many boxes came, went and changed; and the rows themselves."""
    gone = list((Counter(old) - Counter(new)).elements())
    come = list((Counter(new) - Counter(old)).elements())
    quoted = {
        "removed": [" ".join([name, *words])[:_ROW_LENGTH] for name, words in gone[:MOST_ROWS]],
        "added": [" ".join([name, *words])[:_ROW_LENGTH] for name, words in come[:MOST_ROWS]],
    }
    changed = 0
    left = list(come)
    for row in gone:
        match = next((other for other in left if _is_one(row, other)), None)
        if match:
            left.remove(match)
            changed += 1
    counts = {"added": len(left), "removed": len(gone) - changed, "changed": changed}
    return counts, {name: rows for name, rows in quoted.items() if rows}


def _is_one(a: Row, b: Row) -> bool:
    """Whether two rows are one box before and after: much the same place."""
    boxes = [row_box(["0", *words]) for _, words in (a, b)]
    if boxes[0] is None or boxes[1] is None:
        return a[1] == b[1]
    return iou(boxes[0], boxes[1]) >= SAME_BOX_IOU


def summary(before: Draft, after: Draft, changes: Iterable[Change]) -> dict[str, Any]:
    """The same in numbers."""
    kinds: Counter[str] = Counter()
    boxes: Counter[str] = Counter()
    files = 0
    for change in changes:
        files += 1
        kinds.update(change.kinds)
        boxes.update(change.boxes)
    return {
        "files": files,
        "images": {
            name: kinds[name] for name in ("added", "removed", "moved", "renamed", "pixels")
        },
        "labels": {"changed": kinds["label"]},
        "boxes": {name: boxes[name] for name in ("added", "removed", "changed")},
        "classes": {"before": list(before.classes), "after": list(after.classes)},
        "counts": {"before": before.counts, "after": after.counts},
    }


def changed_labels(before: Draft, after: Draft) -> list[Content]:
    """The labels that a comparison reads: those of images that differ in any way."""
    found: list[Content] = []
    for key in before.pictures.keys() | after.pictures.keys():
        old, new = before.pictures.get(key), after.pictures.get(key)
        if old != new:
            found += [each.label for each in (old, new) if each and each.label is not None]
    return found


def aligned(before: Draft, after: Draft) -> Draft:
    """`after` with the keys that its pictures have in `before`: by path, else by their bytes."""
    loose: dict[str, list[str]] = {}
    for key, picture in sorted(before.pictures.items(), reverse=True):
        if key not in after.pictures and isinstance(picture.pixels, Blob):
            loose.setdefault(picture.pixels.sha256, []).append(key)
    pictures: dict[str, Picture] = {}
    for key, picture in after.pictures.items():
        home = None
        if key not in before.pictures and isinstance(picture.pixels, Blob):
            homes = loose.get(picture.pixels.sha256)
            home = homes.pop() if homes else None
        pictures[home or key] = picture
    return replace(after, pictures=pictures)
