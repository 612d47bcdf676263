"""Mend one image: bytes in, bytes and the suffix that fits them out; shown as before."""

import io
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from PIL import Image, ImageOps

from services.dataset.domain.images import SUFFIXES
from services.dataset.images import sniff

JPEG_QUALITY = 95
MAX_PIXELS = 178_956_970
_CONVERTIBLE = ".gif .jfif .jpe .ppm .pgm .tga .ico .pcx"
_READ_ERRORS = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)


@dataclass(slots=True)
class FixedImage:
    """An image after its fixes."""

    data: bytes
    suffix: str
    done: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    """Why a rule was not mended."""


def fix_image(data: bytes, suffix: str, wanted: Iterable[str]) -> FixedImage:
    """An image with the rules of `wanted` mended, as far as they are true of it.

    Args:
        data: the file.
        suffix: of its name, with the dot.
        wanted: rule ids; those that are no rules of images are ignored.
    """
    fixed = FixedImage(data, suffix)
    rules = set(wanted)
    if "jpeg_trailing_data" in rules:
        _apply(fixed, "jpeg_trailing_data", _without_tail)
    if "unsupported_extension" in rules:
        _apply(fixed, "unsupported_extension", _readable)
    for rule, mend in _PIXELS.items():
        if rule in rules:
            _apply(fixed, rule, mend)
    if "extension_content_mismatch" in rules:
        _apply(fixed, "extension_content_mismatch", _named_as_is)
    return fixed


def _apply(
    fixed: FixedImage, rule: str, mend: Callable[[bytes, str], tuple[bytes, str] | None]
) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            new = mend(fixed.data, fixed.suffix)
    except _READ_ERRORS as error:
        fixed.left[rule] = f"it cannot be decoded ({str(error)[:80]})"
        return
    if new:
        fixed.data, fixed.suffix = new
        fixed.done.append(rule)


def _without_tail(data: bytes, suffix: str) -> tuple[bytes, str] | None:
    """A JPEG up to its end mark; a picture in the tail (a preview, a depth map) goes with it."""
    if sniff(data) != "jpeg" or data.endswith(b"\xff\xd9"):
        return None
    end = data.rfind(b"\xff\xd9")
    return (data[: end + 2], suffix) if end > 0 else None


def _readable(data: bytes, suffix: str) -> tuple[bytes, str] | None:
    """In a format that the trainer reads: a JPEG under another name keeps its bytes."""
    if suffix.lower() not in _CONVERTIBLE.split():
        raise ValueError(f"{suffix} files are not converted")
    kind = sniff(data)
    if kind in ("jpeg", "png"):
        return data, SUFFIXES[kind][0]
    return _encoded(_opened(data).convert("RGB"), "png")


def _named_as_is(data: bytes, suffix: str) -> tuple[bytes, str] | None:
    kind = sniff(data)
    if kind is None or suffix.lower() in SUFFIXES[kind]:
        return None
    if kind == "gif":
        return _encoded(_opened(data).convert("RGB"), "png")
    return data, SUFFIXES[kind][0]


def _upright(data: bytes, _: str) -> tuple[bytes, str] | None:
    """Turned as the EXIF tag says: what the trainer, and whoever drew the boxes, saw."""
    image = _opened(data)
    turned = ImageOps.exif_transpose(image)
    return _encoded(turned, sniff(data)) if image.getexif().get(274, 1) != 1 else None


def _without_print(data: bytes, _: str) -> tuple[bytes, str] | None:
    image = _opened(data)
    kept = image.info.get("exif")
    return _encoded(image.convert("RGB"), "jpeg", kept) if image.mode in ("CMYK", "YCCK") else None


def _eight_bit(data: bytes, _: str) -> tuple[bytes, str] | None:
    """The upper eight bits, as the trainer's reader takes them."""
    image = _opened(data)
    if not image.mode.startswith("I"):
        return None
    return _encoded(image.point(lambda value: value / 256).convert("L").convert("RGB"), "png")


def _opaque(data: bytes, _: str) -> tuple[bytes, str] | None:
    """Without the alpha channel, which the trainer ignores: the colours under it come out."""
    image = _opened(data)
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return None
    return _encoded(image.convert("RGBA").convert("RGB"), "png")


def _first_frame(data: bytes, _: str) -> tuple[bytes, str] | None:
    image = _opened(data)
    if int(getattr(image, "n_frames", 1)) < 2 or sniff(data) == "jpeg":
        return None
    return _encoded(image.convert("RGB"), "png")


def _opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"{image.width}×{image.height} pixels are too many")
    image.load()
    return image


def _encoded(image: Image.Image, kind: str | None, exif: bytes | None = None) -> tuple[bytes, str]:
    """The bytes in the same format where it is JPEG, else without loss as PNG."""
    out = io.BytesIO()
    if kind == "jpeg":
        image.save(out, "JPEG", quality=JPEG_QUALITY, **({"exif": exif} if exif else {}))
        return out.getvalue(), ".jpg"
    image.save(out, "PNG")
    return out.getvalue(), ".png"


_PIXELS: dict[str, Callable[[bytes, str], tuple[bytes, str] | None]] = {
    "animated_image": _first_frame,
    "multi_page_tiff": _first_frame,
    "cmyk_jpeg": _without_print,
    "sixteen_bit_image": _eight_bit,
    "alpha_channel": _opaque,
    "exif_orientation": _upright,
}

IMAGE_FIXES = frozenset(
    {*_PIXELS, "jpeg_trailing_data", "unsupported_extension", "extension_content_mismatch"}
)
"""Rules that are mended in the image file itself."""
