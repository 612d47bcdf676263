"""Rules over the pixels of single images, and over their distribution: light, sharpness, colour.

They need the full mode: without decoded pixels they say nothing.
"""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.scanned import Drift, Place, Scanned, Table

Mask = npt.NDArray[np.bool_]

GREY_PHOTO = 0.06
"""Chroma (99th percentile) up to which a picture counts as grey: JPEG alone brings about 0.03."""
_MOST_CLEAN_RIM = 0.9
_FEWEST = 10
_FEWEST_OF_SPLIT = 5
_CHANCE = 1e-3
PROPERTIES = {
    "mean": "brightness",
    "std": "contrast",
    "saturation": "saturation",
    "sharpness": "sharpness",
}


def check_pixels(scanned: Scanned, rules: Rules) -> Iterator[Place]:
    """Images that are blank, too dark or bright, blurred, much compressed, or filled with grey."""
    pixels = scanned.pixels
    if not len(pixels):
        return
    seen = pixels["seen"]
    blank = seen & is_blank(pixels, rules.threshold("blank_image"))
    filled = seen & ~blank & (pixels["grey_fill"] >= rules.threshold("partial_gray_fill"))
    plain = seen & ~blank
    dark = plain & (pixels["bright_end"] < rules.threshold("dark_image"))
    bright = plain & _overexposed(pixels, rules.threshold("overexposed_image"))
    blurred = plain & ~filled & (pixels["sharpness"] < rules.threshold("blurry_image"))
    quality = pixels["quality"]
    poor = seen & (quality > 0) & (quality < rules.threshold("low_jpeg_quality"))
    told: tuple[tuple[str, Mask, str, str], ...] = (
        ("blank_image", blank, "spread", "It shows one colour only. Remove it."),
        ("partial_gray_fill", filled, "grey_fill", _FILLED),
        ("dark_image", dark, "bright_end", "It is almost black: brighten it, or leave it out."),
        ("overexposed_image", bright, "clipped", "Much of it is burnt out to white."),
        ("blurry_image", blurred, "sharpness", "It is blurred: even its clearest edges are soft."),
        ("low_jpeg_quality", poor, "quality", "It was compressed so much that detail is lost."),
    )
    for rule, mask, column, text in told:
        for row in np.flatnonzero(mask).tolist():
            value = f"{pixels[column][row]:.3g}"
            yield scanned.split_of(row), scanned.file_of(row), Hit(rule, text, value=value)


_FILLED = (
    "Its lower part is one flat grey, as left by a file whose end was lost: boxes there are wrong. "
    "Get the image again."
)


def is_blank(pixels: Table, spread: float) -> Mask:
    """(N,): whether an image has nothing to tell it by; also what duplicates set aside."""
    return np.asarray(pixels["spread"] <= spread, np.bool_)


def _overexposed(pixels: Table, share: float) -> Mask:
    """Burnt out in large parts, or pale everywhere; a thing on clean white ground is neither.

    Clean ground reaches around the whole rim, and the thing on it has dark or coloured parts.
    """
    burnt = (pixels["clipped"] >= share) & (pixels["clipped_rim"] < _MOST_CLEAN_RIM)
    pale = (pixels["mean"] > 215) & (pixels["dark_end"] > 130) & (pixels["colour"] < 0.3)
    return np.asarray(burnt | pale, np.bool_)


def check_colour_space(scanned: Scanned, rules: Rules) -> Iterator[Place]:
    """Few grey images among coloured ones, or few coloured ones among grey."""
    pixels = scanned.pixels
    seen = np.flatnonzero(pixels["seen"]) if len(pixels) else np.zeros(0, np.intp)
    if len(seen) < _FEWEST:
        return
    grey = pixels["colour"][seen] <= GREY_PHOTO
    few = rules.threshold("color_space_outlier") * len(seen)
    for rows, name, others in ((seen[grey], "grey", "coloured"), (seen[~grey], "coloured", "grey")):
        if 0 < len(rows) <= max(1.0, few):
            for row in rows.tolist():
                text = f"It is {name}, while nearly all the others are {others}."
                hit = Hit("color_space_outlier", text, value=name)
                yield scanned.split_of(row), scanned.file_of(row), hit


def check_property_drift(scanned: Scanned, rules: Rules) -> Iterator[Place]:
    """Val or test images that look unlike those of train: brightness, contrast, colour, blur."""
    for split, column, distance, here, train in property_drift(scanned):
        if distance >= rules.threshold("image_property_drift"):
            text = (
                f"The {PROPERTIES[column]} of the {split} images is unlike that of train "
                f"(median {here:.3g} against {train:.3g}): the figures will not tell how well the "
                "training went. Split anew, or collect alike."
            )
            yield split, None, Hit("image_property_drift", text, value=f"{distance:.2f}")


def property_drift(scanned: Scanned) -> tuple[Drift, ...]:
    """The same as `drifts`, found once for all who ask."""
    if scanned.drift is None:
        scanned.drift = tuple(drifts(scanned))
    return scanned.drift


def drifts(scanned: Scanned) -> Iterator[Drift]:
    """Split, property, distance from train, and the medians here and in train.

    The distance is 0 where it could be chance (1 in 1,000; for few images, less).

    Source: two-sample Kolmogorov-Smirnov test, its asymptotic critical value.
    """
    pixels = scanned.pixels
    if not len(pixels) or "train" not in scanned.splits:
        return
    rows = {split: scanned.rows_of(split) for split in scanned.splits}
    rows = {split: found[pixels["seen"][found]] for split, found in rows.items()}
    train = rows.pop("train")
    ranked = {column: np.sort(pixels[column][train]) for column in PROPERTIES}
    for split, found in rows.items():
        if min(len(train), len(found)) < _FEWEST_OF_SPLIT:
            continue
        chance = math.sqrt(-math.log(_CHANCE / 2) / 2 * (1 / len(train) + 1 / len(found)))
        for column in PROPERTIES:
            one, other = np.sort(pixels[column][found]), ranked[column]
            distance = ks_distance(one, other)
            medians = float(np.median(one)), float(np.median(other))
            yield split, column, distance if distance > chance else 0.0, *medians


def ks_distance(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Largest difference of the cumulative shares of two samples, each sorted, 0 to 1."""
    places = np.concatenate([one, other])
    below = [np.searchsorted(each, places, "right") / len(each) for each in (one, other)]
    return float(np.abs(below[0] - below[1]).max())
