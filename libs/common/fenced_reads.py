"""In a child that lets libraries read a dataset: what is opened inside it lies inside.

A child reads images and labels by links that were checked when they were made. A name that is
swapped for a link out since then would be read all the same: here each file is asked where it lies
once it is open. Libraries open by `io.open`, which numpy looks up at each call, and by the builtin.
"""

import builtins
import errno
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from libs.common.dataset_files import OUTSIDE, Fence, OutsideError


def fence_reads(places: Sequence[str], roots: Sequence[str]) -> None:
    """From here on, in this process and its copies, nothing under `places` leads out.

    Args:
        places: folders; what is opened by a name under one of them is looked at.
        roots: where it must lie; empty = anywhere.
    """
    if not roots:
        return
    ways = (os.path.abspath, os.path.realpath)
    starts = tuple(f"{way(place)}/" for place in places for way in ways)
    fence, plain = Fence([*map(Path, roots)]), io.open

    def fenced(file: Any, *args: Any, **more: Any) -> Any:
        opened = plain(file, *args, **more)
        named = isinstance(file, str | os.PathLike) and os.path.abspath(file).startswith(starts)  # noqa: PTH100
        if named and not fence.holds(opened.fileno()):
            opened.close()
            raise OutsideError(errno.EPERM, OUTSIDE, os.fspath(file))
        return opened

    io.open = builtins.open = fenced
