"""A corpus of images made to harm who opens them: each has its finding, in bounded memory."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.findings import Rules
from services.dataset.images import look_at_image
from tests.planted.scenes import photo

RULES = Rules(CATALOGUE)
HUGE = 65_500


def saved(kind: str, side: int = 64) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((side, side), 40).convert("RGB").save(out, kind)
    return out.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def jpeg_of_gigapixels() -> bytes:
    """A sound JPEG whose header says 65,500 by 65,500."""
    data = bytearray(photo(1))
    at = next(i for i in range(len(data)) if data[i] == 0xFF and data[i + 1] in (0xC0, 0xC2))
    data[at + 5 : at + 9] = struct.pack(">HH", HUGE, HUGE)
    return bytes(data)


def png_of_zeros() -> bytes:
    """80 KB that unpack to 80 MB, of a picture that says it is small."""
    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(80_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def png_of_a_million_chunks() -> bytes:
    whole = photo(2, "PNG")
    return whole[:33] + chunk(b"tEXt", b"a\0b") * 100_000 + whole[33:]


def gif_of_gigapixels() -> bytes:
    return b"GIF89a" + struct.pack("<HH", HUGE, HUGE) + b"\0\0\0" + saved("GIF")[13:]


def tiff_in_a_circle() -> bytes:
    """Its first directory names itself as the next one."""
    data = bytearray(saved("TIFF"))
    (at,) = struct.unpack("<I", data[4:8])
    (count,) = struct.unpack("<H", data[at : at + 2])
    data[at + 2 + 12 * count : at + 6 + 12 * count] = struct.pack("<I", at)
    return bytes(data)


def tiff_of_strips() -> bytes:
    """A directory of 65,535 entries that lie beyond the file."""
    return b"II*\0" + struct.pack("<IH", 8, 65_535) + b"\x01\x01\x04\0\xff\xff\xff\xff" * 4


def bmp_upside_down() -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, -HUGE, -HUGE, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head


CORPUS: dict[str, tuple[str, set[str], Callable[[], bytes]]] = {
    "gigapixels in a JPEG's header": ("a.jpg", {"decompression_bomb"}, jpeg_of_gigapixels),
    "gigapixels in a GIF's header": (
        "a.gif",
        {"decompression_bomb", "not_an_image"},
        gif_of_gigapixels,
    ),
    "zeros that unpack in a PNG": ("a.png", set(), png_of_zeros),
    "very many chunks in a PNG": ("a.png", set(), png_of_a_million_chunks),
    "directories in a circle": ("a.tif", set(), tiff_in_a_circle),
    "a directory beyond the file": (
        "a.tif",
        {"corrupt_scan_data", "not_an_image"},
        tiff_of_strips,
    ),
    "sides below zero": ("a.bmp", {"decompression_bomb", "corrupt_scan_data"}, bmp_upside_down),
    "a JPEG that breaks off": ("a.jpg", {"truncated_jpeg"}, lambda: photo(1)[:-900]),
    "a PNG that breaks off": ("a.png", {"truncated_png"}, lambda: photo(2, "PNG")[:-300]),
    "a WebP that breaks off": ("a.webp", {"corrupt_scan_data"}, lambda: saved("WEBP")[:-700]),
    "a PNG of which a bit was turned": (
        "a.png",
        {"png_crc_error"},
        lambda: (data := photo(2, "PNG"))[:60] + bytes([data[60] ^ 1]) + data[61:],
    ),
    "an archive that is called an image": ("a.jpg", {"not_an_image"}, lambda: b"PK\x03\x04" * 9),
    "a program that is called an image": ("a.png", {"not_an_image"}, lambda: b"\x7fELF" * 9),
    "a web page that is called an image": ("a.jpg", {"not_an_image"}, lambda: b"<svg/onload=x>"),
    "the first bytes of a JPEG and no more": (
        "a.jpg",
        {"not_an_image", "truncated_jpeg"},
        lambda: b"\xff\xd8\xff",
    ),
}


@pytest.mark.parametrize("name", CORPUS)
def test_each_of_a_corpus_of_hostile_images_has_its_finding(tmp_path: Path, name: str) -> None:
    called, rules, make = CORPUS[name]
    path = tmp_path / called
    path.write_bytes(make())
    for full in (False, True):
        facts = look_at_image(path, RULES, full=full)
        assert facts.width * facts.height < 200_000_000 or facts.fault
    assert (facts.fault.rule in rules) if facts.fault else not rules, facts.fault
