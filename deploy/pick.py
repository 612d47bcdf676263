"""Some packages of a lock: `pick.py LOCK NAME…`; all others: `pick.py LOCK --without NAME…`.

Only the standard library, and no other file of ours: images use it before anything is installed.
"""

import sys
from pathlib import Path


def picked(text: str, names: set[str], *, without: bool = False) -> str:
    """The entries of a lock of which the names are given, or all others; comments are left out."""
    entries: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith(" ") and entries:
            entries[-1].append(line)
        elif line.strip() and not line.startswith("#"):
            entries.append([line])
    kept = [each for each in entries if (each[0].split("==")[0] in names) != without]
    return "".join(f"{line}\n" for each in kept for line in each)


if __name__ == "__main__":
    lock, *names = sys.argv[1:]
    left_out = names[:1] == ["--without"]
    print(picked(Path(lock).read_text(encoding="utf-8"), set(names), without=left_out), end="")
