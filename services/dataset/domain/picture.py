"""What the pixels of one picture say, as plain arithmetic on arrays. Legend: h, w small picture."""

import struct

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.float32]

CLIPPED = 252
"""From this grey level on a pixel counts as burnt out."""
FILL_GREY = 128
FILL_TOLERANCE = 4
BLOCK_ROWS = 10
"""A lost tail begins inside a row of blocks, 16 pixels high, at up to 5/8 of the size."""
_LEAST_EDGES = 50
_LEVELS = np.arange(256, dtype=np.float64)
_SIGNS = np.tile(np.array([1.0, -1.0], np.float32), 4)
_LUMINANCE = (16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24)
"""The lowest steps of the luminance table of ITU-T T.81, annex K, in the zigzag order of files."""


def phashes(cosines: Floats) -> tuple[int, int]:
    """64-bit hashes of a picture and of its mirror image, from the DCT of its 32 x 32 grey levels.

    The lowest 8 x 8 frequencies, each above or below their median; the mean (0, 0), which says
    nothing of the content, gives its place to (0, 8). Mirroring turns the sign of the odd columns.

    Args:
        cosines: DCT, shape (32, 32); rows are vertical frequencies.

    Source: Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010.
    """
    block = cosines[:8, :8].copy()
    block[0, 0] = cosines[0, 8]
    return _bits(block), _bits(block * _SIGNS)


def _bits(block: Floats) -> int:
    ranked = np.sort(block, axis=None)
    median = (ranked[31] + ranked[32]) / 2
    return int(np.packbits(block > median).view(np.uint64)[0])


def describe(levels: Counts, chroma: Counts) -> dict[str, float]:
    """Light and colour of a small picture.

    Args:
        levels: how many pixels have each grey level, (256,).
        chroma: how many have each chroma (max - min of B, G, R), (256,).

    Returns:
        `mean`, `std` of the grey levels; `dark_end`, `bright_end`: the levels that 1 % of the
        pixels lie below and above; `clipped`: share of pixels from 252 on; `saturation`: mean of
        the chroma, 0 to 1; `colour`: its 99th percentile.
    """
    total = float(levels.sum())
    mean = float(levels @ _LEVELS) / total
    below, paler = levels.cumsum(), chroma.cumsum()
    low, high = np.searchsorted(below, (0.01 * total, 0.99 * total))
    return {
        "mean": mean,
        "std": float(levels @ (_LEVELS - mean) ** 2 / total) ** 0.5,
        "dark_end": float(low),
        "bright_end": float(high),
        "clipped": 1 - float(below[CLIPPED - 1]) / total,
        "saturation": float(chroma @ _LEVELS) / total / 255,
        "colour": float(np.searchsorted(paler, 0.99 * total)) / 255,
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
