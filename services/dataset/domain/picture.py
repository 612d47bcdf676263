"""What the pixels of pictures say, as plain arithmetic on arrays.

Legend: h, w small picture; B pictures that are measured together.
"""

import struct
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]

CLIPPED = 252
"""From this grey level on a pixel counts as burnt out."""
FILL_GREY = 128
FILL_TOLERANCE = 4
BLOCK_ROWS = 10
"""A lost tail begins inside a row of blocks, 16 pixels high, at up to 5/8 of the size."""
_LEAST_EDGES = 50
_MOMENTS = np.arange(256, dtype=np.float64)[:, None] ** np.arange(3)
"""(256, 3): what a level adds to the count, the sum, and the sum of squares."""
_SIGNS = np.tile(np.array([1.0, -1.0], np.float32), 4)
_LUMINANCE = (16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24)
"""The lowest steps of the luminance table of ITU-T T.81, annex K, in the zigzag order of files."""


def phashes(cosines: Floats) -> tuple[Hashes, Hashes]:
    """64-bit hashes of B pictures and of their mirror images, from the DCT of 32 x 32 grey levels.

    The lowest 8 x 8 frequencies, each above or below their median; the mean (0, 0), which says
    nothing of the content, gives its place to (0, 8). Mirroring turns the sign of the odd columns.

    Args:
        cosines: the lowest 9 x 9 of the DCT, shape (B, 9, 9); rows are vertical frequencies.

    Returns:
        Shape (B,) each.

    Source: Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010.
    """
    blocks = cosines[:, :8, :8].copy()
    blocks[:, 0, 0] = cosines[:, 0, 8]
    return _bits(blocks.reshape(-1, 64)), _bits((blocks * _SIGNS).reshape(-1, 64))


def _bits(blocks: Floats) -> Hashes:
    ranked = np.partition(blocks, (31, 32), axis=1)
    medians = (ranked[:, 31] + ranked[:, 32]) / 2
    return np.packbits(blocks > medians[:, None], axis=1).view(np.uint64)[:, 0]


@lru_cache(maxsize=1024)
def cosines_of(side: int) -> Floats:
    """(9, side): takes a side of pixels to the lowest 9 frequencies of the DCT of its 32 means.

    With `C` for the height and `D` for the width, `C @ grey @ D.T` shrinks a picture to 32 x 32 by
    area and transforms it (DCT-II, orthonormal), without the 1,024 pixels in between.
    """
    edges = np.arange(33) * (side / 32)
    low, high = edges[:-1, None], edges[1:, None]
    pixel = np.arange(side)
    shares = np.clip(np.minimum(high, pixel + 1) - np.maximum(low, pixel), 0, None) * (32 / side)
    waves = np.cos(np.pi / 64 * np.outer(np.arange(9), 2 * np.arange(32) + 1)) / 4
    waves[0] /= 2**0.5
    return np.asarray(waves @ shares, np.float32)


def describe(levels: Counts, chroma: Counts) -> dict[str, npt.NDArray[np.float64]]:
    """Light and colour of B small pictures.

    Args:
        levels: how many pixels have each grey level, (B, 256).
        chroma: how many have each chroma (max - min of B, G, R), (B, 256).

    Returns:
        Shape (B,) each: `mean`, `std` of the grey levels; `dark_end`, `bright_end`: the levels that
        1 % of the pixels lie below and above; `clipped`: share of pixels from 252 on;
        `saturation`: mean of the chroma, 0 to 1; `colour`: its 99th percentile.
    """
    total, first, second = (levels @ _MOMENTS).T
    mean = first / total
    below, paler = levels.cumsum(axis=1), chroma.cumsum(axis=1)

    def end(sums: Counts, share: float) -> npt.NDArray[np.float64]:
        return np.asarray((sums < share * total[:, None]).sum(axis=1), np.float64)

    return {
        "mean": mean,
        "std": np.sqrt(np.maximum(second / total - mean**2, 0)),
        "dark_end": end(below, 0.01),
        "bright_end": end(below, 0.99),
        "clipped": 1 - below[:, CLIPPED - 1] / total,
        "saturation": chroma @ _MOMENTS[:, 1] / total / 255,
        "colour": end(paler, 0.99) / 255,
    }


