"""One logo in a scene: printed on the scene itself, or on a sign, cup or cloth laid into it."""

from typing import NamedTuple

import cv2
import numpy as np

from libs.synthetic.backgrounds import Image, Rng, surface
from libs.synthetic.icons import Icon

_MIN_CONTRAST = 55.0  # of 255 in luma: below it a person would not see the mark either
_LUMA_BGR = np.array([0.114, 0.587, 0.299], np.float32)  # ITU-R BT.601
_INK = 0.25  # alpha from which a warped pixel counts as the logo's


class Place(NamedTuple):
    """Where a thing stands: centre and longest side in pixels, tilt as a share, turn in radians."""

    centre_x: float
    centre_y: float
    side_px: float
    tilt: float
    turn_rad: float


class Card(NamedTuple):
    """A flat thing with a logo: colours (H, W, 3), outline and logo masks (H, W) in 0..1."""

    colours: Image
    outline: Image
    logo: Image


class Box(NamedTuple):
    """Corners in pixels, x1 < x2 and y1 < y2."""

    x1: float
    y1: float
    x2: float
    y2: float


def print_on_scene(rng: Rng, scene: Image, icon: Icon, place: Place) -> Box | None:
    """Paint the logo straight onto `scene`, in place; its box, or None if nothing of it shows."""
    mask: Image = icon.alpha.astype(np.float32) / np.float32(255)
    warp = _warp_to(rng, mask, place)
    ink = _warped(mask, warp, scene)
    box = ink_box(ink)
    if box is None:
        return None
    under = scene[ink > _INK].mean(axis=0)
    colour = _paint(rng, icon.colour_bgr, under)
    opacity = ink[..., None] * np.float32(rng.uniform(0.78, 1.0))
    texture = scene - cv2.GaussianBlur(scene, (0, 0), 3)
    scene *= 1 - opacity
    scene += (colour + 0.5 * texture) * opacity
    return box


def lay_card(rng: Rng, scene: Image, card: Card, place: Place) -> Box | None:
    """Lay a card and its shadow into `scene`, in place; the logo's box, or None if hidden."""
    warp = _warp_to(rng, card.logo, place)
    box = ink_box(_warped(card.logo, warp, scene))
    if box is None:
        return None
    outline = _warped(card.outline, warp, scene)
    colours = _warped(card.colours, warp, scene)
    drop = scene.shape[0] * 0.012
    shadow = np.roll(cv2.GaussianBlur(outline, (0, 0), drop), (int(drop), int(drop)), (0, 1))
    covered = outline[..., None]
    scene *= (1 - 0.45 * shadow[..., None] * (1 - covered)) * (1 - covered)
    scene += colours * covered
    return box


def make_card(rng: Rng, icon: Icon) -> Card:
    """A sign, cup or cloth of a random material with the logo painted in its middle."""
    logo_height, logo_width = icon.alpha.shape
    margin = rng.uniform(0.12, 0.5)
    height = int(logo_height * (1 + 2 * margin))
    width = int(logo_width * (1 + 2 * margin * rng.uniform(0.8, 1.8)))
    top, left = (height - logo_height) // 2, (width - logo_width) // 2
    logo = np.zeros((height, width), np.float32)
    logo[top : top + logo_height, left : left + logo_width] = icon.alpha / np.float32(255)
    colours = surface(rng, height, width)
    paint = _paint(rng, icon.colour_bgr, colours.mean(axis=(0, 1)))
    texture = colours - cv2.blur(colours, (9, 9))
    ink = logo[..., None]
    colours += ((paint + 0.8 * texture) - colours) * ink
    if rng.random() < 0.5:  # a cup or a bottle: darker towards both sides
        bend = 0.62 + 0.5 * np.sin(np.linspace(0.35, np.pi - 0.35, width))
        colours *= bend.astype(np.float32)[None, :, None]
    radius = int(min(height, width) * rng.uniform(0, 0.45))
    return Card(colours, _rounded(height, width, radius), logo)


def ink_box(ink: Image) -> Box | None:
    """The smallest box around a logo's pixels, or None when under 12 pixels show."""
    rows, columns = np.where(ink > _INK)
    if len(rows) < 12:
        return None
    return Box(
        float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1)
    )


def _paint(rng: Rng, brand_bgr: tuple[int, int, int], under_bgr: Image) -> Image:
    """The brand's colour, or white or black, always with contrast to what is beneath it."""
    if rng.random() < 0.6:
        colour = np.array(brand_bgr, np.float32)
    else:
        colour = np.full(3, 250.0 if rng.random() < 0.5 else 12.0, np.float32)
    luma_under = float(under_bgr @ _LUMA_BGR)
    if abs(float(colour @ _LUMA_BGR) - luma_under) < _MIN_CONTRAST:
        colour = np.full(3, 246.0 if luma_under < 128 else 14.0, np.float32)
    return colour + rng.normal(0, 5, 3).astype(np.float32)


def _warp_to(rng: Rng, flat: Image, place: Place) -> Image:
    """Homography (3, 3) from a flat thing's pixels to the scene's, seen a little from the side."""
    height, width = flat.shape[:2]
    scale = place.side_px / max(height, width)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = (corners - np.array([width / 2, height / 2])) * scale
    seen += rng.uniform(-place.tilt, place.tilt, (4, 2)) * np.array([width, height]) * scale
    cosine, sine = np.cos(place.turn_rad), np.sin(place.turn_rad)
    seen = seen @ np.array([[cosine, sine], [-sine, cosine]])
    seen += np.array([place.centre_x, place.centre_y])
    return np.asarray(cv2.getPerspectiveTransform(corners, seen.astype(np.float32)), np.float32)


def _warped(flat: Image, warp: Image, scene: Image) -> Image:
    size = (scene.shape[1], scene.shape[0])
    return np.asarray(cv2.warpPerspective(flat, warp, size, flags=cv2.INTER_LINEAR), np.float32)


def _rounded(height: int, width: int, radius: int) -> Image:
    mask = np.zeros((height, width), np.float32)
    cv2.rectangle(mask, (radius, 0), (width - radius, height), 1.0, -1)
    cv2.rectangle(mask, (0, radius), (width, height - radius), 1.0, -1)
    for corner_x in (radius, width - radius):
        for corner_y in (radius, height - radius):
            cv2.circle(mask, (corner_x, corner_y), radius, 1.0, -1)
    return mask
