"""Ways to part the boxes of a set: by size, shape, place, crowding, light, and leakage.

Shapes in names: `l` labels, `d` detections, `i` images, `n` boxes of either kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from services.analyzer.domain.boxes import Floats, Ints
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.wording import Sentence

OUTSIDE = -1
SIZES_PX = (16, 32, 64, 128)
BORDER = 0.01
"""A box nearer than this share of the image to an edge is at the border."""
FEWEST_IMAGES = 30
"""Of fewer images no thirds are made."""


@dataclass(frozen=True)
class Looks:
    """What is known of each image beyond its boxes; None where nobody measured it.

    Sizes in pixels, shape (i, 2) as width and height; `imgsz` is the side of the square that the
    model saw. `in_train_i` marks images whose bytes are in the train split too.
    """

    size_i2: Floats
    imgsz: int | None = None
    brightness_i: Floats | None = None
    contrast_i: Floats | None = None
    sharpness_i: Floats | None = None
    in_train_i: Ints | None = None


@dataclass(frozen=True)
class Dimension:
    """One way to part the boxes: a name per part, and the part of each box, -1 for none."""

    name: str
    parts: tuple[str, ...]
    words: tuple[Sentence, ...]
    label_l: Ints
    detection_d: Ints


def dimensions(data: Evidence, looks: Looks) -> list[Dimension]:
    """All the ways that what is known allows."""
    found = [
        Dimension(
            "class",
            data.classes,
            tuple({"en": f"class {name}", "ja": f"クラス {name}"} for name in data.classes),
            data.label_class_l,
            data.class_d,
        ),
        _of_boxes("size", _sizes(looks.imgsz), data, looks, _size_part),
        _of_boxes("aspect", ASPECTS, data, looks, _aspect_part),
        _of_boxes("position", POSITIONS, data, looks, _position_part),
        _of_images("crowding", CROWDS, data, _crowd_part(data)),
    ]
    for name, value_i in (
        ("brightness", looks.brightness_i),
        ("contrast", looks.contrast_i),
        ("sharpness", looks.sharpness_i),
    ):
        if value_i is not None and data.images >= FEWEST_IMAGES:
            cuts = np.quantile(value_i, (1 / 3, 2 / 3))
            part_i = np.searchsorted(cuts, value_i, side="right")
            found.append(_of_images(name, THIRDS[name], data, part_i))
    if looks.in_train_i is not None and looks.in_train_i.any():
        found.append(_of_images("leakage", LEAKAGE, data, looks.in_train_i))
    return found


Words = tuple[tuple[str, str, str], ...]
"""Code, English, Japanese of each part."""

ASPECTS: Words = (
    ("tall", "logos at least twice as tall as wide", "縦が横の 2 倍以上のロゴ"),
    ("even", "logos about as tall as wide", "縦横がほぼ同じロゴ"),
    ("wide", "logos two to four times as wide as tall", "横が縦の 2 ~ 4 倍のロゴ"),
    ("very_wide", "logos four times as wide as tall and more", "横が縦の 4 倍以上のロゴ"),
)
POSITIONS: Words = (
    ("border", "logos at the edge of the image", "画像の端にあるロゴ"),
    ("centre", "logos in the middle of the image", "画像の中央にあるロゴ"),
    ("elsewhere", "logos between middle and edge", "中央と端の間にあるロゴ"),
)
CROWDS: Words = (
    ("1", "logos in images with one logo", "ロゴが 1 個の画像のロゴ"),
    ("2-3", "logos in images with two or three logos", "ロゴが 2 ~ 3 個の画像のロゴ"),
    ("4+", "logos in images with four logos and more", "ロゴが 4 個以上の画像のロゴ"),
)
LEAKAGE: Words = (
    ("not_in_train", "logos in images that are not in train", "train にない画像のロゴ"),
    ("in_train", "logos in images that are in train too", "train にも含まれる画像のロゴ"),
)
THIRDS: dict[str, Words] = {
    "brightness": (
        ("dark", "logos in the darkest third of the images", "最も暗い 3 分の 1 の画像のロゴ"),
        (
            "medium",
            "logos in the third of images of medium brightness",
            "中程度の明るさの画像のロゴ",
        ),
        (
            "bright",
            "logos in the brightest third of the images",
            "最も明るい 3 分の 1 の画像のロゴ",
        ),
    ),
    "contrast": (
        (
            "flat",
            "logos in the third of images with the least contrast",
            "コントラストが最も低い 3 分の 1 の画像のロゴ",
        ),
        (
            "medium",
            "logos in the third of images of medium contrast",
            "中程度のコントラストの画像のロゴ",
        ),
        (
            "strong",
            "logos in the third of images with the most contrast",
            "コントラストが最も高い 3 分の 1 の画像のロゴ",
        ),
    ),
    "sharpness": (
        (
            "blurred",
            "logos in the most blurred third of the images",
            "最もぼけた 3 分の 1 の画像のロゴ",
        ),
        (
            "medium",
            "logos in the third of images of medium sharpness",
            "中程度の鮮明さの画像のロゴ",
        ),
        ("sharp", "logos in the sharpest third of the images", "最も鮮明な 3 分の 1 の画像のロゴ"),
    ),
}


def sizes_px(box_n4: Floats, image_n: Ints, looks: Looks) -> Floats:
    """Square root of the area of each box, in pixels of what the model saw; shape (n,)."""
    side_n2 = np.maximum(box_n4[:, 2:] - box_n4[:, :2], 0)
    longest_n = looks.size_i2.max(axis=1)[image_n]
    scale_n = looks.imgsz / longest_n if looks.imgsz else 1.0
    size_n: Floats = np.sqrt(side_n2.prod(axis=1)) * scale_n
    return size_n


def _sizes(imgsz: int | None) -> Words:
    at, at_ja = (f" at {imgsz}", f"（{imgsz} で推論時）") if imgsz else ("", "")
    small, *_, big = SIZES_PX
    middle = [
        (f"{low}-{high}px", f"logos of {low} to {high} px{at}", f"{low} ~ {high} px のロゴ{at_ja}")
        for low, high in pairwise(SIZES_PX)
    ]
    return (
        (f"<{small}px", f"logos below {small} px{at}", f"{small} px 未満のロゴ{at_ja}"),
        *middle,
        (f">={big}px", f"logos of {big} px and more{at}", f"{big} px 以上のロゴ{at_ja}"),
    )


def _size_part(box_n4: Floats, image_n: Ints, looks: Looks) -> Ints:
    return np.searchsorted(SIZES_PX, sizes_px(box_n4, image_n, looks), side="right")


def _aspect_part(box_n4: Floats, _: Ints, __: Looks) -> Ints:
    width_n, height_n = (box_n4[:, 2:] - box_n4[:, :2]).T
    part_n: Ints = np.searchsorted((0.5, 2, 4), width_n / np.maximum(height_n, 1e-9), side="right")
    return part_n


def _position_part(box_n4: Floats, image_n: Ints, looks: Looks) -> Ints:
    share_n4 = box_n4 / np.tile(looks.size_i2[image_n], 2)
    at_edge_n = (share_n4[:, :2] <= BORDER).any(axis=1) | (share_n4[:, 2:] >= 1 - BORDER).any(
        axis=1
    )
    centre_n2 = (share_n4[:, :2] + share_n4[:, 2:]) / 2
    in_middle_n = (np.abs(centre_n2 - 0.5) <= 0.25).all(axis=1)
    part_n: Ints = np.select([at_edge_n, in_middle_n], [0, 1], default=2)
    return part_n


def _crowd_part(data: Evidence) -> Ints:
    count_i = np.bincount(data.label_image_l, minlength=data.images)
    part_i: Ints = np.where(count_i, np.searchsorted((2, 4), count_i, side="right"), OUTSIDE)
    return part_i


def _of_boxes(name: str, words: Words, data: Evidence, looks: Looks, part: object) -> Dimension:
    """Each box parted by its own corners."""
    assert callable(part)
    return _named(
        name,
        words,
        part(data.label_box_l4, data.label_image_l, looks),
        part(data.box_d4, data.image_d, looks),
    )


def _of_images(name: str, words: Words, data: Evidence, part_i: Ints) -> Dimension:
    """Each box parted as its image is."""
    return _named(name, words, part_i[data.label_image_l], part_i[data.image_d])


def _named(name: str, words: Words, label_l: Ints, detection_d: Ints) -> Dimension:
    shown: Sequence[Sentence] = [{"en": en, "ja": ja} for _, en, ja in words]
    return Dimension(name, tuple(code for code, *_ in words), tuple(shown), label_l, detection_d)
