"""Datasets that are in order, each unusual in one way: no warning and no error may be told."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.planted.base import YAML as PLAIN
from tests.planted.base import describe, image, move, put, text
from tests.planted.scenes import HEIGHT, WIDTH, encoded, label, photo, scene

SPLITS = "train: images/train\nval: images/val\n"
NAMES = "names: [cup, bag]\n"


def _file(data: bytes, suffix: str = ".jpg") -> Callable[[Path], object]:
    def plant(root: Path) -> None:
        image(root, 2).unlink()
        put(image(root, 2).with_suffix(suffix), data)

    return plant


def _named(stem: str, suffix: str = ".jpg") -> Callable[[Path], object]:
    def plant(root: Path) -> None:
        move(image(root, 2), root / f"images/train/{stem}{suffix}")
        move(text(root, 2), root / f"labels/train/{stem}.txt")

    return plant


def _label(data: str | bytes) -> Callable[[Path], object]:
    return lambda d: put(text(d, 3), data)


def _yaml(yaml: str | bytes) -> Callable[[Path], object]:
    return lambda d: describe(d, yaml)


def _rename_val(root: Path, name: str = "valid") -> None:
    for kind in ("images", "labels"):
        move(root / kind / "val", root / kind / name)
    describe(root, f"train: images/train\nval: images/{name}\n{NAMES}")


def _by_split(root: Path, val: str = "valid", prefix: str = "") -> None:
    for split, to in (("train", "train"), ("val", val)):
        for kind in ("images", "labels"):
            move(root / kind / split, root / to / kind)
    for kind in ("images", "labels"):
        (root / kind).rmdir()
    describe(root, f"train: {prefix}train/images\nval: {prefix}{val}/images\n{NAMES}")


def _lists(root: Path) -> None:
    for split in ("train", "val"):
        names = [f"./images/{split}/{p.name}" for p in sorted((root / f"images/{split}").iterdir())]
        put(root / f"{split}.txt", "\n".join(names) + "\n")
    describe(root, f"train: train.txt\nval: val.txt\n{NAMES}")


def _windows_lists(root: Path) -> None:
    _lists(root)
    for split in ("train", "val"):
        names = [str(p) for p in sorted((root / f"images/{split}").iterdir())]
        put(root / f"{split}.txt", "\ufeff" + "\r\n".join(names))


def _nested(root: Path) -> None:
    move(image(root, 2), root / "images/train/shop/a/t02.jpg")
    move(text(root, 2), root / "labels/train/shop/a/t02.txt")


def _inside_link(root: Path) -> None:
    move(image(root, 2), root / "store/t02.jpg")
    image(root, 2).symlink_to(root / "store/t02.jpg")


def _with_test(root: Path) -> None:
    for index in range(4):
        put(root / f"images/test/x{index}.jpg", photo(700 + index))
        put(root / f"labels/test/x{index}.txt", label(700 + index))
    describe(root, PLAIN + "test: images/test\n")


def _same_labels(root: Path) -> None:
    put(text(root, 4), text(root, 3).read_text())


def _grey() -> bytes:
    return encoded(Image.fromarray(scene(2)[0]).convert("L"))


def _exif() -> bytes:
    exif = Image.Exif()
    exif[274] = 1
    return encoded(scene(2)[0], exif=exif)


def _big() -> bytes:
    return encoded(Image.fromarray(scene(2)[0]).resize((1280, 960)))


def _posters(root: Path) -> None:
    """The same drawing in other colours: another poster, not the same image."""
    for index, colour in ((60, (200, 40, 40)), (61, (40, 90, 200)), (62, (60, 160, 60))):
        pixels = np.full((HEIGHT, WIDTH, 3), colour, np.uint8)
        pixels[30:80, 50:120] = 240
        put(image(root, index), encoded(pixels))
        put(text(root, index), "")


def _own_rules(root: Path) -> None:
    put(root / ".shirushi-rules.yaml", "few_samples_class: {threshold: 2}\n")


BOX_ROWS = {
    "touches right and bottom at exactly 1.0": "0 0.9 0.9 0.2 0.2\n1 0.3 0.3 0.2 0.2\n",
    "touches left and top at exactly 0.0": "0 0.1 0.1 0.2 0.2\n1 0.7 0.7 0.2 0.2\n",
    "thirds in six decimals": "0 0.166667 0.5 0.333333 0.333333\n1 0.833333 0.5 0.333333 0.2\n",
    "rounded past the border": "0 0.8999995 0.5 0.200001 0.2\n1 0.3 0.3 0.2 0.2\n",
    "no line end": "0 0.3 0.3 0.2 0.2\n1 0.7 0.7 0.2 0.2",
    "spaces and tabs": "  0\t0.3 0.3  0.2 0.2 \n1 0.7\t0.7 0.2 0.2\n",
    "blank lines": "\n0 0.3 0.3 0.2 0.2\n\n1 0.7 0.7 0.2 0.2\n\n",
    "exponents": "0 3e-1 3.0E-1 2e-1 0.2\n1 0.7 0.7 0.2 0.2\n",
    "many decimals": "0 0.30000000000000004 0.3 0.2 0.2\n1 0.7 0.7 0.2 0.2\n",
    "ten of a kind": "".join(f"0 {0.05 + 0.1 * i:.2f} 0.5 0.08 0.2\n" for i in range(9)),
    "half overlapping": "0 0.3 0.3 0.2 0.2\n0 0.36 0.3 0.2 0.2\n1 0.7 0.7 0.2 0.2\n",
    "one in the other": "0 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.2 0.2\n",
    "large in the middle": "0 0.5 0.5 0.7 0.6\n",
    "small but there": "0 0.3 0.3 0.02 0.03\n1 0.7 0.7 0.2 0.2\n",
}

CONTROLS: dict[str, Callable[[Path], object]] = {
    "plain": Path.exists,
    "an empty label is background": _label(""),
    "a blank label is background": _label("\n \n"),
    **{name: _label(rows) for name, rows in BOX_ROWS.items()},
    "a grey photograph": _file(_grey()),
    "progressive JPEG": _file(encoded(scene(2)[0], progressive=True)),
    "JPEG without subsampling": _file(encoded(scene(2)[0], subsampling=0)),
    "PNG": _file(photo(2, "PNG"), ".png"),
    "palette PNG": _file(encoded(Image.fromarray(scene(2)[0]).quantize(64), "PNG"), ".png"),
    "BMP": _file(photo(2, "BMP"), ".bmp"),
    "WebP": _file(photo(2, "WEBP"), ".webp"),
    "TIFF of one page": _file(photo(2, "TIFF"), ".tif"),
    "upright by EXIF": _file(_exif()),
    "a larger picture": _file(_big()),
    "capital ending": _named("t02", ".JPG"),
    "jpeg as ending": _named("t02", ".jpeg"),
    "Japanese name": _named("商品　写真 01"),
    "accents in one form": _named("café ñandú"),
    "emoji": _named("logo 👩\u200d🔧"),
    "spaces and signs": _named("my photo (1) #2 & co, 50%"),
    "dots in the name": _named("shot.2024.01.02_jpg.rf.0123456789abcdef0123456789abcdef"),
    "a dash in front": _named("-t02"),
    "valid as val folder": _rename_val,
    "validation as val folder": lambda d: _rename_val(d, "validation"),
    "split by split": _by_split,
    "as exported by Roboflow": lambda d: _by_split(d, "valid", "../"),
    "lists": _lists,
    "absolute lists as Windows writes them": _windows_lists,
    "a folder in a folder": _nested,
    "a link inside": _inside_link,
    "with test": _with_test,
    "the same boxes in two images": _same_labels,
    "names as a mapping": _yaml(SPLITS + "names:\n  0: cup\n  1: bag\n"),
    "names in quotes": _yaml(SPLITS + "names: ['1', \"no\"]\n"),
    "names in Japanese": _yaml(SPLITS + "names: [カップ, かばん]\n"),
    "nc that fits": _yaml(PLAIN + "nc: 2\n"),
    "nc in quotes": _yaml(PLAIN + "nc: '2'\n"),
    "path is a dot": _yaml("path: .\n" + PLAIN),
    "comments and CR LF": _yaml(("# logos\n" + PLAIN).replace("\n", "\r\n")),
    "byte order mark in data.yaml": _yaml(b"\xef\xbb\xbf" + PLAIN.encode()),
    "test without a value": _yaml(PLAIN + "test:\n"),
    "more keys": _yaml(PLAIN + "roboflow:\n  workspace: logos\n  version: 3\nlicense: CC0\n"),
    "lists of folders": _yaml(f"train: [images/train]\nval: [images/val]\n{NAMES}"),
    "hidden files": lambda d: put(d / "images/train/.gitkeep", ""),
    "caches": lambda d: (
        put(d / "labels/train.cache", b"x"),
        put(d / "images/train/t00.npy", b"x"),
    ),
    "read me": lambda d: put(d / "README.roboflow.txt", "exported\n"),
    "classes.txt at the top": lambda d: put(d / "classes.txt", "cup\nbag\n"),
    "posters in other colours": _posters,
    "own rules": _own_rules,
    "a background picture": lambda d: (
        put(image(d, 60), encoded(np.roll(scene(60)[0], 40, axis=1))),
        put(text(d, 60), ""),
    ),
}
