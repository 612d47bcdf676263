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
    cosines_of,
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


class Shots:
    """Pictures that wait to be measured together.

    Decoding one empties the processor's caches of all that measuring needs: a batch is measured
    in half the time that its pictures take one by one.
    """

    def __init__(self) -> None:
        self.thumbs: list[Picture] = []
        self.kinds: list[str] = []
        self.qualities: list[int] = []
        self.blurs: list[bytes | None] = []
        """The bytes of the file where a blur is possible."""

    def __len__(self) -> int:
        return len(self.thumbs)

    def add(self, thumb: Picture, data: bytes, kind: str) -> None:
        """Take one more.

        Args:
            thumb: the picture at about an eighth of the size, (h, w, 3) BGR.
            data: the bytes of the file.
            kind: the format of the file, one of `FORMATS`.
        """
        quality = jpeg_quality(data) if kind == "jpeg" else 0
        self.thumbs.append(thumb)
        self.kinds.append(kind)
        self.qualities.append(quality)
        self.blurs.append(None if kind == "jpeg" and _has_many_bits(data, quality) else data)

    def measured(self) -> Table:
        """(B,) of PIXELS, in the order in which they were added; then none waits."""
        rows = np.zeros(len(self), PIXELS)
        if not len(self):
            return rows
        parts = list(map(_parts, self.thumbs))
        cosines, levels, chroma, rims, spreads, fills = zip(*parts, strict=True)
        rows["phash"], rows["phash_mirrored"] = phashes(np.stack(cosines))
        for name, values in describe(np.stack(levels), np.stack(chroma)).items():
            rows[name] = values
        rows["clipped_rim"], rows["spread"], rows["grey_fill"] = rims, spreads, fills
        rows["quality"] = self.qualities
        rows["sharpness"] = list(map(_sharpness, self.thumbs, self.blurs, self.kinds))
        rows["seen"] = True
        for waiting in (self.thumbs, self.kinds, self.qualities, self.blurs):
            waiting.clear()
        return rows


def measure(thumb: Picture, data: bytes, kind: str) -> Table:
    """Shape (1,) of PIXELS, of one picture as in `Shots.add`."""
    shots = Shots()
    shots.add(thumb, data, kind)
    return shots.measured()


def _parts(thumb: Picture) -> tuple[Picture, Picture, Picture, float, float, float]:
    """Frequencies, grey levels and chroma, burnt-out rim, spread and grey fill of one picture."""
    grey: Picture = cv2.cvtColor(thumb, cv2.COLOR_BGR2GRAY)
    height, width = grey.shape
    cosines = cosines_of(height) @ grey.astype(np.float32) @ cosines_of(width).T
    channels = cv2.split(thumb)
    ends = [cv2.minMaxLoc(channel)[:2] for channel in channels]
    spread = max(high - low for low, high in ends)
    chroma = _counts(_range_of(*channels))
    return cosines, _counts(grey), chroma, _rim(grey), spread, grey_fill(thumb)


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


def _has_many_bits(data: bytes, quality: int) -> bool:
    """Whether a JPEG has more bits a pixel than a blurred one of its quality needs."""
    high, wide, _, _ = simplejpeg.decode_jpeg_header(data, strict=False)  # type: ignore[attr-defined]
    limit = next(bits for most, bits in MOST_BITS if quality <= most)
    return len(data) * 8 > limit * int(wide) * int(high)


def _sharpness(thumb: Picture, data: bytes | None, kind: str) -> float:
    """How steep the steepest edges are, 0 to 1; 1 also where bytes or detail rule a blur out.

    A blurred picture needs few bits and has little detail when it is small: only those that have
    both are decoded larger and looked at closely.
    """
    if data is None:
        return 1.0
    grey: Picture = cv2.cvtColor(thumb, cv2.COLOR_BGR2GRAY)
    contrast = float(cv2.meanStdDev(grey)[1][0, 0])
    detail = float(cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F))[1][0, 0])
    if contrast < 1 or detail > SMOOTH * contrast:
        return 1.0
    if kind != "jpeg":
        whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        return _edge_sharpness(np.asarray(whole)) if whole is not None else 1.0
    high, wide, _, _ = simplejpeg.decode_jpeg_header(data, strict=False)  # type: ignore[attr-defined]
    factor = min(1.0, SHARPNESS_SIDES[0] / max(int(wide), int(high)))
    least = {"min_width": int(int(wide) * factor), "min_height": int(int(high) * factor)}
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
