"""Rules over file names: which image belongs to which label, and what does not belong at all."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

import numpy as np

from services.dataset.domain.filetree import FileTree, SplitFiles
from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.paths import Paths
from services.dataset.domain.rules_strays import JUNK_TEXT, is_class_list, is_junk, misplaced
from services.dataset.domain.scanned import Label, Place, Scanned

UNSUPPORTED = frozenset(
    {".gif", ".svg", ".psd", ".jfif", ".jpe", ".jif", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm"}
    | {".tga", ".ico", ".jxl", ".raw", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".pcx"}
    | {".exr", ".hdr", ".eps", ".ai", ".jpx", ".j2k", ".jpf", ".apng", ".xcf", ".icns", ".emf"}
)
BIDI = "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""Characters that show nothing or turn the text around them, so that a name reads as another."""
_PLAIN = bytes(range(32, 127))


def check_files(scanned: Scanned, _: Rules) -> Iterator[Place]:
    """Everything that the names alone show."""
    tree = scanned.tree
    explained: set[str] = set()
    for split, files in tree.splits.items():
        for file, hit in (*_beside(files, explained), *_odd_names(files)):
            yield split, file, hit
        for file in files.links:
            text = "It is a link out of the dataset's folder: a copy of the dataset will miss it."
            yield split, file, Hit("symlink_outside_root", text)
        labels = files.expected()
        if _are_unlike(labels):
            continue  # then neither labels nor images are the same but for capital letters
        for file, hit in (*_stems(files, labels), *_clashes(files)):
            yield split, file, hit
    bare = np.flatnonzero(scanned.images["label"] == Label.NONE).tolist()
    if any(files.labels for files in tree.splits.values()):
        missing = frozenset(scanned.label_file_of(row) for row in bare)
        yield from misplaced(tree, missing, explained)
    yield from _around(tree)
    yield from _unlabelled(scanned, bare, explained)


def _unlabelled(scanned: Scanned, bare: list[int], explained: set[str]) -> Iterator[Place]:
    """Images without a label file; not those whose label was found in another place or form."""
    text = (
        "It has no label file: the trainer takes it for background. Label it, or add an empty "
        "label file to say so."
    )
    for row in bare:
        if not explained or scanned.label_file_of(row) not in explained:
            hit = Hit("image_without_label", text)
            yield scanned.split_of(row), scanned.file_of(row), hit


def _odd_names(files: SplitFiles) -> Iterator[tuple[str, Hit]]:
    """Names that break lists and logs."""
    if not files.images.blob.translate(None, _PLAIN):
        return
    for row, raw in enumerate(files.images.raws()):
        if (not raw.isascii() or not raw.decode().isprintable()) and _is_odd(raw):
            text = "The name has control characters, which break lists of files. Rename it."
            hit = Hit("control_char_in_filename", text, value=ascii(files.images[row])[:80])
            yield files.images[row], hit


def _stems(files: SplitFiles, labels: Paths) -> Iterator[tuple[str, Hit]]:
    """Images that share a label file."""
    by_label: dict[str, list[str]] = defaultdict(list)
    for row in _alike(labels.raws(), len(labels)):
        by_label[files.expected_of(row)].append(files.images[row])
    for label, images in by_label.items():
        if len(set(images)) > 1:
            names = " and ".join(sorted(_name(image) for image in images)[:3])
            text = f"{names} share one label file, {_name(label)}. Rename one of them."
            yield images[0], Hit("duplicate_stem", text, value=names)


def _is_odd(raw: bytes) -> bool:
    """Whether the name has control characters, or bytes that are no text at all."""
    try:
        name = _name(raw.decode())
    except UnicodeDecodeError:
        return True
    return any(unicodedata.category(char) == "Cc" or char in BIDI for char in name)


