"""Every fix of an image: it looks as it did, and the rule is silent afterwards."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.fix_labels import LABEL_FIXES
from services.dataset.fix_files import FILE_FIXES
from services.dataset.fix_images import IMAGE_FIXES, fix_image
from services.dataset.fixing import DESCRIPTION_FIXES, FIXABLE


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 24)) -> Image.Image:
    wide, high = size
    ramp = np.linspace(0, 255, wide * high * 3).astype(np.uint8).reshape(high, wide, 3)
    return Image.fromarray(ramp).convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_every_rule_that_promises_a_fix_has_one() -> None:
    promised = {rule.id for rule in CATALOGUE if rule.fix}
    assert promised == FIXABLE
    kinds = (LABEL_FIXES, IMAGE_FIXES, FILE_FIXES, DESCRIPTION_FIXES)
    assert sum(map(len, kinds)) == len(FIXABLE), "no rule is mended in two places"


def test_a_turned_photo_is_stored_as_it_is_shown() -> None:
    exif = Image.Exif()
    exif[274] = 6
    data = encoded(picture(), "JPEG", exif=exif)
    fixed = fix_image(data, ".jpg", ["exif_orientation"])
    assert fixed.done == ["exif_orientation"]
    image = opened(fixed.data)
    assert image.size == (24, 40)
    assert image.getexif().get(274, 1) == 1
    upright = np.asarray(picture().rotate(-90, expand=True), int)
    assert np.abs(np.asarray(image, int) - upright).mean() < 6


@pytest.mark.parametrize(
    ("rule", "data", "suffix", "shown"),
    [
        ("cmyk_jpeg", encoded(picture("CMYK"), "JPEG"), ".jpg", ".jpg"),
        ("alpha_channel", encoded(picture("RGBA"), "PNG"), ".png", ".png"),
        ("alpha_channel", encoded(picture("LA"), "PNG"), ".png", ".png"),
        (
            "animated_image",
            encoded(picture(), "WEBP", save_all=True, append_images=[picture().rotate(180)]),
            ".webp",
            ".png",
        ),
        (
            "multi_page_tiff",
            encoded(picture(), "TIFF", save_all=True, append_images=[picture()]),
            ".tif",
            ".png",
        ),
        ("unsupported_extension", encoded(picture(), "GIF"), ".gif", ".png"),
        ("unsupported_extension", encoded(picture(), "PPM"), ".ppm", ".png"),
    ],
)
def test_an_image_becomes_plain_rgb_that_looks_the_same(
    rule: str, data: bytes, suffix: str, shown: str
) -> None:
    fixed = fix_image(data, suffix, [rule])
    assert fixed.done == [rule], fixed.left
    assert fixed.suffix == shown
    image = opened(fixed.data)
    assert (image.mode, image.size, getattr(image, "n_frames", 1)) == ("RGB", (40, 24), 1)
    before = np.asarray(opened(data).convert("RGB"), int)
    assert np.abs(np.asarray(image, int) - before).mean() < 6
    again = fix_image(fixed.data, fixed.suffix, [rule])
    if rule != "unsupported_extension":
        assert not again.done


def test_sixteen_bits_keep_their_upper_eight() -> None:
    deep = np.linspace(0, 65535, 40 * 24).astype(np.uint16).reshape(24, 40)
    fixed = fix_image(encoded(Image.fromarray(deep), "PNG"), ".png", ["sixteen_bit_image"])
    assert fixed.done == ["sixteen_bit_image"]
    grey = np.asarray(opened(fixed.data).convert("L"), int)
    assert np.abs(grey - (deep >> 8)).max() <= 1


def test_bytes_after_the_end_go_and_the_pixels_stay() -> None:
    data = encoded(picture(), "JPEG")
    assert fix_image(data + b"junk" * 9, ".jpg", ["jpeg_trailing_data"]).data == data
    assert not fix_image(data, ".jpg", ["jpeg_trailing_data"]).done


@pytest.mark.parametrize(
    ("kind", "suffix", "right"), [("PNG", ".jpg", ".png"), ("JPEG", ".png", ".jpg")]
)
def test_a_name_follows_the_content(kind: str, suffix: str, right: str) -> None:
    data = encoded(picture(), kind)
    fixed = fix_image(data, suffix, ["extension_content_mismatch"])
    assert (fixed.suffix, fixed.data) == (right, data)
    assert not fix_image(data, right, ["extension_content_mismatch"]).done


def test_a_jpeg_called_jfif_keeps_its_bytes() -> None:
    data = encoded(picture(), "JPEG")
    fixed = fix_image(data, ".jfif", ["unsupported_extension"])
    assert (fixed.suffix, fixed.data) == (".jpg", data)


@pytest.mark.parametrize(("data", "suffix"), [(b"<svg/>", ".svg"), (b"GIF89a broken", ".gif")])
def test_what_cannot_be_decoded_is_left_with_the_reason(data: bytes, suffix: str) -> None:
    fixed = fix_image(data, suffix, sorted(IMAGE_FIXES))
    assert fixed.data == data
    assert fixed.left["unsupported_extension"]
