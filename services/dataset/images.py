"""Open one image file: its header, and on request every pixel and every byte.

Damage in a JPEG is found by a strict grey decode at an eighth of the size, which reads the whole
scan at half the cost of a full decode. Nothing is ever written.
"""

import hashlib
import io
import struct
import warnings
import zlib
from dataclasses import replace
from pathlib import Path

import simplejpeg
from PIL import Image, UnidentifiedImageError

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.images import ImageFacts, bomb

HEADER_BYTES = 16_384
MAX_IMAGE_BYTES = 512 * 1024 * 1024
EXIF_ORIENTATION = 274
_HEIF_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
_END_OF_JPEG = b"\xff\xd9"


def look_at_image(path: Path, rules: Rules, *, full: bool) -> ImageFacts:
    """What one image file is. Never raises for its content.

    Args:
        path: the file.
        rules: for the size limits.
        full: read every byte and decode every pixel; otherwise the header and the end.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(min(size, MAX_IMAGE_BYTES) if full else HEADER_BYTES)
            stream.seek(max(0, size - 2))
            tail = stream.read(2)
    except OSError as error:
        return ImageFacts(path.name, 0, fault=_unopened(path, error))
    if size == 0:
        return ImageFacts(path.name, 0, fault=Hit("zero_byte_image", "The file is empty."))
    kind = sniff(head)
    if kind is None:
        text = "The content is of no image format that is known: the trainer drops it."
        return ImageFacts(path.name, size, fault=Hit("not_an_image", text))
    facts = _jpeg(path.name, size, head, tail, rules, full) if kind == "jpeg" else None
    return facts or _other(path, size, kind, head, rules, full)


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


def _unopened(path: Path, error: OSError) -> Hit:
    if path.is_symlink() and not path.exists():
        return Hit("broken_symlink", "The link leads nowhere: the trainer drops the image.")
    return Hit("not_an_image", f"The file cannot be read ({error.strerror}).")


def _jpeg(
    name: str, size: int, data: bytes, tail: bytes, rules: Rules, full: bool
) -> ImageFacts | None:
    """Facts of a JPEG, or None when its header needs Pillow."""
    try:
        high, wide, mode, _ = simplejpeg.decode_jpeg_header(data, strict=False)  # type: ignore[attr-defined]
    except (ValueError, KeyError):
        return None
    width, height = int(wide), int(high)
    fault, trailing = bomb(width, height, rules), 0
    if fault is None and full:
        fault = _jpeg_damage(data)
        if fault is None and tail != _END_OF_JPEG:
            trailing = max(0, size - data.rfind(_END_OF_JPEG) - 2)
    elif fault is None and tail != _END_OF_JPEG and size <= HEADER_BYTES:
        fault = None if _END_OF_JPEG in data[-4096:] else _truncated()
    return ImageFacts(
        name,
        size,
        "jpeg",
        width,
        height,
        fault,
        trailing,
        _jpeg_orientation(data),
        mode,
        digest=hashlib.sha256(data).digest() if full and len(data) == size else None,
    )


def _jpeg_damage(data: bytes) -> Hit | None:
    try:
        simplejpeg.decode_jpeg(  # type: ignore[attr-defined]
            data, "GRAY", min_height=1, min_width=1, strict=True
        )
    except ValueError as error:
        reason = str(error)
    else:
        return None
    if "Premature end of JPEG file" in reason:
        return _truncated()
    if "premature end of data segment" in reason:
        text = "The image data breaks off before its end mark: the lower part is grey."
        return Hit("truncated_jpeg_with_eoi", text, value=reason[:120])
    if "Corrupt JPEG data" in reason and _decodes(data):
        text = "The image data is damaged: part of the picture is garbage."
        return Hit("corrupt_scan_data", text, value=reason[:120])
    if _decodes(data):
        return None
    return Hit("corrupt_scan_data", "The image cannot be decoded.", value=reason[:120])


def _truncated() -> Hit:
    text = "The JPEG breaks off: its end is missing. The trainer would rewrite it, half grey."
    return Hit("truncated_jpeg", text)


def _decodes(data: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False
    return True


def _jpeg_orientation(data: bytes) -> int:
    """The EXIF orientation, 1 if there is none. Walks the segments before the scan."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            exif = Image.Exif()
            try:
                exif.load(data[at + 4 : at + 2 + length])
                value = exif.get(EXIF_ORIENTATION, 1)
            except Exception:  # noqa: BLE001 -- Pillow's EXIF parser raises anything on hostile tags
                return 1
            return value if isinstance(value, int) and 1 <= value <= 8 else 1
        at += 2 + max(2, length)
    return 1


def _other(path: Path, size: int, kind: str, data: bytes, rules: Rules, full: bool) -> ImageFacts:
    """Facts of anything but a sound JPEG, by Pillow."""
    digest = hashlib.sha256(data).digest() if full and len(data) == size else None
    plain = ImageFacts(path.name, size, kind, digest=digest)
    if kind == "png":
        fault = _png_fault(data, size, rules, full)
        if fault:
            return replace(plain, fault=fault)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data) if full else path) as image:
                width, height = image.size
                fault = bomb(width, height, rules)
                orientation = image.getexif().get(EXIF_ORIENTATION, 1) if fault is None else 1
                if fault is None and full:
                    image.load()
                return replace(
                    plain,
                    width=width,
                    height=height,
                    fault=fault,
                    orientation=orientation if isinstance(orientation, int) else 1,
                    mode=image.mode,
                    frames=int(getattr(image, "n_frames", 1)),
                )
    except Image.DecompressionBombError:
        text = "It holds more pixels than is safe to decode: it was not. Shrink it."
        return replace(plain, fault=Hit("decompression_bomb", text))
    except UnidentifiedImageError:
        rule, text = "not_an_image", "Only its first bytes are those of an image."
    except (OSError, SyntaxError, ValueError, struct.error, EOFError) as error:
        rule, text = "corrupt_scan_data", f"It cannot be decoded: {str(error)[:120]}."
    return replace(plain, fault=Hit(rule, text))


def _png_fault(data: bytes, size: int, rules: Rules, full: bool) -> Hit | None:
    """Damage that the chunk structure of a PNG shows, before anything is decompressed."""
    if len(data) >= 24 and data[12:16] == b"IHDR":
        width, height = struct.unpack(">II", data[16:24])
        if fault := bomb(width, height, rules):
            return fault
    if not full:
        return None
    at, ended = 8, False
    while at + 12 <= len(data) and not ended:
        (length,) = struct.unpack(">I", data[at : at + 4])
        body = memoryview(data)[at + 4 : at + 8 + length]
        if at + 12 + length > len(data):
            break
        (stored,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        name = bytes(body[:4])
        if zlib.crc32(body) != stored:
            text = f"The checksum of its {name.decode('latin-1')} part is wrong: it was damaged."
            return Hit("png_crc_error", text, value=name.decode("latin-1"))
        ended = name == b"IEND"
        at += 12 + length
    if not ended and len(data) == size:
        return Hit("truncated_png", "The PNG breaks off: its end is missing.")
    return None