def _clashes(files: SplitFiles) -> Iterator[tuple[str, Hit]]:
    """Images of one folder whose names differ in capital letters only."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for row in _alike(map(_folded, files.images.raws()), len(files.images)):
        by_name[_folded(files.images.raw(row)).decode(errors="replace")].append(files.images[row])
    for images in by_name.values():
        first, *others = sorted(set(images))
        for other in others:
            text = (
                f"'{_name(first)}' and '{_name(other)}' differ in capital letters only: on "
                "Windows or macOS one overwrites the other. Rename one of them."
            )
            yield other, Hit("case_insensitive_clash", text, value=_name(first))


def _folded(raw: bytes) -> bytes:
    """A path as a file system that does not know capital letters compares it."""
    if raw.isascii():
        return raw.lower()
    text = unicodedata.normalize("NFC", raw.decode(errors="replace"))
    return text.casefold().encode()


def _are_unlike(labels: Paths) -> bool:
    """Whether no two of these are the same without regard to capital letters."""
    if not labels.blob.isascii():
        return False
    small = labels.blob.lower()
    hashes = np.fromiter((hash(raw) for raw in Paths(small, labels.ends).raws()), np.int64)
    hashes.sort()
    return not (hashes[1:] == hashes[:-1]).any()


def _alike(keys: Iterable[bytes], count: int) -> Iterator[int]:
    """Rows whose key occurs more than once; hashes, because a million keys hold much memory."""
    hashes = np.fromiter(map(hash, keys), np.int64, count)
    _, group, sizes = np.unique(hashes, return_inverse=True, return_counts=True)
    yield from np.flatnonzero(sizes[group] > 1).tolist()


def _beside(files: SplitFiles, explained: set[str]) -> Iterator[tuple[str, Hit]]:
    """Files among the images that are none."""
    stems = {file[:-4] for file in files.beside if file.lower().endswith(".txt")}
    wanted: dict[str, str] = {}
    """Where the trainer looks for the label of an image, by the image's path without its suffix."""
    if stems:
        for row, image in enumerate(files.images):
            if (stem := image.rpartition(".")[0]) in stems:
                wanted[stem] = files.expected_of(row)
    for file in files.beside:
        path = PurePosixPath(file)
        name, suffix = path.name, path.suffix.lower()
        label = wanted.get(file[:-4]) if suffix == ".txt" else None
        if label == file:
            continue  # no /images/ in the path: this is where the trainer looks
        if is_junk(file):
            yield file, Hit("os_junk_file", JUNK_TEXT)
        elif label:
            explained.add(label)
            text = "A label among the images, where the trainer does not look. Move it to labels/."
            yield file, Hit("label_in_images_dir", text)
        elif is_class_list(name):
            yield file, Hit("stray_classes_txt", "A class list among the images; it is ignored.")
        elif suffix in UNSUPPORTED or file in files.skipped:
            kind = f"{suffix} files" if suffix else "images without a suffix"
            text = f"The trainer does not read {kind} and skips it silently. Convert it."
            yield file, Hit("unsupported_extension", text, value=suffix)
        elif suffix not in (".cache", ".npy") and not name.startswith("."):
            yield file, Hit("non_image_in_images", "Not an image; it is ignored.", value=suffix)


def _around(tree: FileTree) -> Iterator[Place]:
    """What the operating system or a labelling tool left above the folders of the splits."""
    for file in tree.around:
        if is_junk(file):
            yield None, file, Hit("os_junk_file", JUNK_TEXT)
        elif "/" in file and is_class_list(_name(file)):
            text = "A class list among images or labels; it is ignored."
            yield None, file, Hit("stray_classes_txt", text)
        elif file.split("/")[-2:-1] == ["images"] and _is_other(_name(file)):
            yield None, file, Hit("non_image_in_images", "Not an image; it is ignored.")


def _is_other(name: str) -> bool:
    """A file that the rules above say nothing of; names without a dot may be folders."""
    return "." in name[1:] and not name.startswith(".") and not name.endswith((".cache", ".npy"))


def _name(file: str) -> str:
    return file.rpartition("/")[2]
