"""Open one image file: its header, and on request every byte and every pixel.

Nothing is ever written, and what is no plain file is not read.
"""

import os
import stat
from pathlib import Path

import xxhash

from libs.common.dataset_files import OUTSIDE
from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.images import ImageFacts, bomb
from services.dataset.jpegs import cut_jpeg, decoded_jpeg, jpeg_end, jpeg_header, jpeg_orientation
from services.dataset.opening import Opener
from services.dataset.pillow import by_pillow
from services.dataset.pixels import measure

HEADER_BYTES = 4096
LONG_HEADER_BYTES = 262_144
"""Where thumbnails and colour profiles come before the size."""
MAX_IMAGE_BYTES = 512 * 1024 * 1024
ANYWHERE = Opener(())
_HEIF_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
_BLOCK = 1024 * 1024


def look_at_image(
    path: Path | bytes,
    rules: Rules,
    *,
    full: bool,
    hashed: bool = False,
    expected: bytes | None = None,
    opener: Opener = ANYWHERE,
) -> ImageFacts:
    """What one image file is. Never raises for its content.

    Args:
        path: the file.
        rules: for the size limits.
        full: read every byte and decode every pixel; otherwise the header and the end.
        hashed: read every byte, for its hash; always so when `full`.
        expected: the hash of what was looked at before: if it is the same, that is all that is
            looked at.
        opener: opens it; by default wherever it lies.
    """
    raw = os.fsencode(path)
    facts = ImageFacts(os.fsdecode(raw[raw.rfind(b"/") + 1 :]), 0)
    try:
        handle = opener.open(raw)
    except OSError as error:
        facts.fault = _unopened(raw, error)
        return facts
    try:
        _look(handle, facts, rules, full, hashed or full, expected)
    except OSError as error:
        facts.fault = _unopened(raw, error)
    finally:
        os.close(handle)
    return facts


def _look(
    handle: int,
    facts: ImageFacts,
    rules: Rules,
    full: bool,
    hashed: bool,
    expected: bytes | None,
) -> None:
    info = os.fstat(handle)
    size = info.st_size
    facts.stamp = (size, info.st_mtime_ns, info.st_ctime_ns)
    if not stat.S_ISREG(info.st_mode):
        text = "It has the name of an image but is no file: the trainer drops it. Rename it."
        facts.fault = Hit("not_an_image", text)
        return
    facts.size_bytes = size
    if size == 0:
        facts.fault = Hit("zero_byte_image", "The file is empty.")
        return
    data = _read(handle, size if hashed and size <= MAX_IMAGE_BYTES else HEADER_BYTES)
    if hashed:
        facts.digest = _digest(handle, data, size)
        facts.same = facts.digest == expected
        if facts.same:
            return
    facts.format = sniff(data)
    if facts.format is None:
        text = "The content is of no image format that is known: the trainer drops it."
        facts.fault = Hit("not_an_image", text)
    elif full and size > MAX_IMAGE_BYTES:
        text = f"The file is larger than {MAX_IMAGE_BYTES // 2**20} MiB: it was not decoded."
        facts.fault = Hit("decompression_bomb", text)
    else:
        if facts.format != "jpeg" or not _jpeg(handle, facts, data, rules, full):
            by_pillow(handle, facts, data, rules, full)
            if facts.format == "jpeg" and facts.fault:
                facts.fault = cut_jpeg(data) or facts.fault
        if facts.thumb is not None:
            facts.pixels, facts.thumb = measure(facts.thumb, data, facts.format), None


def _read(handle: int, count: int, at: int = 0) -> bytes:
    """As many bytes as there are, up to `count`."""
    data = os.pread(handle, count, at)
    if len(data) == count:
        return data
    parts = [data]
    while parts[-1] and (left := count - sum(map(len, parts))):
        parts.append(os.pread(handle, left, at + count - left))
    return b"".join(parts)


def _digest(handle: int, data: bytes, size: int) -> bytes:
    if len(data) == size:
        return xxhash.xxh3_128_digest(data)
    whole = xxhash.xxh3_128()
    for at in range(0, size, _BLOCK):
        whole.update(_read(handle, _BLOCK, at))
    return whole.digest()


def sniff(head: bytes) -> str | None:
    """The format by its first bytes, or None."""
    if head[:3] == b"\xff\xd8\xff":
        return "jpeg"
    starts = {
        b"\x89PNG\r\n\x1a\n": "png",
        b"BM": "bmp",
        b"II*\0": "tiff",
        b"MM\0*": "tiff",
        b"GIF8": "gif",
        b"\0\0\0\x0cjP  ": "jpeg2000",
        b"\xff\x4f\xff\x51": "jpeg2000",
    }
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "heif"
    return next((kind for start, kind in starts.items() if head.startswith(start)), None)


def _unopened(path: bytes, error: OSError) -> Hit:
    if os.path.islink(path) and not os.path.exists(path):  # noqa: PTH110, PTH114
        return Hit("broken_symlink", "The link leads nowhere: the trainer drops the image.")
    if error.strerror == OUTSIDE:
        return Hit("symlink_outside_root", f"The image was not read: {OUTSIDE}.")
    return Hit("not_an_image", f"The file cannot be read ({error.strerror}).")


def _jpeg(handle: int, facts: ImageFacts, data: bytes, rules: Rules, full: bool) -> bool:
    """Fill in the facts of a JPEG; False when its header needs Pillow."""
    header = jpeg_header(data)
    if header is None and len(data) < facts.size_bytes:
        data = _read(handle, LONG_HEADER_BYTES)
        header = jpeg_header(data)
    if header is None:
        return False
    facts.height, facts.width, facts.mode = header
    facts.fault = bomb(facts.width, facts.height, rules)
    if facts.fault is None and full:
        facts.fault, facts.thumb = decoded_jpeg(data)
    if facts.fault is None:
        facts.fault, facts.trailing_bytes = jpeg_end(handle, data, facts.size_bytes)
    facts.orientation = jpeg_orientation(data)
    return True
