"""Faults in names, places and pairs of files."""

import os
import shutil
import unicodedata
from pathlib import Path

from tests.planted.base import Defect, image, move, put, text
from tests.planted.labels import GOOD
from tests.planted.scenes import encoded, label, photo, scene


def _renamed(root: Path, index: int, image_name: str, label_name: str) -> None:
    move(image(root, index), root / "images/train" / image_name)
    move(text(root, index), root / "labels/train" / label_name)


def _nfd(root: Path, *, label_composed: bool) -> None:
    forms = [unicodedata.normalize(form, "café") for form in ("NFC", "NFD")]
    if label_composed:
        forms.reverse()
    _renamed(root, 0, f"{forms[0]}.jpg", f"{forms[1]}.txt")


def _twin(root: Path, name: str, seed: int = 900, *, labelled: bool = True) -> None:
    put(root / "images/train" / name, photo(seed))
    if labelled:
        put(root / "labels/train" / f"{name.rpartition('.')[0]}.txt", label(seed))


def _clash(root: Path) -> None:
    _twin(root, "T00.jpg")


def _linked(root: Path, target: Path) -> None:
    move(image(root), target)
    image(root).symlink_to(target)


def _linked_far(root: Path, target: Path) -> None:
    put(target, photo(0))
    image(root).unlink()
    image(root).symlink_to(target)


def _dangling(root: Path, at: Path) -> None:
    at.unlink(missing_ok=True)
    at.symlink_to(root / "gone")


def _upper_folder(root: Path) -> None:
    shutil.move(root / "labels", root / "Labels")


def _sidecar(root: Path, at: str) -> None:
    put(root / at, b"\0\5\x16\7\0\2\0\0Mac OS X        ")


