"""Small copies of images for people to look at, with their boxes drawn in on request."""

import io
import warnings

import numpy as np
from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError

from libs.common.errors import BadInput
from services.dataset.domain.labels import Boxes

MOST_PIXELS = 89_478_485
"""Larger images are not decoded: Pillow's own limit."""
MOST_JPEG_BYTES = 900_000
"""Of one answer; the bus takes 1 MB."""
COLOURS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#808000")


def thumbnail(data: bytes, side: int, boxes: Boxes | None = None) -> bytes:
    """A JPEG of the image, upright as the trainer sees it.

    Args:
        data: of an image file that nobody vouches for.
        side: longest side in pixels; smaller images stay as they are.
        boxes: (N, 5) as the trainer keeps them, to be drawn in.

    Raises:
        BadInput: it cannot be decoded, or is too large to be.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise BadInput("The image is too large to be shown.", code="image_too_large")
                image.draft("RGB", (side, side))  # a JPEG is decoded at a fraction of its size
                small = ImageOps.exif_transpose(image)
                small.thumbnail((side, side))
                shown = small.convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise BadInput("The file is no image that can be shown.", code="no_picture") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadInput(f"The image is damaged: {str(error)[:120]}.", code="no_picture") from error
    if boxes is not None:
        _draw(shown, boxes)
    return _packed(shown)


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, upright; None where it is no image."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                turned = image.getexif().get(274, 1) in (5, 6, 7, 8)
                return (image.height, image.width) if turned else image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _draw(image: Image.Image, boxes: Boxes) -> None:
    pen = ImageDraw.Draw(image)
    scale = np.array([image.width, image.height])
    for number, *box in boxes.tolist():
        centre, half = np.array(box[:2]) * scale, np.array(box[2:]) * scale / 2
        corners = [*(centre - half).tolist(), *(centre + half).tolist()]
        pen.rectangle(corners, outline=COLOURS[int(number) % len(COLOURS)], width=2)


def _packed(image: Image.Image) -> bytes:
    for quality in (85, 60, 30):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        if out.tell() <= MOST_JPEG_BYTES:
            return out.getvalue()
    raise BadInput("The picture is too large: ask for a smaller one.", code="image_too_large")
