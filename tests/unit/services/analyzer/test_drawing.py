"""Boxes are drawn where they are, on images that lie on their side too, small enough to send."""

import io

import numpy as np
import pytest
from PIL import Image

from libs.common.errors import BadInput
from services.analyzer import drawing
from services.analyzer.drawing import Box

RED = "#ff0000"


def png(picture: Image.Image, **more: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", **more)
    return buffer.getvalue()


def red(picture: Image.Image) -> list[tuple[int, int]]:
    """Places (x, y) of red pixels."""
    rows, columns = np.nonzero((np.asarray(picture) == (255, 0, 0)).all(axis=2))
    return list(zip(columns.tolist(), rows.tolist(), strict=True))


def test_an_outline_lies_on_the_box_at_any_width() -> None:
    grey = Image.new("RGB", (200, 100), "grey")
    shown = drawing.overlay(grey, grey.size, [Box((40, 20, 160, 80), RED, "")], 100)
    assert shown.size == (100, 50)
    places = red(shown)
    assert (min(places), max(places)) == ((20, 10), (80, 40))
    assert drawing.overlay(grey, grey.size, [], 4000).size == (200, 100)


def test_a_crop_shows_the_box_in_its_middle_even_at_the_border() -> None:
    grey = Image.new("RGB", (400, 300), "grey")
    for corners in ((0, 0, 10, 10), (390, 290, 400, 300), (100, 100, 100, 100)):
        box = Box(corners, RED, "ロゴ 0.93")
        frame = drawing.frame_of([box], grey.size, 0.5)
        assert 0 <= frame[0] < frame[2] <= 400
        assert 0 <= frame[1] < frame[3] <= 300
        shown = drawing.crop(grey, frame, [box], 200)
        assert max(shown.size) == 200
        assert len(red(shown)) > 4


def test_an_image_on_its_side_is_turned_as_the_judge_turned_it() -> None:
    wide = Image.new("RGB", (60, 40), "grey")
    exif = Image.Exif()
    exif[0x0112] = 6
    content = png(wide, exif=exif)
    assert drawing.opened(content, (40, 60)).size == (40, 60)
    assert drawing.opened(content, (60, 40)).size == (60, 40)


def test_what_is_sent_is_below_a_megabyte() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1200, 1200, 3), dtype=np.uint8)
    for kind in ("jpeg", "webp"):
        content = drawing.encoded(Image.fromarray(noise), kind)
        assert len(content) <= 900_000
        assert Image.open(io.BytesIO(content)).format == kind.upper()


def test_what_is_no_image_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    good = png(Image.new("L", (50, 50)))
    for content in (b"", b"no image", good[:60]):
        with pytest.raises(BadInput, match="cannot be drawn"):
            drawing.opened(content, (50, 50))
    monkeypatch.setattr(drawing, "MOST_PIXELS", 2000)
    with pytest.raises(BadInput, match="too many pixels"):
        drawing.opened(good, (50, 50))
