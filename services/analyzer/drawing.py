"""Boxes drawn on images and on crops of them. The only importer of Pillow."""

import functools
import importlib.util
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from libs.common.errors import BadInput

MOST_PIXELS = 120_000_000
Image.MAX_IMAGE_PIXELS = None  # what is too much is said here, not warned about
MOST_BYTES = 900_000
ORIENTATION, LIES_FROM = 0x0112, 5
"""The EXIF tag, and the first of its values that turn an image on its side."""
SMALLEST_MARGIN_PX = 10.0
TRUE, RIGHT, WRONG, MISSED = "#16a34a", "#2563eb", "#dc2626", "#f59e0b"
"""Colours of labels that were found, right and wrong detections, and labels that were not found."""
FORMATS = {"jpeg": "image/jpeg", "webp": "image/webp"}

Corners = Sequence[float]
Picture = Image.Image
Frame = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True)
class Box:
    """A box in pixels of the upright image, with its colour and caption."""

    corners: Corners
    colour: str
    caption: str


def opened(content: bytes | Path, size_px: tuple[int, int], *, at_least_px: int = 0) -> Picture:
    """An image as it was judged: upright where that gives the size that was judged.

    Args:
        content: of the file, or the file.
        size_px: width and height that its boxes are for.
        at_least_px: a width that suffices; a JPEG is decoded smaller if it is much larger.

    Raises:
        BadInput: it cannot be decoded here, or is too large.
    """
    try:
        source = Image.open(io.BytesIO(content) if isinstance(content, bytes) else content)
        width, height = source.size
        if width * height > MOST_PIXELS:
            raise BadInput("the image has too many pixels to be drawn", code="too_large")
        lies = source.getexif().get(ORIENTATION, 1) >= LIES_FROM
        upright = ((height, width) if lies else (width, height)) == size_px
        if 0 < at_least_px < size_px[0]:
            share = at_least_px / size_px[0]
            source.draft("RGB", (round(width * share), round(height * share)))
        turned = ImageOps.exif_transpose(source) if upright else source
        return turned.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, TypeError) as error:
        raise BadInput("the image cannot be drawn: its format", code="cannot_draw") from error


def overlay(
    picture: Picture, size_px: tuple[int, int], boxes: Sequence[Box], width: int
) -> Picture:
    """The whole image at `width` pixels, never enlarged, with boxes on it."""
    scale = min(1.0, width / size_px[0])
    size = max(1, round(size_px[0] * scale)), max(1, round(size_px[1] * scale))
    shown = (
        picture.resize(size, Image.Resampling.LANCZOS) if picture.size != size else picture.copy()
    )
    draw_boxes(shown, boxes, scale, (0.0, 0.0))
    return shown


def crop(picture: Picture, frame: Frame, boxes: Sequence[Box], width: int) -> Picture:
    """A part of the picture, its longer side `width` pixels, with boxes on it."""
    part = picture.crop(frame)
    scale = width / max(part.size)
    size = max(1, round(part.width * scale)), max(1, round(part.height * scale))
    part = part.resize(size, Image.Resampling.BICUBIC)
    draw_boxes(part, boxes, scale, (frame[0], frame[1]))
    return part


def frame_of(boxes: Sequence[Box], size_px: tuple[int, int], pad: float) -> Frame:
    """The pixels that a crop around boxes shows.

    Args:
        boxes: at least one.
        size_px: width and height of the image.
        pad: margin as a share of the longer side of what the boxes cover.
    """
    left, top = (min(box.corners[at] for box in boxes) for at in (0, 1))
    right, bottom = (max(box.corners[at] for box in boxes) for at in (2, 3))
    margin = max(pad * max(right - left, bottom - top), SMALLEST_MARGIN_PX)
    x1 = int(min(max(0.0, left - margin), size_px[0] - 1))
    y1 = int(min(max(0.0, top - margin), size_px[1] - 1))
    x2 = int(min(size_px[0], right + margin + 1))
    y2 = int(min(size_px[1], bottom + margin + 1))
    return x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)


def draw_boxes(
    picture: Picture, boxes: Sequence[Box], scale: float, origin: tuple[float, float]
) -> None:
    """Outlines first, then captions, each beside its box where there is room."""
    pen = ImageDraw.Draw(picture)
    placed = [_placed(box.corners, scale, origin, picture.size) for box in boxes]
    for box, corners in zip(boxes, placed, strict=True):
        pen.rectangle(corners, outline=box.colour, width=2)
    taken: list[tuple[float, float, float, float]] = []
    for box, corners in zip(boxes, placed, strict=True):
        if box.caption:
            _caption(pen, box, corners, picture.size, taken)


def encoded(picture: Picture, format_: str = "jpeg") -> bytes:
    """The picture as JPEG or WebP of at most 900 kB: coarser, then smaller, until it fits."""
    more = {"subsampling": 0} if format_ == "jpeg" else {"method": 2}
    for quality in (88, 75, 75, 75, 60):
        buffer = io.BytesIO()
        picture.save(buffer, format_, quality=quality, **more)
        if buffer.tell() <= MOST_BYTES:
            return buffer.getvalue()
        if quality < 88:
            share = 0.9 * math.sqrt(MOST_BYTES / buffer.tell())
            picture = picture.resize(
                (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
            )
    raise BadInput("the picture is too large to be sent: ask for a smaller width", code="too_large")


def _placed(
    box: Corners, scale: float, origin: tuple[float, float], size_px: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Corners on the shown picture, inside it, so that every side can be seen."""
    xs = [min(max(0.0, (box[at] - origin[0]) * scale), size_px[0] - 1.0) for at in (0, 2)]
    ys = [min(max(0.0, (box[at] - origin[1]) * scale), size_px[1] - 1.0) for at in (1, 3)]
    return min(xs), min(ys), max(xs), max(ys)


def _caption(
    pen: ImageDraw.ImageDraw,
    box: Box,
    corners: tuple[float, float, float, float],
    size_px: tuple[int, int],
    taken: list[tuple[float, float, float, float]],
) -> None:
    """Text on a plate in the box's colour: above the box, else below, else inside."""
    font = _font(13)
    width, height = pen.textlength(box.caption, font=font) + 8, 18.0
    x = max(0.0, min(corners[0], size_px[0] - width))
    tries = (corners[1] - height, corners[3] + 1, corners[1] + 2, corners[3] - height - 2)
    for y in tries:
        plate = (x, y, x + width, y + height)
        inside = y >= 0 and y + height <= size_px[1]
        if inside and not any(_touch(plate, other) for other in taken):
            break
    else:
        y = min(max(0.0, corners[1] + 2), max(0.0, size_px[1] - height))
        plate = (x, y, x + width, y + height)
    taken.append(plate)
    pen.rectangle(plate, fill=box.colour)
    pen.text((x + 4, plate[1] + 2), box.caption, fill="white", font=font)


def _touch(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@functools.cache
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    """One that knows Japanese."""
    spec = importlib.util.find_spec("matplotlib_fontja")
    assert spec is not None
    assert spec.origin is not None
    return ImageFont.truetype(str(Path(spec.origin).parent / "fonts" / "ipaexg.ttf"), size_px)
