"""What is measured of pixels: on pictures that are made for it, each beside its clean twin."""

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter

from services.dataset.domain.picture import grey_fill, jpeg_quality
from services.dataset.domain.scanned import Table
from services.dataset.jpegs import decoded_jpeg
from services.dataset.pixels import measure
from tests.planted.scenes import encoded


def scene(seed: int = 0, side: int = 480) -> np.ndarray:
    """Shapes with clear edges on a soft ground, (side, side, 3) BGR."""
    random = np.random.default_rng(seed)
    ground = random.integers(40, 200, (6, 6, 3), dtype=np.uint8)
    picture = cv2.resize(ground, (side, side), interpolation=cv2.INTER_CUBIC)
    for _ in range(14):
        corner = random.integers(0, side - 60, 2)
        far = corner + random.integers(20, 120, 2)
        colour = random.integers(0, 255, 3).tolist()
        cv2.rectangle(picture, corner.tolist(), far.tolist(), colour, -1)
    return picture


def product(side: int = 480) -> np.ndarray:
    """A dark thing on clean white ground."""
    picture = np.full((side, side, 3), 255, np.uint8)
    cv2.circle(picture, (side // 2, side // 2), side // 6, (60, 40, 20), -1)
    return picture


def measured(picture: np.ndarray, quality: int = 90) -> Table:
    data = encoded(Image.fromarray(picture[:, :, ::-1]), quality=quality)
    _, thumb = decoded_jpeg(data)
    assert thumb is not None
    return measure(thumb, data, "jpeg")


def bits(one: Table, other: Table, column: str = "phash") -> int:
    return int(np.bitwise_count(one["phash"] ^ other[column])[0])


def test_a_picture_saved_again_smaller_or_brighter_keeps_its_hash() -> None:
    plain = measured(scene())
    for changed in (
        measured(scene(), quality=60),
        measured(cv2.resize(scene(), (240, 240), interpolation=cv2.INTER_AREA)),
        measured(np.clip(scene().astype(int) + 12, 0, 255).astype(np.uint8)),
    ):
        assert bits(plain, changed) <= 6
    assert bits(plain, measured(scene(1))) > 12


def test_the_hash_of_the_mirror_image_is_known_without_mirroring() -> None:
    plain, turned = measured(scene()), measured(scene()[:, ::-1])
    assert bits(turned, plain, "phash_mirrored") <= 4
    assert bits(plain, turned) > 12


@pytest.mark.parametrize("make", [scene, product], ids=["scene", "product on white"])
def test_blur_is_told_by_edges_and_not_by_what_is_shown(make: Callable[[], np.ndarray]) -> None:
    sharp = measured(make())["sharpness"][0]
    soft = measured(cv2.GaussianBlur(make(), (0, 0), 5))["sharpness"][0]
    assert soft < 0.45
    assert sharp > 0.6


def test_blur_is_seen_in_a_png_too() -> None:
    picture = Image.fromarray(scene()).filter(ImageFilter.GaussianBlur(5))
    data = encoded(picture, "PNG")
    thumb = cv2.resize(np.asarray(picture), None, fx=1 / 6, fy=1 / 6, interpolation=cv2.INTER_AREA)
    assert measure(thumb, data, "png")["sharpness"][0] < 0.45


def test_grey_fill_is_the_share_of_rows_whose_data_was_lost() -> None:
    picture = scene()
    picture[300:] = 128
    assert measured(picture)["grey_fill"][0] == pytest.approx(0.375, abs=0.03)
    assert measured(scene())["grey_fill"][0] == 0


def test_a_thing_on_plain_grey_ground_is_no_grey_fill() -> None:
    picture = np.full((60, 60, 3), 128, np.uint8)
    picture[15:40, 10:50] = (20, 90, 200)
    assert grey_fill(picture) == 0
    picture[:40] = (20, 90, 200)
    assert grey_fill(picture) == pytest.approx(1 / 3)


@pytest.mark.parametrize("quality", [5, 30, 60, 75, 92, 100])
def test_the_quality_of_a_jpeg_is_read_from_its_tables(quality: int) -> None:
    out = io.BytesIO()
    Image.fromarray(scene()).save(out, "JPEG", quality=quality)
    assert jpeg_quality(out.getvalue()) == pytest.approx(quality, abs=3)


def test_light_and_colour_have_their_units() -> None:
    white = measured(product())[0]
    assert white["mean"] > 225
    assert white["clipped"] > 0.85
    assert white["clipped_rim"] == 1
    assert white["dark_end"] < 60
    grey = measured(np.repeat(scene()[:, :, :1], 3, axis=2))[0]
    assert grey["colour"] < 0.06 < measured(scene())[0]["colour"]
