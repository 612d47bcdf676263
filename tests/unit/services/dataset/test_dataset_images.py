"""Each image rule on real files: a planted defect is found, its clean twin stays silent."""

import io
import os
import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.findings import Rules
from services.dataset.domain.images import check_image
from services.dataset.images import look_at_image

RULES = Rules(CATALOGUE)


def picture(width: int = 120, height: int = 90, mode: str = "RGB") -> Image.Image:
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise).convert(mode)


def encoded(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    out = io.BytesIO()
    (image or picture()).save(out, kind, **options)
    return out.getvalue()


JPEG = encoded("JPEG")
PNG = encoded("PNG")
HALF = JPEG[: len(JPEG) // 2]


def damaged(data: bytes, at: float, size: int) -> bytes:
    begin = int(len(data) * at)
    noise = np.random.default_rng(2).integers(0, 255, size, dtype=np.uint8).tobytes()
    return data[:begin] + noise + data[begin + size :]


def turned() -> bytes:
    exif = picture().getexif()
    exif[274] = 6
    return encoded("JPEG", exif=exif)


def bomb() -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 40_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return PNG[:8] + chunk + PNG[33:]


def sixteen_bits() -> bytes:
    values = np.arange(120 * 90, dtype=np.uint16).reshape(90, 120)
    return encoded("PNG", Image.fromarray(values))


def animation() -> bytes:
    frames = [picture(), picture(mode="L").convert("RGB")]
    return encoded("WEBP", frames[0], save_all=True, append_images=frames[1:])


PLANTED: list[tuple[str, str, Callable[[], bytes]]] = [
    ("zero_byte_image", "a.jpg", lambda: b""),
    ("not_an_image", "a.jpg", lambda: b"<html>404</html>" * 10),
    ("truncated_jpeg", "a.jpg", lambda: HALF),
    ("truncated_jpeg_with_eoi", "a.jpg", lambda: HALF + b"\xff\xd9"),
    ("corrupt_scan_data", "a.jpg", lambda: damaged(JPEG, 0.5, 300)),
    ("png_crc_error", "a.png", lambda: damaged(PNG, 0.5, 9)),
    ("truncated_png", "a.png", lambda: PNG[: len(PNG) // 2]),
    ("jpeg_trailing_data", "a.jpg", lambda: JPEG + b"trailing" * 4),
    ("extension_content_mismatch", "a.jpg", lambda: PNG),
    ("extension_content_mismatch", "a.png", lambda: JPEG),
    ("exif_orientation", "a.jpg", turned),
    ("cmyk_jpeg", "a.jpg", lambda: encoded("JPEG", picture(mode="CMYK"))),
    ("sixteen_bit_image", "a.png", sixteen_bits),
    ("alpha_channel", "a.png", lambda: encoded("PNG", picture(mode="RGBA"))),
    ("animated_image", "a.webp", animation),
    ("decompression_bomb", "a.png", bomb),
    ("image_too_small", "a.jpg", lambda: encoded("JPEG", picture(9, 64))),
]


@pytest.mark.parametrize(("rule", "name", "make"), PLANTED, ids=[f"{c[0]} {c[1]}" for c in PLANTED])
def test_a_planted_defect_is_the_one_finding(
    tmp_path: Path, rule: str, name: str, make: Callable[[], bytes]
) -> None:
    file = tmp_path / name
    file.write_bytes(make())
    facts = look_at_image(file, RULES, full=True)
    assert [hit.rule for hit in check_image(facts, RULES)] == [rule]
    weight = next(each.severity for each in CATALOGUE if each.id == rule)
    assert facts.usable(RULES) == (weight != "E")


CLEAN: list[tuple[str, Callable[[], bytes]]] = [
    ("plain.jpg", lambda: JPEG),
    ("UPPER.JPEG", lambda: JPEG),
    ("progressive.jpg", lambda: encoded("JPEG", progressive=True)),
    ("grey.jpg", lambda: encoded("JPEG", picture(mode="L"))),
    ("plain.png", lambda: PNG),
    ("palette.png", lambda: encoded("PNG", picture(mode="P"))),
    ("plain.bmp", lambda: encoded("BMP")),
    ("plain.tif", lambda: encoded("TIFF")),
    ("plain.webp", lambda: encoded("WEBP")),
    ("smallest.jpg", lambda: encoded("JPEG", picture(10, 10))),
    ("写真.jpg", lambda: JPEG),
]


@pytest.mark.parametrize("full", [True, False], ids=["full", "fast"])
@pytest.mark.parametrize(("name", "make"), CLEAN, ids=[case[0] for case in CLEAN])
def test_a_sound_image_is_silent(
    tmp_path: Path, name: str, make: Callable[[], bytes], full: bool
) -> None:
    file = tmp_path / name
    file.write_bytes(make())
    facts = look_at_image(file, RULES, full=full)
    assert not list(check_image(facts, RULES))
    assert facts.usable(RULES)
    assert facts.width >= 10
    assert (facts.digest is not None) == full


def test_the_fast_mode_finds_what_headers_and_ends_show(tmp_path: Path) -> None:
    for rule, name, make in PLANTED:
        if rule in ("zero_byte_image", "not_an_image", "truncated_jpeg", "decompression_bomb"):
            file = tmp_path / name
            file.write_bytes(make())
            facts = look_at_image(file, RULES, full=False)
            assert [hit.rule for hit in check_image(facts, RULES)] == [rule]


def test_a_link_that_leads_nowhere_is_told_from_a_file_that_is_bad(tmp_path: Path) -> None:
    link = tmp_path / "a.jpg"
    link.symlink_to(tmp_path / "gone.jpg")
    facts = look_at_image(link, RULES, full=True)
    assert [hit.rule for hit in check_image(facts, RULES)] == ["broken_symlink"]
    assert not facts.usable(RULES)


def test_what_has_the_name_of_an_image_but_is_no_file_is_told_and_not_waited_for(
    tmp_path: Path,
) -> None:
    folder, pipe, device = (tmp_path / name for name in ("a.jpg", "b.jpg", "c.jpg"))
    folder.mkdir()
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "d.jpg"))
        for path in (folder, pipe, device, tmp_path / "d.jpg"):
            facts = look_at_image(path, RULES, full=True)
            assert [hit.rule for hit in check_image(facts, RULES)] == ["not_an_image"]
            assert not facts.usable(RULES)
