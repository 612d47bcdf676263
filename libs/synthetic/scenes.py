"""Compose one image: a background, logos, unlabelled strangers' logos, light, blur and noise."""

from typing import NamedTuple

import cv2
import numpy as np

from libs.synthetic.backgrounds import Image, Rng, background, smooth_noise
from libs.synthetic.carriers import Box, Place, lay_card, make_card, print_on_scene
from libs.synthetic.icons import load_icon

_CARD_SHARE = 0.6
_PLACEMENT_TRIES = 12
_LOGO_TRIES = 8
_OCCLUDED_SHARE = 0.15


class Spot(NamedTuple):
    """A square that a logo and its carrier already take, in pixels."""

    x: float
    y: float
    side_px: float


class Scene(NamedTuple):
    """A finished JPEG and its boxes as (class index, box in pixels)."""

    jpeg: bytes
    labels: tuple[tuple[int, Box], ...]


class SceneRequest(NamedTuple):
    """What one image shall hold."""

    size_px: int
    classes: tuple[str, ...]
    distractors: tuple[str, ...]
    first_class: int | None  # None: no labelled logo at all
    logo_share: tuple[float, float]  # longest side over the image's side, least and most


def compose(rng: Rng, request: SceneRequest) -> Scene:
    """Draw one image; the same `rng` state and request give the same bytes."""
    image = background(rng, request.size_px)
    taken: list[Spot] = []
    labels = []
    for class_index in _classes_shown(rng, request):
        box = _place_logo(rng, image, request.classes[class_index], request.logo_share, taken)
        if box is not None:
            labels.append((class_index, box))
    if request.distractors:
        for _ in range(int(rng.choice(3, p=[0.5, 0.35, 0.15]))):
            stranger = request.distractors[int(rng.integers(len(request.distractors)))]
            _place_logo(rng, image, stranger, request.logo_share, taken)
    image = _photograph(rng, image)
    quality = int(rng.integers(65, 95))
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return Scene(jpeg.tobytes(), tuple(labels))


def _classes_shown(rng: Rng, request: SceneRequest) -> list[int]:
    """The first class is given, so that classes balance; up to two more are drawn."""
    if request.first_class is None:
        return []
    more = int(rng.choice(3, p=[0.6, 0.28, 0.12]))
    return [request.first_class, *(int(k) for k in rng.integers(len(request.classes), size=more))]


def _place_logo(
    rng: Rng, image: Image, slug: str, logo_share: tuple[float, float], taken: list[Spot]
) -> Box | None:
    """Draw one logo where there is room, in place; None when there is none."""
    for _ in range(_LOGO_TRIES):
        least, most = np.log(logo_share)
        logo_px = image.shape[0] * float(np.exp(rng.uniform(least, most)))
        icon = load_icon(slug, logo_px)
        card = make_card(rng, icon) if rng.random() < _CARD_SHARE else None
        side_px = logo_px
        if card is not None:
            side_px *= max(card.logo.shape) / max(icon.alpha.shape)
        spot = _free_spot(rng, image.shape[0], side_px, taken)
        if spot is None:
            continue
        place = Place(spot.x, spot.y, side_px, rng.uniform(0, 0.13), rng.normal(0, 0.16))
        if card is not None:
            box = lay_card(rng, image, card, place)
        else:
            box = print_on_scene(rng, image, icon, place)
        if box is not None:
            taken.append(spot)
            if rng.random() < _OCCLUDED_SHARE:
                _strip_across(rng, image, box)
            return box
    return None


def _free_spot(rng: Rng, size_px: int, side_px: float, taken: list[Spot]) -> Spot | None:
    """A centre that keeps the thing inside the image and off its neighbours."""
    reach = min(side_px * 0.55, size_px / 2)
    for _ in range(_PLACEMENT_TRIES):
        x, y = rng.uniform(reach, max(size_px - reach, reach + 1e-6), 2)
        if all(
            max(abs(x - other.x), abs(y - other.y)) > 0.53 * (side_px + other.side_px)
            for other in taken
        ):
            return Spot(float(x), float(y), side_px)
    return None


def _strip_across(rng: Rng, image: Image, box: Box) -> None:
    """A thin thing in front of the logo, such as a strap or a cable."""
    thickness = max(1, int(0.1 * min(box.x2 - box.x1, box.y2 - box.y1)))
    top_x = rng.uniform(box.x1, box.x2)
    foot_x = top_x + rng.normal(0, (box.x2 - box.x1) * 0.2)
    colour = [float(value) for value in rng.uniform(0, 255, 3)]
    ends = (int(top_x), int(box.y1) - 5), (int(foot_x), int(box.y2) + 5)
    cv2.line(image, *ends, colour, thickness, cv2.LINE_AA)


def _photograph(rng: Rng, image: Image) -> Image:
    """What a camera adds: uneven light, defocus or shake, and sensor noise."""
    size_px = image.shape[0]
    if rng.random() < 0.7:
        light = np.clip(1 + 0.22 * smooth_noise(rng, size_px, size_px, 3), 0.5, 1.5)
        image = image * light[..., None]
    kind = rng.random()
    if kind < 0.3:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.9)), np.float32)
    elif kind < 0.42:
        image = _shaken(rng, image)
    return image + rng.normal(0, rng.uniform(1, 6), image.shape).astype(np.float32)


def _shaken(rng: Rng, image: Image) -> Image:
    reach = 2 * int(rng.integers(1, 3)) + 1
    kernel = np.zeros((reach, reach), np.float32)
    kernel[reach // 2] = 1
    middle = (reach / 2 - 0.5, reach / 2 - 0.5)
    turn = cv2.getRotationMatrix2D(middle, rng.uniform(0, 180), 1)
    kernel = np.asarray(cv2.warpAffine(kernel, turn, (reach, reach)), np.float32)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.float32)