def grey_fill(small: Picture) -> float:
    """Share of rows at the lower end that a decoder filled with grey because the data broke off.

    Such rows are flat, of level 128 within 4 and without colour. A picture on plain grey ground is
    told apart by its upper end, which is then grey as well, and by the row above the fill: a lost
    tail cuts across the whole width.

    Args:
        small: (h, w, 3), BGR.
    """
    if abs(int(small[-1, 0, 0]) - FILL_GREY) > FILL_TOLERANCE:
        return 0.0
    if np.abs(small[-1].astype(np.int16) - FILL_GREY).max() > FILL_TOLERANCE:
        return 0.0
    plain = np.abs(small.astype(np.int16) - FILL_GREY).max(axis=2) <= FILL_TOLERANCE
    rows = plain.all(axis=1)
    filled = int(np.argmin(rows[::-1])) if not rows.all() else len(rows)
    above = len(rows) - filled - 1
    if above < 1 or plain[0].mean() > 0.5 or plain[: above + 1].mean() > 0.25:
        return 0.0
    fill = small[above + 2 :]
    if len(fill) and int(fill.max()) - int(fill.min()) > FILL_TOLERANCE:
        return 0.0  # a slope of light that ends in grey
    before = small[max(0, above - BLOCK_ROWS) : above + 1].astype(np.int16)
    if np.abs(before - FILL_GREY).max(axis=(1, 2)).max() <= 3 * FILL_TOLERANCE:
        return 0.0  # the rows above come to grey little by little
    edge = plain[max(0, above - BLOCK_ROWS) : above + 1].mean(axis=1).min()
    return filled / len(rows) if edge < 0.4 else 0.0


def sharp_share(near: Picture, wide: Picture) -> float:
    """Range inside 3 x 3 pixels as a share of the range inside 9 x 9, at the clearest edges.

    A step edge has all of its height inside 3 pixels: 1. Blurred by a Gaussian of s pixels it is
    about 0.5 for s = 2 and falls towards 0.3, a plain ramp. What the picture shows plays no part,
    so that a product on white ground is as sharp as a street.

    Args:
        near: range (maximum - minimum) in 3 x 3 pixels, (H, W).
        wide: the same in 9 x 9 pixels.

    Returns:
        The 98th percentile, 0 to 1; 1 when there is no edge to judge by.
    """
    levels = np.bincount(wide.ravel(), minlength=256).cumsum()
    clear = max(16, int(np.searchsorted(levels, 0.9 * levels[-1])) // 2)
    at = wide >= clear
    share = near[at] / wide[at].astype(np.float32)
    if len(share) < _LEAST_EDGES:
        return 1.0
    place = int(0.98 * (len(share) - 1))
    return float(np.partition(share, place)[place])


def jpeg_quality(data: bytes) -> int:
    """The quality, 1 to 100, that the IJG library would write these quantisation tables for.

    Returns:
        0 when there is no table before the picture's data.

    Source: ITU-T T.81, B.2.4.1; the scaling of jpeg_set_quality in libjpeg.
    """
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", data, at + 2)
        if data[at + 1] == 0xDB and length >= 67:
            wide = data[at + 4] >> 4
            table = data[at + 5 : at + 5 + (128 if wide else 64)]
            steps = struct.unpack(">64H", table) if wide and len(table) == 128 else tuple(table)
            return _quality(sum(steps[: len(_LUMINANCE)]))
        at += 2 + max(2, length)
    return 0


def _quality(steps: int) -> int:
    if steps == len(_LUMINANCE):  # nothing is rounded away
        return 100
    scale = 100 * steps / sum(_LUMINANCE)
    quality = (200 - scale) / 2 if scale <= 100 else 5000 / scale
    return int(min(100, max(1, round(quality))))
