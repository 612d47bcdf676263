"""What the supervisor shows: each process's lines after its name, in its colour."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

COLOURS = (36, 33, 32, 35, 34, 96)


class Console:
    """Writes to standard output; a reader that went away stops nothing."""

    def __init__(self, names: Sequence[str]) -> None:
        self._colour = dict(zip(names, COLOURS, strict=False))
        self._width = max(map(len, names))
        self._plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ

    def show(self, name: str, line: str) -> None:
        """One line of a process."""
        label = f"{name:{self._width}} |"
        if not self._plain:
            label = f"\x1b[{self._colour[name]}m{label}\x1b[0m"
        self.say(f"{label} {line}")

    def say(self, line: str) -> None:
        """A line of our own."""
        with suppress(OSError):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
