"""Open one image file: its header, and on request every byte and every pixel.

Nothing is ever written, and what is no plain file is not read.
"""

import os
import stat
from dataclasses import replace
from pathlib import Path

import xxhash

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.images import ImageFacts, bomb
from services.dataset.jpegs import decoded_jpeg, jpeg_end, jpeg_header, jpeg_orientation
from services.dataset.pillow import by_pillow
from services.dataset.pixels import measure

HEADER_BYTES = 16_384
LONG_HEADER_BYTES = 262_144
"""Where thumbnails and colour profiles come before the size."""
MAX_IMAGE_BYTES = 512 * 1024 * 1024
OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
"""Not to wait for whoever writes into a pipe."""
_HEIF_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
_BLOCK = 1024 * 1024


def look_at_image(
    path: Path | bytes, rules: Rules, *, full: bool, hashed: bool = False
) -> ImageFacts:
    """What one image file is. Never raises for its content.

    Args:
        path: the file.
        rules: for the size limits.
        full: read every byte and decode every pixel; otherwise the header and the end.
        hashed: read every byte, for its hash; always so when `full`.
    """
    name = os.path.basename(os.fsdecode(path))  # noqa: PTH119 (a million of them)
    try:
        handle = os.open(path, OPEN_FLAGS)
    except OSError as error:
        return ImageFacts(name, 0, fault=_unopened(path, error))
    try:
        return _look(handle, path, name, rules, full, hashed or full)
    except OSError as error:
        return ImageFacts(name, 0, fault=_unopened(path, error))
    finally:
        os.close(handle)


def _look(
    handle: int, path: Path | bytes, name: str, rules: Rules, full: bool, hashed: bool
) -> ImageFacts:
    info = os.fstat(handle)
    size, stamp = info.st_size, (info.st_mtime_ns, info.st_ctime_ns)
    if not stat.S_ISREG(info.st_mode):
        text = "It has the name of an image but is no file: the trainer drops it. Rename it."
        return ImageFacts(name, 0, fault=Hit("not_an_image", text), stamp=stamp)
    if size == 0:
        fault = Hit("zero_byte_image", "The file is empty.")
        return ImageFacts(name, 0, fault=fault, stamp=stamp)
    data = _read(handle, size if hashed and size <= MAX_IMAGE_BYTES else HEADER_BYTES)
    digest = _digest(handle, data, size) if hashed else None
    kind = sniff(data)
    plain = ImageFacts(name, size, kind, digest=digest, stamp=stamp)
    if kind is None:
        text = "The content is of no image format that is known: the trainer drops it."
        return replace(plain, fault=Hit("not_an_image", text))
    if full and size > MAX_IMAGE_BYTES:
        text = f"The file is larger than {MAX_IMAGE_BYTES // 2**20} MiB: it was not decoded."
        return replace(plain, fault=Hit("decompression_bomb", text))
    facts = _jpeg(handle, plain, data, rules, full) if kind == "jpeg" else None
    facts = facts or by_pillow(path, plain, data, rules, full)
    if facts.thumb is None:
        return facts
    return replace(facts, thumb=None, pixels=measure(facts.thumb, data, kind))


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
    starts = {
        b"\xff\xd8\xff": "jpeg",
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


def _unopened(path: Path | bytes, error: OSError) -> Hit:
    if os.path.islink(path) and not os.path.exists(path):  # noqa: PTH110, PTH114
        return Hit("broken_symlink", "The link leads nowhere: the trainer drops the image.")
    return Hit("not_an_image", f"The file cannot be read ({error.strerror}).")


def _jpeg(
    handle: int, plain: ImageFacts, data: bytes, rules: Rules, full: bool
) -> ImageFacts | None:
    """Facts of a JPEG, or None when its header needs Pillow."""
    header = jpeg_header(data)
    if header is None and len(data) < plain.size_bytes:
        data = _read(handle, LONG_HEADER_BYTES)
        header = jpeg_header(data)
    if header is None:
        return None
    height, width, mode = header
    fault, trailing, thumb = bomb(width, height, rules), 0, None
    if fault is None and full:
        fault, thumb = decoded_jpeg(data)
    if fault is None:
        fault, trailing = jpeg_end(handle, data, plain.size_bytes)
    return replace(
        plain,
        width=width,
        height=height,
        fault=fault,
        trailing_bytes=trailing,
        orientation=jpeg_orientation(data),
        mode=mode,
        thumb=thumb,
    )
