"""What the supervisor shows: each process's lines after its name, in its colour."""

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress

# The servers' own chatter stays in their log files: warnings and errors are shown. The bus warns
# of passwords that are not hashed: ours are random, and in the environment of its process alone.
WORTH_SHOWING = {
    "nats": re.compile(r"\[(WRN(?!\] Plaintext passwords)|ERR|FTL)\]|^nats-server: "),
    "store": re.compile(r"^[WEF]\d{4} "),
}
COLOURS = (36, 33, 32, 35, 34, 96)


class Console:
    """Writes to standard output; a reader that went away stops nothing."""

    def __init__(self, names: Sequence[str]) -> None:
        self._colour = dict(zip(names, COLOURS, strict=False))
        self._width = max(map(len, names))
        self._plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ

    def show(self, name: str, line: str) -> None:
        """One line of a process."""
        filtered = WORTH_SHOWING.get(name)
        if filtered and not filtered.search(line):
            return
        label = f"{name:{self._width}} |"
        if not self._plain:
            label = f"\x1b[{self._colour[name]}m{label}\x1b[0m"
        self.say(f"{label} {line}")

    def say(self, line: str) -> None:
        """A line of our own."""
        with suppress(OSError):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
