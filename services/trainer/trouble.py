"""A training process that ended, or hangs: what it was doing, and why, as far as can be seen."""

import re
from pathlib import Path

from libs.common.errors import TransientError

LOADING = "loading"
"""Folder in the run's own, where each process notes the image it is reading."""
_WORKERS = re.compile(r"DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\)")
_UNREADABLE = re.compile(r"cannot read image '(.*?)': (.*)")
_KILLED = "signal: Killed"
OF_RANKS = frozenset({"rank_lost", "ranks_diverged"})
"""Codes of a training of several ranks that goes on from its last checkpoint."""
CRASH_SIGNALS = frozenset({-4, -6, -7, -11})


class Trouble(TransientError):
    """The training cannot go on as it is; `images` were being read when it happened."""

    def __init__(
        self, message: str, *, code: str, console: tuple[str, ...], images: tuple[Path, ...] = ()
    ) -> None:
        super().__init__(message, code=code, console=console)
        self.images = images


def being_read(save_dir: Path) -> dict[int, Path]:
    """The image that each process of a run is reading, by process id."""
    found: dict[int, Path] = {}
    for note in (save_dir / LOADING).glob("*"):
        name = note.read_bytes().split(b"\n", 1)[0]
        if name:
            found[int(note.name)] = Path(name.decode("utf-8", errors="surrogateescape"))
    return found


def crashed_workers(message: str) -> frozenset[int]:
    """Process ids of loader workers that a crash took, from torch's message.

    One that was killed from outside says nothing about the image it was reading.
    """
    found = _WORKERS.search(message)
    if found is None or _KILLED in message:
        return frozenset()
    return frozenset(int(pid) for pid in re.findall(r"\d+", found[1]))


def unreadable(message: str) -> Path | None:
    """The image that a loader's error names."""
    found = _UNREADABLE.search(message)
    return Path(found[1]) if found else None
