"""What is known of one image after it was looked at, and the rules over it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.scanned import FORMATS, IMAGE, MODES, Table

SUFFIXES = {
    "jpeg": (".jpg", ".jpeg", ".mpo"),
    "png": (".png",),
    "bmp": (".bmp",),
    "tiff": (".tif", ".tiff", ".dng"),
    "webp": (".webp",),
    "gif": (".gif",),
    "jpeg2000": (".jp2",),
    "heif": (".avif", ".heic", ".heif"),
}
TRAINED_FORMATS = frozenset(SUFFIXES) - {"gif"}
EXIF_NORMAL = 1
_IS_PLAIN = np.array([mode in ("Gray", "YCbCr", "RGB", "L") for mode in MODES])


@dataclass(slots=True)
class ImageFacts:
    """One image file. Sizes are pixels as stored, before any EXIF rotation."""

    name: str
    size_bytes: int
    format: str | None = None
    """By its first bytes, whatever its name says."""
    width: int = 0
    height: int = 0
    fault: Hit | None = None
    """Why its pixels cannot be had, if they cannot."""
    trailing_bytes: int = 0
    orientation: int = EXIF_NORMAL
    mode: str = ""
    """As Pillow or the JPEG header says: YCbCr, CMYK, RGBA, I;16, …"""
    frames: int = 1
    digest: bytes | None = None
    """xxh3-128 of the file; None when not all of it was read."""
    stamp: tuple[int, int, int] = (0, 0, 0)
    """Size, and when content and inode last changed, in ns since 1970; zeros when not opened."""
    same: bool = False
    """The hash is the one that was expected: nothing else was looked at."""
    thumb: npt.NDArray[np.uint8] | None = None
    """(h, w, 3) BGR, a pixel per 8×8 block of the image; None when it was not decoded, and after
    it was measured."""
    pixels: npt.NDArray[np.void] | None = None
    """(1,) of PIXELS; None when it was not decoded."""

    def usable(self, rules: Rules) -> bool:
        """Whether the trainer would take it."""
        return self.fault is None and self.format in TRAINED_FORMATS and not any(_size(self, rules))


def check_image(image: ImageFacts, rules: Rules) -> Iterator[Hit]:
    """Everything that is wrong with one image file."""
    if image.fault:
        yield image.fault
    if image.format and not image.name.lower().endswith(SUFFIXES[image.format]):
        suffix = PurePosixPath(image.name).suffix.lower()
        text = f"The name says {suffix[1:]}, but the content is {image.format}. Rename it."
        yield Hit("extension_content_mismatch", text, value=image.format)
    if image.fault:
        return
    yield from _size(image, rules)
    yield from _aspect(image, rules)
    if image.trailing_bytes:
        text = f"{image.trailing_bytes} bytes follow the end of the image; they are ignored."
        yield Hit("jpeg_trailing_data", text, value=str(image.trailing_bytes))
    yield from _pixels(image)


def facts_of(row: np.void, name: str) -> ImageFacts:
    """An image by its row of IMAGE, of which nothing is wrong that would keep it from decoding."""
    known = dict(zip(IMAGE.names or (), row.item(), strict=True))  # 20 times faster than by names
    return ImageFacts(
        name=name,
        size_bytes=known["size_bytes"],
        format=FORMATS[known["format"]] or None,
        width=known["width"],
        height=known["height"],
        trailing_bytes=known["trailing_bytes"],
        orientation=known["orientation"],
        mode=MODES[known["mode"]],
        frames=known["frames"],
    )


def are_quiet(images: Table, rules: Rules) -> npt.NDArray[np.bool_]:
    """(N,): JPEGs on which `check_image` cannot have anything to say, their names aside.

    Whoever adds a rule there must make sure here that an image which it could hit is not quiet.

    Args:
        images: of IMAGE.
        rules: their limits.
    """
    short = np.minimum(images["width"], images["height"])
    long = np.maximum(images["width"], images["height"])
    quiet = (images["format"] == FORMATS.index("jpeg")) & ~images["faulty"] & (short > 0)
    quiet &= (short >= rules.threshold("image_too_small")) & _IS_PLAIN[images["mode"]]
    quiet &= long < short * rules.threshold("extreme_image_aspect")
    quiet &= (images["orientation"] == EXIF_NORMAL) & (images["frames"] == 1)
    return np.asarray(quiet & (images["trailing_bytes"] == 0), bool)


def _size(image: ImageFacts, rules: Rules) -> Iterator[Hit]:
    least = rules.threshold("image_too_small")
    if min(image.width, image.height) < least:
        text = f"{image.width}×{image.height} pixels: the trainer drops images under {least:g}."
        yield Hit("image_too_small", text, value=f"{image.width}x{image.height}")


def _aspect(image: ImageFacts, rules: Rules) -> Iterator[Hit]:
    short, long = sorted((image.width, image.height))
    if short and long / short >= rules.threshold("extreme_image_aspect"):
        text = f"{image.width}×{image.height} pixels: at a training size of 640 only "
        text += f"{640 * short / long:.0f} are left of the short side. Crop it."
        yield Hit("extreme_image_aspect", text, value=f"{image.width}x{image.height}")


def bomb(width: int, height: int, rules: Rules) -> Hit | None:
    """A hit when decoding so many pixels would be dangerous."""
    limit = rules.threshold("decompression_bomb")
    if width * height <= limit:
        return None
    text = f"{width}×{height} pixels are more than {limit:,.0f}: it was not decoded. Shrink it."
    return Hit("decompression_bomb", text, value=f"{width}x{height}")


def _pixels(image: ImageFacts) -> Iterator[Hit]:
    if image.orientation != EXIF_NORMAL:
        text = "The image is turned by an EXIF tag: check that its boxes fit the turned image."
        yield Hit("exif_orientation", text, value=str(image.orientation))
    if image.mode in ("CMYK", "YCCK"):
        text = (
            "The image is in printing colours (CMYK): its colours may come out wrong. Save as RGB."
        )
        yield Hit("cmyk_jpeg", text, value=image.mode)
    if image.mode.startswith("I"):
        text = "The image has 16 bits per value: the trainer keeps 8. Save it as 8 bit."
        yield Hit("sixteen_bit_image", text, value=image.mode)
    if image.mode in ("RGBA", "LA", "PA"):
        text = "The image has an alpha channel, which the trainer ignores."
        yield Hit("alpha_channel", text, value=image.mode)
    if image.frames > 1 and image.format == "tiff":
        text = f"The TIFF has {image.frames} pages: only the first is used."
        yield Hit("multi_page_tiff", text, value=str(image.frames))
    if image.frames > 1 and image.format in ("gif", "png", "webp"):
        text = f"The image is an animation of {image.frames} frames: only the first is used."
        yield Hit("animated_image", text, value=str(image.frames))
