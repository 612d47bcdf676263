"""Faults in the bytes and pixels of images."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from tests.planted.base import Defect, image, put, text
from tests.planted.scenes import HEIGHT, WIDTH, Pixels, encoded, label, photo, scene

Plant = Callable[[Path], object]


def _as(name: str, data: bytes, index: int = 2) -> Plant:
    def plant(root: Path) -> None:
        old = image(root, index)
        old.unlink()
        put(old.with_suffix(name), data)

    return plant


def _file(rule: str, name: str, data: bytes, suffix: str = ".jpg", *also: str) -> Defect:
    return Defect(rule, name, _as(suffix, data), f"images/train/t02{suffix}", None, also)


def _pixels(seed: int = 2) -> Pixels:
    return scene(seed)[0]


def _cut(share: float, *, closed: bool = False) -> bytes:
    data = photo(2)
    return data[: int(len(data) * share)] + (b"\xff\xd9" if closed else b"")


def _garbage() -> bytes:
    data = bytearray(photo(2))
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(range(0, 128, 2))
    return bytes(data)


def _wiped() -> bytes:
    data = bytearray(photo(2))
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    return bytes(data)


def _png(**options: object) -> bytes:
    return encoded(_pixels(), "PNG", **options)


def _wrong_crc() -> bytes:
    data = bytearray(_png())
    at = data.index(b"IDAT")
    length = struct.unpack(">I", data[at - 4 : at])[0]
    data[at + 4 + length] ^= 0xFF
    return bytes(data)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing of it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(b"\0" * 64)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _exif(turn: int, kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[274] = turn
    return encoded(_pixels(), kind, exif=exif)


def _frames(kind: str, count: int = 3) -> bytes:
    out = io.BytesIO()
    pictures = [Image.fromarray(_pixels(400 + i)) for i in range(count)]
    pictures[0].save(out, kind, save_all=True, append_images=pictures[1:])
    return out.getvalue()


def _wide16() -> Image.Image:
    grey = np.asarray(Image.fromarray(_pixels()).convert("L")).astype(np.uint16) * 257
    return Image.fromarray(grey)


def _png16_rgb() -> bytes:
    rows = _pixels().astype(">u2") * 257
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(raw))
        + chunk(b"IEND", b"")
    )


def _flat(value: int) -> Pixels:
    return np.full((HEIGHT, WIDTH, 3), value, np.uint8)


def _grey_below() -> bytes:
    pixels = _pixels().copy()
    pixels[HEIGHT // 2 :] = 128
    return encoded(pixels)


def _scaled(factor: float, shift: float) -> bytes:
    return encoded(np.clip(_pixels() * factor + shift, 0, 255).astype(np.uint8))


def _blurred() -> bytes:
    return encoded(Image.fromarray(_pixels()).filter(ImageFilter.GaussianBlur(6)))


def _transparent() -> Image.Image:
    picture = Image.fromarray(_pixels()).convert("RGBA")
    picture.putalpha(128)
    return picture


def _near(split: str) -> Plant:
    def plant(root: Path) -> None:
        put(image(root, 50, split), encoded(_pixels(0), quality=70))
        put(text(root, 50, split), label(0))

    return plant


def _mirrored(split: str) -> Plant:
    def plant(root: Path) -> None:
        put(image(root, 50, split), encoded(_pixels(0)[:, ::-1]))
        rows = [row.split() for row in label(0).splitlines()]
        put(
            text(root, 50, split),
            "".join(f"{n} {1 - float(x):.6f} {y} {w} {h}\n" for n, x, y, w, h in rows),
        )

    return plant


def _resized(split: str) -> Plant:
    def plant(root: Path) -> None:
        put(image(root, 50, split), encoded(Image.fromarray(_pixels(0)).resize((320, 240))))
        put(text(root, 50, split), label(0))

    return plant


def _wide(size: tuple[int, int]) -> bytes:
    return encoded(Image.fromarray(_pixels()).resize(size))


DEFECTS = [
    _file("zero_byte_image", "empty", b""),
    _file("zero_byte_image", "empty PNG", b"", ".png"),
    _file("not_an_image", "text", b"not a picture at all\n" * 20),
    _file("not_an_image", "a mark alone", b"\x89PNG\r\n\x1a\n" + b"garbage" * 50, ".png"),
    _file("not_an_image", "two marks alone", b"\xff\xd8\xff\xe0" + b"garbage" * 50),
    _file("not_an_image", "a page", b"<!DOCTYPE html><html><body>404</body></html>"),
    _file("not_an_image", "noise", np.random.default_rng(1).bytes(5000).replace(b"\xff\xd8", b"ab"), ".png"),
    _file("truncated_jpeg", "half", _cut(0.5)),
    _file("truncated_jpeg", "nearly all", _cut(0.95)),
    _file("truncated_jpeg", "a header alone", photo(2)[:400]),
    _file("truncated_jpeg_with_eoi", "half", _cut(0.5, closed=True)),
    _file("truncated_jpeg_with_eoi", "most", _cut(0.8, closed=True)),
    _file("corrupt_scan_data", "inside", _garbage()),
    _file("corrupt_scan_data", "wiped", _wiped()),
    _file("png_crc_error", "data", _wrong_crc(), ".png"),
    _file("truncated_png", "half", _png()[: len(_png()) // 2], ".png"),
    _file("truncated_png", "without its end", _png()[:-12], ".png"),
    _file("jpeg_trailing_data", "text", photo(2) + b"PADDING" * 10),
    _file("jpeg_trailing_data", "zeros", photo(2) + b"\0" * 512),
    _file("extension_content_mismatch", "PNG as jpg", photo(2, "PNG")),
    _file("extension_content_mismatch", "WebP as jpg", photo(2, "WEBP")),
    _file("extension_content_mismatch", "JPEG as png", photo(2), ".png"),
    _file("extension_content_mismatch", "BMP as jpeg", photo(2, "BMP"), ".jpeg"),
    _file("extension_content_mismatch", "GIF as png", photo(2, "GIF"), ".png"),
    _file("exif_orientation", "quarter", _exif(6)),
    _file("exif_orientation", "half", _exif(3)),
    _file("exif_orientation", "PNG", _exif(8, "PNG"), ".png"),
    _file("cmyk_jpeg", "CMYK", encoded(Image.fromarray(_pixels()).convert("CMYK"))),
    _file("sixteen_bit_image", "grey PNG", encoded(_wide16(), "PNG"), ".png"),
    _file("sixteen_bit_image", "grey TIFF", encoded(_wide16(), "TIFF"), ".tif"),
    _file("sixteen_bit_image", "colour PNG", _png16_rgb(), ".png"),
    _file("alpha_channel", "PNG", encoded(_transparent(), "PNG"), ".png"),
    _file("alpha_channel", "WebP", encoded(_transparent(), "WEBP"), ".webp"),
    _file("alpha_channel", "grey", encoded(_transparent().convert("LA"), "PNG"), ".png"),
    _file("alpha_channel", "one colour", _png(transparency=(0, 0, 0)), ".png"),
    _file("animated_image", "WebP", _frames("WEBP"), ".webp"),
    _file("animated_image", "PNG", _frames("PNG"), ".png"),
    _file("multi_page_tiff", "three", _frames("TIFF"), ".tif"),
    _file("decompression_bomb", "two gigapixels", png_header(50_000, 40_000), ".png"),
    _file("decompression_bomb", "as jpg", png_header(50_000, 40_000), ".jpg"),
    _file("image_too_small", "eight", encoded(_pixels()[:8, :8], "PNG"), ".png"),
    _file("image_too_small", "one", encoded(_pixels()[:1, :1])),
    _file("image_too_small", "a line", encoded(_pixels()[:5]), ".jpg", "extreme_image_aspect"),
    _file("extreme_image_aspect", "wide", _wide((1600, 100))),
    _file("extreme_image_aspect", "tall", _wide((64, 640))),
    _file("image_size_outlier", "large", _wide((1600, 1200))),
    _file("image_size_outlier", "small", _wide((32, 24))),
    _file("blank_image", "white", encoded(_flat(255))),
    _file("blank_image", "black", encoded(_flat(0))),
    _file("blank_image", "grey PNG", encoded(_flat(120), "PNG"), ".png"),
    _file("dark_image", "dark", _scaled(0.06, 0)),
    _file("overexposed_image", "bright", _scaled(0.08, 238)),
    _file("blurry_image", "blurred", _blurred()),
    _file("low_jpeg_quality", "five", encoded(_pixels(), quality=5)),
    _file("low_jpeg_quality", "ten", encoded(_pixels(), quality=10)),
    _file("partial_gray_fill", "lower half", _grey_below()),
    _file("color_space_outlier", "grey", encoded(Image.fromarray(_pixels()).convert("L"))),
    Defect("near_duplicate", "saved again", _near("train")),
    Defect("near_duplicate", "resized", _resized("train")),
    Defect("near_duplicate_across_splits", "saved again", _near("val")),
    Defect("near_duplicate_across_splits", "resized", _resized("val")),
    Defect("mirrored_duplicate", "mirrored", _mirrored("train")),
    Defect("mirrored_duplicate_across_splits", "mirrored", _mirrored("val")),
]  # fmt: skip