DEFECTS = [
    Defect("image_without_label", "removed", lambda d: text(d).unlink(), "images/train/t00.jpg"),
    Defect(
        "image_without_label",
        "no label folder of val",
        lambda d: shutil.rmtree(d / "labels/val"),
        also=("split_distribution_drift",),
    ),
    Defect(
        "label_without_image",
        "orphan",
        lambda d: put(d / "labels/train/orphan.txt", GOOD),
        "labels/train/orphan.txt",
    ),
    Defect(
        "label_without_image", "image removed", lambda d: image(d).unlink(), "labels/train/t00.txt"
    ),
    Defect(
        "label_in_wrong_split",
        "val's in train",
        lambda d: move(text(d, 0, "val"), d / "labels/train/v00.txt"),
        "labels/train/v00.txt",
    ),
    Defect(
        "label_in_wrong_split",
        "train's in val",
        lambda d: move(text(d, 5), d / "labels/val/t05.txt"),
        "labels/val/t05.txt",
    ),
    Defect("duplicate_stem", "jpg and png", lambda d: put(image(d, suffix=".png"), photo(901, "PNG"))),
    Defect("duplicate_stem", "jpg and jpeg", lambda d: put(image(d, suffix=".jpeg"), photo(901))),
    Defect("case_insensitive_clash", "both labelled", _clash),
    Defect(
        "case_insensitive_clash",
        "in the ending",
        lambda d: put(image(d, suffix=".JPG"), photo(902)),
        also=("duplicate_stem",),
    ),
    Defect(
        "case_insensitive_clash",
        "labels alone",
        lambda d: put(d / "labels/train/T00.txt", GOOD),
        "labels/train/T00.txt",
    ),
    Defect(
        "symlink_outside_root",
        "a folder",
        lambda d: (d / "images/val").symlink_to(
            move(d / "images/val", d.parent / f"{d.name}-else/images/val")
        ),
    ),
    Defect(
        "label_case_mismatch", "stem", lambda d: move(text(d), d / "labels/train/T00.txt"), "T00.txt"
    ),
    Defect(
        "label_case_mismatch", "ending", lambda d: move(text(d), d / "labels/train/t00.TXT"), "t00.TXT"
    ),
    Defect("label_case_mismatch", "folder", _upper_folder),
    Defect("unicode_normalization_mismatch", "label is NFD", lambda d: _nfd(d, label_composed=False)),
    Defect("unicode_normalization_mismatch", "image is NFD", lambda d: _nfd(d, label_composed=True)),
    Defect(
        "label_in_images_dir",
        "one",
        lambda d: move(text(d), d / "images/train/t00.txt"),
        "images/train/t00.txt",
    ),
    Defect(
        "label_in_images_dir",
        "a copy",
        lambda d: shutil.copy(text(d), d / "images/train/t00.txt"),
        "images/train/t00.txt",
    ),
    Defect("stray_classes_txt", "labels", lambda d: put(d / "labels/train/classes.txt", "cup\nbag\n")),
    Defect("stray_classes_txt", "images", lambda d: put(d / "images/train/classes.txt", "cup\nbag\n")),
    Defect("stray_classes_txt", "above", lambda d: put(d / "labels/classes.txt", "cup\nbag\n")),
    Defect("non_image_in_images", "notes", lambda d: put(d / "images/train/notes.md", "hello")),
    Defect("non_image_in_images", "above", lambda d: put(d / "images/readme.md", "hello")),
    Defect("non_image_in_images", "json", lambda d: put(d / "images/val/export.json", "{}")),
    Defect("non_image_in_images", "xml", lambda d: put(d / "images/train/t00.xml", "<a/>")),
    Defect("os_junk_file", "Windows", lambda d: put(d / "images/train/Thumbs.db", "x")),
    Defect("os_junk_file", "desktop.ini", lambda d: put(d / "labels/train/desktop.ini", "x")),
    Defect("os_junk_file", "macOS", lambda d: put(d / "images/train/.DS_Store", b"\0\0\0\1Bud1")),
    Defect("os_junk_file", "at the top", lambda d: put(d / ".DS_Store", b"\0\0\0\1Bud1")),
    Defect("os_junk_file", "above", lambda d: put(d / "labels/.DS_Store", b"\0\0\0\1Bud1")),
    Defect("os_junk_file", "sidecar", lambda d: _sidecar(d, "images/train/._t00.jpg")),
    Defect("os_junk_file", "sidecar of a label", lambda d: _sidecar(d, "labels/train/._t00.txt")),
    Defect("os_junk_file", "__MACOSX", lambda d: _sidecar(d, "__MACOSX/images/train/._t00.jpg")),
    Defect("unsupported_extension", "gif", lambda d: put(d / "images/train/a.gif", encoded(scene(5)[0], "GIF"))),
    Defect("unsupported_extension", "svg", lambda d: put(d / "images/train/a.svg", "<svg/>")),
    Defect(
        "unsupported_extension",
        "gif with a label",
        lambda d: (
            put(d / "images/train/a.gif", encoded(scene(5)[0], "GIF")),
            put(d / "labels/train/a.txt", GOOD),
        ),
    ),
    Defect("unsupported_extension", "no ending", lambda d: put(d / "images/train/photo", photo(904))),
    Defect("unsupported_extension", "odd ending", lambda d: put(d / "images/train/a.jpg_large", photo(904))),
    Defect("unsupported_extension", "jfif", lambda d: put(d / "images/train/a.jfif", photo(903))),
    Defect("broken_symlink", "image", lambda d: _dangling(d, d / "images/train/x.jpg"), also=("image_without_label",)),
    Defect("broken_symlink", "label", lambda d: _dangling(d, text(d)), also=("image_without_label",)),
    Defect("symlink_outside_root", "beside", lambda d: _linked(d, d.parent / f"{d.name}-else/a.jpg")),
    Defect(
        "symlink_outside_root",
        "out of the roots",
        lambda d: _linked_far(d, Path(f"/tmp/shirushi-planted-{os.getpid()}/a.jpg")),
        also=("label_without_image",),
    ),
    Defect("control_char_in_filename", "bell", lambda d: _renamed(d, 0, "a\x07b.jpg", "a\x07b.txt")),
    Defect("control_char_in_filename", "line end", lambda d: _renamed(d, 0, "a\nb.jpg", "a\nb.txt")),
    Defect("control_char_in_filename", "tab", lambda d: _renamed(d, 0, "a\tb.jpg", "a\tb.txt")),
    Defect("control_char_in_filename", "reversed", lambda d: _renamed(d, 0, "a\u202egpj.jpg", "a\u202egpj.txt")),
    Defect(
        "control_char_in_filename",
        "no text",
        lambda d: _renamed(d, 0, os.fsdecode(b"caf\xe9.jpg"), os.fsdecode(b"caf\xe9.txt")),
    ),
]  # fmt: skip
