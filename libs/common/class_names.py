"""Class names of a dataset that has no data.yaml: a classes.txt, or the labels' own numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from libs.common.dataset_files import Fence, Item

_MAX_BYTES = 1024 * 1024


def guess_names(
    root: Path, splits: Mapping[str, Sequence[Item]], fence: Fence
) -> tuple[str, tuple[str, ...]]:
    """Where the names were found, and the names by class number."""
    for listing in (root / "classes.txt", root / "labels" / "classes.txt"):
        if listing.is_file() and fence.allows(listing) and listing.stat().st_size <= _MAX_BYTES:
            text = listing.read_text(encoding="utf-8-sig", errors="replace")
            return listing.name, tuple(name.strip() for name in text.splitlines() if name.strip())
    labels = [item.label for items in splits.values() for item in items if item.label]
    highest = max((_highest_class(label) for label in labels), default=-1)
    return "the labels' numbers", tuple(f"class_{index}" for index in range(highest + 1))


def _highest_class(label: Path) -> int:
    """The highest class number of a label file, -1 without any; only plain numbers count."""
    if label.stat().st_size > _MAX_BYTES:
        return -1
    first = (line.split(None, 1)[:1] for line in label.read_bytes().splitlines())
    return max((int(word[0]) for word in first if word and _is_class(word[0])), default=-1)


def _is_class(word: bytes) -> bool:
    return word.isdigit() and len(word) <= 4
