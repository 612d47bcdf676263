"""The files of a YOLO dataset: which are images, where their labels are, and what may be read."""

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FORMATS = "avif bmp dng heic heif jp2 jpeg jpg mpo png tif tiff webp"
IMAGE_SUFFIXES = frozenset(f".{name}" for name in _FORMATS.split())
"""What ultralytics 8.4.190 takes for an image."""


@dataclass(frozen=True, slots=True)
class Item:
    """An image and its label file; no label file means background to the trainer."""

    image: Path
    label: Path | None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset that can be read: its folder, class names by number, and its splits."""

    root: Path
    names: tuple[str, ...]
    splits: dict[str, tuple[Item, ...]]
    """The splits that are there, of train, val and test."""


OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
"""Not to wait for whoever writes into a pipe."""
OUTSIDE = "it is a link out of the folders that may be read"


SECRETS = ("secrets.json", "tokens.json")
"""Files of ours that lie in the home of a stack."""


class OutsideError(PermissionError):
    """A file was opened that lies outside the folders that may be read."""


class Fence:
    """Decides what may be read: only what lies, after links are resolved, under the roots.

    A folder with our own secrets is closed with all that is in it, though a root be above it; what
    lies under a root inside of it, such as our datasets, is not.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(os.path.realpath(root) for root in roots)
        self._folders: dict[str, bool] = {}
        self._open: dict[str, bool] = {}

    def allows(self, path: str | Path) -> bool:
        """Whether `path` may be read. Folders are resolved once and remembered."""
        if not self._roots:
            return True
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = self.contains(os.path.realpath(folder or "."))
        if name in ("", ".", "..") or os.path.islink(path):  # noqa: PTH114 (a million of them)
            return self.contains(os.path.realpath(path))
        return self._folders[folder] or self.contains(os.path.realpath(path))

    def open(self, path: str | bytes | Path) -> int:
        """A descriptor to read a file by that lies under the roots now that it is open.

        A link may be swapped for another between a look and an opening; what is open stays.

        Raises:
            OSError: it cannot be opened; OutsideError: it lies elsewhere.
        """
        handle = os.open(path, OPEN_FLAGS)
        if self.holds(handle):
            return handle
        os.close(handle)
        raise OutsideError(errno.EPERM, OUTSIDE)

    def holds(self, handle: int) -> bool:
        """Whether the open file lies under the roots.

        Where there is no /proc (not Linux) an earlier look has to do.
        """
        if not self._roots:
            return True
        try:
            real = os.readlink(f"/proc/self/fd/{handle}")  # noqa: PTH115
        except OSError:
            return True
        return self._is_open(os.path.dirname(real)) or real in self._roots  # noqa: PTH120

    def contains(self, real: str) -> bool:
        """Whether a path without links lies under the roots, or is one."""
        inside = real in self._roots or self._is_open(os.path.dirname(real))  # noqa: PTH120
        return inside and not _holds_secrets(real)

    def _is_open(self, folder: str) -> bool:
        """Whether a folder without links lies under a root, and no secrets in it or above it."""
        known = self._open.get(folder)
        if known is None:
            above = os.path.dirname(folder)  # noqa: PTH120
            inside = folder in self._roots or (above != folder and self._is_open(above))
            known = self._open[folder] = inside and not _holds_secrets(folder)
        return known


def _holds_secrets(folder: str) -> bool:
    return any(os.path.exists(f"{folder}/{name}") for name in SECRETS)  # noqa: PTH110


def label_path(image: str) -> str:
    """Where the trainer looks for the label of `image`: last `/images/` to `/labels/`, `.txt`."""
    swapped = f"{os.sep}labels{os.sep}".join(image.rsplit(f"{os.sep}images{os.sep}", 1))
    return swapped.rsplit(".", 1)[0] + ".txt"


def walk_images(folder: Path) -> Iterator[str]:
    """Every image the trainer would take from `folder`, sorted; links are followed once.

    As the trainer's glob of `**/*.*`: at any depth, hidden files and folders left out.
    """
    found: list[str] = []
    seen: set[str] = set()
    pending = [str(folder)]
    while pending:
        current = pending.pop()
        real = os.path.realpath(current)
        if real in seen:
            continue
        seen.add(real)
        with os.scandir(current) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if is_folder(entry):
                    pending.append(entry.path)
                elif is_image_name(entry.name):
                    found.append(entry.path)
    return iter(sorted(found))


def is_folder(entry: os.DirEntry[Any]) -> bool:
    """Whether it is a folder, or a link to one; a link that runs in a circle is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_image_name(name: str) -> bool:
    """Whether the trainer takes a file of this name for an image (case does not matter)."""
    return f".{name.rpartition('.')[2].lower()}" in IMAGE_SUFFIXES and "." in name
