"""Class names of a dataset that has no data.yaml: a classes.txt, or the labels' own numbers."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from libs.common.dataset_files import Fence, label_path, walk_images

_MAX_BYTES = 1024 * 1024


def guess_names(root: Path, folders: Sequence[Path], fence: Fence) -> tuple[str, tuple[str, ...]]:
    """Where the names were found, and the names by class number."""
    for listing in (root / "classes.txt", root / "labels" / "classes.txt"):
        if listing.is_file() and fence.allows(listing) and listing.stat().st_size <= _MAX_BYTES:
            text = listing.read_text(encoding="utf-8-sig", errors="replace")
            return listing.name, tuple(name.strip() for name in text.splitlines() if name.strip())
    highest = max((_highest_class(label) for label in _labels(folders, fence)), default=-1)
    return "the labels' numbers", tuple(f"class_{index}" for index in range(highest + 1))


def _labels(folders: Sequence[Path], fence: Fence) -> Iterator[Path]:
    labels = (Path(label_path(image)) for folder in folders for image in walk_images(folder))
    return (label for label in labels if label.is_file() and fence.allows(label))


def _highest_class(label: Path) -> int:
    """The highest class number of a label file, -1 without any; only plain numbers count."""
    if label.stat().st_size > _MAX_BYTES:
        return -1
    first = (line.split(None, 1)[:1] for line in label.read_bytes().splitlines())
    return max((int(word[0]) for word in first if word and _is_class(word[0])), default=-1)


def _is_class(word: bytes) -> bool:
    return word.isdigit() and len(word) <= 4
