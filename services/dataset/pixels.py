"""Measure decoded pixels, once per image in full mode: hashes, light, colour, sharpness, grey fill.

Every measure is taken of a picture at about an eighth of the size, which is what the strict decode
of a JPEG gives; pictures of other formats are made as small first. Only sharpness looks again, at
pictures whose few bytes make a blur possible.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

from services.dataset.domain.picture import (
    CLIPPED,
    describe,
    grey_fill,
    jpeg_quality,
    phashes,
    sharp_share,
)
from services.dataset.domain.scanned import PIXELS, Table

Picture = npt.NDArray[Any]
"""Of uint8; what OpenCV returns has no narrower type."""

cv2.setNumThreads(1)  # the scan has its own processes

SHARPNESS_SIDES = (448, 640)
"""The longer side at which sharpness is judged, between these: what a trainer sees, or less."""
MOST_BITS = ((50, 0.45), (75, 0.62), (85, 0.8), (90, 1.0), (95, 1.45), (100, 2.2))
"""Up to which JPEG quality, how many bits a pixel a blurred picture needs at most (measured)."""
SMOOTH = 0.8
"""Laplacian over contrast of the small picture: above it there is detail, and so no blur."""
_K3 = np.ones((3, 3), np.uint8)
_K9 = np.ones((9, 9), np.uint8)


def measure(thumb: Picture, data: bytes, kind: str) -> Table:
    """Shape (1,) of PIXELS.

    Args:
        thumb: the picture at about an eighth of the size, (h, w, 3) BGR.
        data: the bytes of the file.
        kind: the format of the file, one of `FORMATS`.
    """
    row = np.zeros(1, PIXELS)
    grey: Picture = cv2.cvtColor(thumb, cv2.COLOR_BGR2GRAY)
    tiny = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA)
    cosines: Picture = cv2.dct(tiny.astype(np.float32))
    row["phash"], row["phash_mirrored"] = phashes(cosines)
    channels = cv2.split(thumb)
    told = describe(_counts(grey), _counts(_range_of(*channels)))
    for name, value in told.items():
        row[name] = value
    row["clipped_rim"] = _rim(grey)
    ends = [cv2.minMaxLoc(channel)[:2] for channel in channels]
    row["spread"] = max(high - low for low, high in ends)
    row["grey_fill"] = grey_fill(thumb)
    row["quality"] = quality = jpeg_quality(data) if kind == "jpeg" else 0
    row["sharpness"] = _sharpness(grey, told["std"], data, kind, quality)
    row["seen"] = True
    return row


def _counts(channel: Picture) -> npt.NDArray[np.float32]:
    """(256,): how many pixels have each level."""
    counts: Picture = cv2.calcHist([channel], [0], None, [256], [0, 256])
    return counts.ravel()


def _range_of(blue: Picture, green: Picture, red: Picture) -> Picture:
    """(h, w): largest less smallest of the three."""
    largest, smallest = cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red)
    return np.asarray(cv2.subtract(largest, smallest), np.uint8)


def _rim(grey: Picture) -> float:
    """Share of the outermost pixels that are burnt out."""
    rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return float(np.count_nonzero(rim >= CLIPPED)) / len(rim)


def _sharpness(grey: Picture, contrast: float, data: bytes, kind: str, quality: int) -> float:
    """How steep the steepest edges are, 0 to 1; 1 also where bytes or detail rule a blur out.

    A blurred picture needs few bits and has little detail when it is small: only those that have
    both are decoded larger and looked at closely.
    """
    width = height = 0
    if kind == "jpeg":
        high, wide, _, _ = simplejpeg.decode_jpeg_header(data, strict=False)  # type: ignore[attr-defined]
        width, height = int(wide), int(high)
        limit = next(bits for most, bits in MOST_BITS if quality <= most)
        if len(data) * 8 > limit * width * height:
            return 1.0
    detail = float(cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F))[1][0, 0])
    if contrast < 1 or detail > SMOOTH * contrast:
        return 1.0
    if kind != "jpeg":
        whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        return _edge_sharpness(np.asarray(whole)) if whole is not None else 1.0
    factor = min(1.0, SHARPNESS_SIDES[0] / max(width, height))
    least = {"min_width": int(width * factor), "min_height": int(height * factor)}
    large: Picture = simplejpeg.decode_jpeg(  # type: ignore[attr-defined]
        data, "GRAY", strict=False, **least
    )
    return _edge_sharpness(large[:, :, 0])


def _edge_sharpness(grey: Picture) -> float:
    """Range in 3 x 3 pixels over range in 9 x 9, at the picture's clearest edges."""
    factor = SHARPNESS_SIDES[1] / max(grey.shape)
    if factor < 1:
        grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    near: Picture = cv2.subtract(cv2.dilate(grey, _K3), cv2.erode(grey, _K3))
    wide: Picture = cv2.subtract(cv2.dilate(grey, _K9), cv2.erode(grey, _K9))
    return sharp_share(near[::2, ::2], wide[::2, ::2])
