"""A quick look at a sound JPEG, as nearly all images are. Everything else is left to images.py."""

import os
import stat
from typing import NamedTuple

from services.dataset.images import HEADER_BYTES, MAX_IMAGE_BYTES
from services.dataset.jpegs import END_OF_JPEG, bytes_behind, jpeg_header, jpeg_orientation
from services.dataset.opening import Opener

_START = b"\xff\xd8\xff"


class Glanced(NamedTuple):
    """A JPEG that has its end mark, and its size in its first bytes."""

    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    width: int
    """In pixels."""
    height: int
    orientation: int
    """EXIF, 1 = upright."""
    mode: str
    """Its colours, as the header names them."""
    trailing_bytes: int
    """Behind the end mark; such a file is only told when every byte is read."""

    @property
    def stamp(self) -> tuple[int, int, int]:
        """Size, and when content and inode last changed, in ns since 1970."""
        return self[:3]


def glance(
    path: bytes, most_pixels: float, opener: Opener, *, whole: bool
) -> tuple[Glanced, bytes] | None:
    """What a sound JPEG is, and its first bytes; None for anything that needs a closer look.

    Args:
        path: the file.
        most_pixels: larger pictures are not to be decoded.
        opener: opens it.
        whole: read every byte; otherwise the header and the end.
    """
    read = _read(path, opener, whole=whole)
    if read is None:
        return None
    info, data, end = read
    if data[:3] != _START:
        return None
    trailing = 0
    if end != END_OF_JPEG:
        trailing = bytes_behind(data) if whole else -1
        if trailing < 0:
            return None
    header = jpeg_header(data)
    if header is None or header[0] * header[1] > most_pixels:
        return None
    height, width, mode = header
    times = info.st_mtime_ns, info.st_ctime_ns
    return Glanced(
        info.st_size, *times, width, height, jpeg_orientation(data), mode, trailing
    ), data


def _read(
    path: bytes, opener: Opener, *, whole: bool
) -> tuple[os.stat_result, bytes, bytes] | None:
    """What the system knows of a file, its first bytes or all of them, and its last two."""
    try:
        handle = opener.open(path)
    except OSError:
        return None
    try:
        info = os.fstat(handle)
        size = info.st_size
        if not stat.S_ISREG(info.st_mode) or size > MAX_IMAGE_BYTES:
            return None
        data = os.pread(handle, size if whole else HEADER_BYTES, 0)
        if len(data) == size:
            return info, data, data[-2:]
        return None if whole else (info, data, os.pread(handle, 2, size - 2))
    except OSError:
        return None
    finally:
        os.close(handle)
