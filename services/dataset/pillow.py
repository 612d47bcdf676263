"""Look into an image with Pillow: any format but a sound JPEG. The only importer of Pillow."""

import io
import struct
import warnings
import zlib

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.images import ImageFacts, bomb

EXIF_ORIENTATION = 274
BITS_PER_SAMPLE = 258
_SCALE = 8
_LEAST_SIDE = 64
"""A small picture is larger than an eighth rather than smaller than this, in pixels."""


def by_pillow(handle: int, facts: ImageFacts, data: bytes, rules: Rules, full: bool) -> None:
    """Fill in the facts of anything but a sound JPEG. Never raises for its content.

    Args:
        handle: of the open file.
        facts: what is known of it.
        data: its first bytes; all of them when `full`.
        rules: for the size limits.
        full: decode every pixel.
    """
    if facts.format == "png":
        facts.fault = _png_fault(data, facts.size_bytes, rules, full)
        if facts.fault:
            return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with (
                io.BytesIO(data) if full else open(handle, "rb", closefd=False) as stream,
                Image.open(stream) as image,
            ):
                _fill_in(facts, image, data, rules, full)
    except Image.DecompressionBombError:
        text = "It holds more pixels than is safe to decode: it was not. Shrink it."
        facts.fault = Hit("decompression_bomb", text)
    except UnidentifiedImageError:
        facts.fault = Hit("not_an_image", "Only its first bytes are those of an image.")
    except Exception as error:  # noqa: BLE001 -- Pillow raises anything on hostile files
        text = f"It cannot be decoded: {str(error)[:120]}."
        facts.fault = Hit("corrupt_scan_data", text)


def _fill_in(facts: ImageFacts, image: Image.Image, data: bytes, rules: Rules, full: bool) -> None:
    facts.width, facts.height = image.size
    facts.mode, facts.frames = _mode(image, data), int(getattr(image, "n_frames", 1))
    facts.fault = bomb(facts.width, facts.height, rules)
    if facts.fault is None:
        orientation = image.getexif().get(EXIF_ORIENTATION, 1)
        facts.orientation = orientation if orientation in range(1, 9) else 1
        facts.thumb = _thumb(image) if full else None


def _mode(image: Image.Image, data: bytes) -> str:
    """Pillow's mode, but for what it has thrown away by then: 16 bits, single clear colours."""
    if image.mode in ("RGB", "RGBA"):
        deep = image.format == "PNG" and data[24:25] == b"\x10"  # bit depth of its header
        bits = getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE, (8,))
        if deep or bits == 16 or (isinstance(bits, tuple) and 16 in bits):
            return "I;16"
    if image.mode in ("P", "RGB", "L", "1") and "transparency" in image.info:
        return "PA"
    return image.mode


def _png_fault(data: bytes, size: int, rules: Rules, full: bool) -> Hit | None:
    """Damage that the chunk structure of a PNG shows, before anything is decompressed."""
    if data[12:16] != b"IHDR":
        return Hit("not_an_image", "Only its first bytes are those of an image.")
    if len(data) >= 24:
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


def decoded_by_pillow(data: bytes) -> npt.NDArray[np.uint8] | None:
    """The picture at an eighth of its size, (h, w, 3) BGR, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                return _thumb(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _thumb(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Decode all pixels: (h, w, 3) BGR, at about an eighth of the size, the means of blocks."""
    image.load()
    if image.mode.startswith("I"):
        high = np.asarray(image).astype(np.int64) >> _SCALE  # 16 bits to 8
        image = Image.fromarray(np.clip(high, 0, 255).astype(np.uint8))
    plain = image if image.mode in ("RGB", "L") else image.convert("RGB")
    small = plain.reduce(max(1, min(_SCALE, *(side // _LEAST_SIDE for side in plain.size))))
    return np.ascontiguousarray(np.asarray(small.convert("RGB"))[:, :, ::-1])
