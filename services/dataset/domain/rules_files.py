"""Rules over file names: which image belongs to which label, and what does not belong at all."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np

from services.dataset.domain.filetree import FileTree, SplitFiles
from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.scanned import Place, Scanned

JUNK = frozenset({".ds_store", "thumbs.db", "desktop.ini", ".directory", "ehthumbs.db"})
UNSUPPORTED = frozenset(
    {".gif", ".svg", ".psd", ".jfif", ".jpe", ".ppm", ".pgm", ".pfm", ".tga", ".ico", ".jxl"}
    | {".raw", ".cr2", ".nef", ".arw", ".pcx", ".exr", ".hdr"}
)
CLASS_LISTS = frozenset({"classes.txt", "obj.names", "labels.txt", "names.txt"})


def check_files(scanned: Scanned, _: Rules) -> Iterator[Place]:
    """Everything that the names alone show."""
    tree = scanned.tree
    homes = _homes(tree)
    for split, files in tree.splits.items():
        for file, hit in (*_beside(files), *_stems(files), *_strays(split, files, homes)):
            yield split, file, hit
        for file in files.links:
            text = "It is a link out of the dataset's folder: a copy of the dataset will miss it."
            yield split, file, Hit("symlink_outside_root", text)


def _homes(tree: FileTree) -> dict[str, str]:
    """The split whose image wants a label of that name, of the names that lie about."""
    lost = {_name(file) for files in tree.splits.values() for file in files.labels}
    if not lost:
        return {}
    return {
        name: split
        for split, files in tree.splits.items()
        for label in files.expected()
        if (name := _name(label)) in lost
    }


def _name(file: str) -> str:
    return file.rpartition("/")[2]


def _stems(files: SplitFiles) -> Iterator[tuple[str, Hit]]:
    """Images that share a label file, and names that break lists and logs."""
    for image in files.images:
        if not image.isprintable() and not _name(image).isprintable():
            text = "The name has control characters, which break lists of files. Rename it."
            yield image, Hit("control_char_in_filename", text, value=repr(image)[:80])
    by_label: dict[str, list[str]] = defaultdict(list)
    keys = np.fromiter(map(hash, files.expected().raws()), np.int64, len(files.images))
    _, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    for row in np.flatnonzero(sizes[group] > 1).tolist():
        by_label[files.expected_of(row)].append(files.images[row])
    for label, images in by_label.items():
        if len(set(images)) > 1:
            names = " and ".join(sorted(_name(image) for image in images)[:3])
            text = f"{names} share one label file, {_name(label)}. Rename one of them."
            yield images[0], Hit("duplicate_stem", text, value=names)


def _beside(files: SplitFiles) -> Iterator[tuple[str, Hit]]:
    stems = {file[:-4] for file in files.beside if file.lower().endswith(".txt")}
    if stems:
        stems = {stem for image in files.images if (stem := image.rpartition(".")[0]) in stems}
    expected = {label for label in files.expected() if label[:-4] in stems} if stems else set()
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
        elif suffix == ".txt" and file[:-4] in stems:
            if file in expected:
                continue  # no /images/ in the path: this is where the trainer looks
            text = "A label among the images, where the trainer does not look. Move it to labels/."
            yield file, Hit("label_in_images_dir", text)
        elif suffix not in (".cache", ".npy") and not name.startswith("."):
            yield file, Hit("non_image_in_images", "Not an image; it is ignored.", value=suffix)


def _strays(split: str, files: SplitFiles, homes: dict[str, str]) -> Iterator[tuple[str, Hit]]:
    """Files in the label folders that belong to no image, and why."""
    if not files.labels:
        return
    forms, cases = _near_names(files)
    for file in files.labels:
        name = _name(file)
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


def _near_names(files: SplitFiles) -> tuple[dict[str, str], dict[str, str]]:
    """Wanted label names by composed form and by small letters, of those like a stray's."""
    names = {_name(file) for file in files.labels}
    stray_forms = {unicodedata.normalize("NFC", name) for name in names}
    stray_cases = {name.casefold() for name in names}
    forms, cases = {}, {}
    for label in files.expected():
        name = _name(label)
        if (form := unicodedata.normalize("NFC", name)) in stray_forms:
            forms[form] = name
        if (case := name.casefold()) in stray_cases:
            cases[case] = name
    return forms, cases
