"""Look into a JPEG: its header, its turn, its end, and damage in its picture. Only simplejpeg.

A strict decode at an eighth of the size reads the whole scan at half the cost of a full decode.
"""

import os
import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import simplejpeg
from simplejpeg import decode_jpeg_header  # type: ignore[attr-defined]

from services.dataset.domain.findings import Hit
from services.dataset.pillow import decoded_by_pillow

Thumb = npt.NDArray[np.uint8]
"""(h, w, 3) BGR."""

END_OF_JPEG = b"\xff\xd9"
LEAST_SIDE = 40
"""A small picture is larger than an eighth rather than smaller than this, in pixels."""
_EXIF = b"Exif\0\0"
_ORIENTATION = 0x0112
_WIPED = bytes(32)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of the segment that gives a JPEG's size (ITU-T T.81, table B.1)."""


def jpeg_header(data: bytes) -> tuple[int, int, str] | None:
    """Height, width and colours; None when these bytes do not hold them."""
    try:
        header: tuple[Any, Any, str] = decode_jpeg_header(data, strict=False)[:3]
    except (ValueError, KeyError):
        return None
    return header


def jpeg_end(handle: int, data: bytes, size: int) -> tuple[Hit | None, int]:
    """Whether the end is missing, and how many bytes follow it."""
    tail = data[-2:] if len(data) == size else os.pread(handle, 2, max(0, size - 2))
    if tail == END_OF_JPEG:
        return None, 0
    behind = bytes_behind(data if len(data) == size else os.pread(handle, size, 0))
    return (_truncated(), 0) if behind < 0 else (None, behind)


def bytes_behind(data: bytes) -> int:
    """How many bytes of a whole file follow its end mark; -1 when it has none."""
    end = data.rfind(END_OF_JPEG, _scan_of_jpeg(data))
    return -1 if end < 0 else len(data) - end - 2


def _scan_of_jpeg(data: bytes) -> int:
    """Where the compressed picture begins: an end mark before it belongs to a thumbnail."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return min(at, len(data))


def decoded_jpeg(data: bytes) -> tuple[Hit | None, Thumb | None]:
    """What is wrong with the picture in a JPEG; the picture at about an eighth of its size."""
    try:
        return None, _strict(data)
    except ValueError as error:
        reason = str(error)
    if "Premature end of JPEG file" in reason:
        return _truncated(), None
    if "premature end of data segment" in reason and not _overwritten(data):
        text = "The image data breaks off before its end mark: the lower part is grey."
        return Hit("truncated_jpeg_with_eoi", text, value=reason[:120]), None
    by_pillow = decoded_by_pillow(data)
    if by_pillow is not None and "Corrupt JPEG data" not in reason:
        return None, by_pillow
    text = "The image data is damaged: part of the picture is garbage."
    damage = Hit("corrupt_scan_data", text, value=reason[:120])
    return (cut_jpeg(data) or damage) if by_pillow is None else damage, None


def strictly_decoded(data: bytes) -> Thumb | None:
    """The picture in a JPEG at about an eighth of its size; None if anything is wrong with it."""
    try:
        return _strict(data)
    except ValueError:
        return None


def _strict(data: bytes) -> Thumb:
    thumb: Thumb = simplejpeg.decode_jpeg(  # type: ignore[attr-defined]
        data, "BGR", min_height=LEAST_SIDE, min_width=LEAST_SIDE, strict=True
    )
    return thumb


def _overwritten(data: bytes) -> bool:
    """Whether a stretch of the compressed picture was wiped, which also ends its decoding early."""
    return data.find(_WIPED, _scan_of_jpeg(data)) >= 0


def cut_jpeg(data: bytes) -> Hit | None:
    """Of a JPEG that cannot be decoded: whether its rest is missing, or there was never one."""
    at, framed = 2, False
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        framed |= data[at + 1] in _FRAMES
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    if not framed:
        return Hit("not_an_image", "Only its first bytes are those of an image.")
    return _truncated() if END_OF_JPEG not in data[min(at, len(data)) :] else None


def _truncated() -> Hit:
    text = "The JPEG breaks off: its end is missing. The trainer would rewrite it, half grey."
    return Hit("truncated_jpeg", text)


def jpeg_orientation(data: bytes) -> int:
    """The EXIF orientation, 1 to 8; 1 = upright if there is none that can be read.

    Source: JEITA CP-3451, Exif 2.32, 4.6.2: an APP1 segment that holds a TIFF directory.
    """
    if data[2:6] == b"\xff\xe0\0\x10" and data[20:22] < b"\xff\xe0":
        return 1  # the usual: one short application segment, which is no EXIF
    at = 2
    while b"\xff\xe0" <= data[at : at + 2] <= b"\xff\xef":  # application segments
        if data[at + 1] == 0xE1 and data[at + 4 : at + 10] == _EXIF:
            break
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    else:
        return 1
    tiff = data[at + 10 : at + 65_536]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 10:
        return 1
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    if first + 2 > len(tiff):
        return 1
    (count,) = struct.unpack_from(f"{order}H", tiff, first)
    for entry in range(first + 2, min(first + 2 + 12 * count, len(tiff) - 11), 12):
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
        if tag == _ORIENTATION:
            return value if kind == 3 and 1 <= value <= 8 else 1
    return 1
