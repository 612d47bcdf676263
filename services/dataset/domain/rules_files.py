"""Rules over file names: which image belongs to which label, and what does not belong at all."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from services.dataset.domain.findings import Hit

JUNK = frozenset({".ds_store", "thumbs.db", "desktop.ini", ".directory", "ehthumbs.db"})
UNSUPPORTED = frozenset(
    {".gif", ".svg", ".psd", ".jfif", ".jpe", ".ppm", ".pgm", ".pfm", ".tga", ".ico", ".jxl"}
    | {".raw", ".cr2", ".nef", ".arw", ".pcx", ".exr", ".hdr"}
)
CLASS_LISTS = frozenset({"classes.txt", "obj.names", "labels.txt", "names.txt"})

Place = tuple[str, str, Hit]
"""Split, file, hit."""


@dataclass(frozen=True, slots=True)
class SplitFiles:
    """File names of one split, relative to the dataset's folder."""

    images: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    """Where the trainer looks for the label of each image, in the same order."""
    beside: tuple[str, ...] = ()
    """Other files in the image folders."""
    labels: tuple[str, ...] = ()
    """All files in the label folders."""
    links: tuple[str, ...] = ()
    """Images that are links to outside of the dataset's folder."""


@dataclass(frozen=True, slots=True)
class FileTree:
    """The files of all splits."""

    splits: dict[str, SplitFiles]


def check_files(tree: FileTree) -> Iterator[Place]:
    """Everything that the names alone show."""
    homes = {
        PurePosixPath(expected).name: split
        for split, files in tree.splits.items()
        for expected in files.expected
    }
    everywhere = {name for files in tree.splits.values() for name in files.expected}
    for split, files in tree.splits.items():
        for file, hit in _beside(files):
            yield split, file, hit
        for file, hit in _stems(files):
            yield split, file, hit
        for file, hit in _strays(split, files, everywhere, homes):
            yield split, file, hit
        for file in files.links:
            text = "It is a link out of the dataset's folder: a copy of the dataset will miss it."
            yield split, file, Hit("symlink_outside_root", text)


def _stems(files: SplitFiles) -> Iterator[tuple[str, Hit]]:
    """Images that share a label file, and names that break lists and logs."""
    by_label: dict[str, list[str]] = defaultdict(list)
    for image, label in zip(files.images, files.expected, strict=True):
        by_label[label].append(image)
        if not PurePosixPath(image).name.isprintable():
            text = "The name has control characters, which break lists of files. Rename it."
            yield image, Hit("control_char_in_filename", text, value=repr(image)[:80])
    for label, images in by_label.items():
        if len(set(images)) > 1:
            names = " and ".join(sorted(PurePosixPath(image).name for image in images)[:3])
            text = f"{names} share one label file, {PurePosixPath(label).name}. Rename one of them."
            yield images[0], Hit("duplicate_stem", text, value=names)


def _beside(files: SplitFiles) -> Iterator[tuple[str, Hit]]:
    stems = {str(PurePosixPath(image).with_suffix("")) for image in files.images}
    for file in files.beside:
        path = PurePosixPath(file)
        name, suffix = path.name.lower(), path.suffix.lower()
        if name in JUNK or name.startswith("._"):
            yield file, Hit("os_junk_file", "The operating system left this file; it is ignored.")
        elif name in CLASS_LISTS:
            yield file, Hit("stray_classes_txt", "A class list among the images; it is ignored.")
        elif suffix in UNSUPPORTED:
            text = f"The trainer does not read {suffix} files and skips it silently. Convert it."
            yield file, Hit("unsupported_extension", text, value=suffix)
        elif suffix == ".txt" and str(path.with_suffix("")) in stems:
            if file in files.expected:
                continue  # no /images/ in the path: this is where the trainer looks
            text = "A label among the images, where the trainer does not look. Move it to labels/."
            yield file, Hit("label_in_images_dir", text)
        elif suffix not in (".cache", ".npy") and not name.startswith("."):
            yield file, Hit("non_image_in_images", "Not an image; it is ignored.", value=suffix)


def _strays(
    split: str, files: SplitFiles, everywhere: set[str], homes: dict[str, str]
) -> Iterator[tuple[str, Hit]]:
    """Files in the label folders that belong to no image, and why."""
    wanted = {PurePosixPath(expected).name for expected in files.expected}
    forms = {unicodedata.normalize("NFC", name): name for name in wanted}
    cases = {name.casefold(): name for name in wanted}
    for file in sorted(set(files.labels) - everywhere):
        name = PurePosixPath(file).name
        junk = name.lower() in JUNK or name.startswith("._")
        near = forms.get(unicodedata.normalize("NFC", name))
        home = homes.get(name)
        if junk:
            yield file, Hit("os_junk_file", "The operating system left this file; it is ignored.")
        elif name.lower() in CLASS_LISTS:
            yield file, Hit("stray_classes_txt", "A class list among the labels; it is ignored.")
        elif not name.lower().endswith(".txt"):
            continue
        elif near and near != name:
            text = "Its name looks like its image's but is written in another Unicode form."
            yield file, Hit("unicode_normalization_mismatch", text + " Rename it.")
        elif (near := cases.get(name.casefold())) and near != name:
            text = f"The trainer looks for '{near}': capital letters count. Rename it."
            yield file, Hit("label_case_mismatch", text, value=name)
        elif home and home != split:
            text = f"Its image is in {home}, but the label is in {split}. Move it."
            yield file, Hit("label_in_wrong_split", text, value=home)
        else:
            text = "No image has this label. Remove it, or add the image."
            yield file, Hit("label_without_image", text)
