"""Rules over the files of the label folders that belong to no image, and why they do not."""

import unicodedata
from collections.abc import Iterator

from services.dataset.domain.filetree import FileTree, SplitFiles
from services.dataset.domain.findings import Hit
from services.dataset.domain.scanned import Place

JUNK = frozenset(
    {".ds_store", "thumbs.db", "desktop.ini", ".directory", "ehthumbs.db", "ehthumbs_vista.db"}
    | {"__macosx", ".spotlight-v100", ".trashes", ".fseventsd", ".temporaryitems", ".appledouble"}
    | {"$recycle.bin", "system volume information", "icon\r", "folder.jpg.db", ".localized"}
    | {"thumbs.db:encryptable", ".apdisk", "@eadir", "albumartsmall.jpg.db", ".nomedia"}
)
JUNK_TEXT = "The operating system left this file; it is ignored."
CLASS_LISTS = frozenset(
    {"classes.txt", "class.txt", "obj.names", "labels.txt", "names.txt", "classes.names"}
    | {"_darknet.labels", "_classes.txt", "predefined_classes.txt", "obj.data", "class_names.txt"}
)


def is_junk(file: str) -> bool:
    """Whether an operating system leaves files of this name about."""
    parts = file.lower().split("/")
    return parts[-1] in JUNK or parts[-1].startswith(("._", "~$")) or "__macosx" in parts[:-1]


def is_class_list(name: str) -> bool:
    """Whether labelling tools write class names into files of this name."""
    return name.lower() in CLASS_LISTS


def misplaced(tree: FileTree, missing: frozenset[str], explained: set[str]) -> Iterator[Place]:
    """Files in the label folders that belong to no image, and why.

    Args:
        tree: the names.
        missing: the labels that images look for and do not find.
        explained: is given the labels that images look for and that were found in another form.
    """
    homes = _homes(tree)
    for split, files in tree.splits.items():
        if not files.labels:
            continue
        forms, cases = _near_names(files)
        skipped = {file.rpartition(".")[0].rpartition("/")[2] for file in files.beside}
        for file in files.labels:
            near = forms.get(_form(file)) or cases.get(file.casefold())
            home = homes.get(_name(file))
            hit = _double(file, near) if near and near not in missing else None
            if hit := hit or _stray(file, split, near, home):
                if hit.rule == "label_without_image" and _name(file)[:-4] in skipped:
                    continue  # its image is of a kind that is skipped, which has its own finding
                explained.update(wanted for wanted in (near, home and home[1]) if wanted)
                yield split, file, hit


def _double(file: str, near: str) -> Hit | None:
    """A label beside the one that is used, the same but for capital letters."""
    if file.casefold() != near.casefold():
        return None
    text = f"'{file}' and '{near}' differ in capital letters only: on Windows or macOS one "
    return Hit("case_insensitive_clash", text + "overwrites the other. Remove one.", value=near)


def _stray(file: str, split: str, near: str | None, home: tuple[str, str] | None) -> Hit | None:
    name = _name(file)
    if is_junk(file):
        return Hit("os_junk_file", JUNK_TEXT)
    if near and unicodedata.normalize("NFC", near) == unicodedata.normalize("NFC", file):
        text = "Its name looks like its image's but is written in another Unicode form. Rename it."
        return Hit("unicode_normalization_mismatch", text, value=ascii(name)[:80])
    if near:
        text = f"The trainer looks for '{near}': capital letters count. Rename it."
        return Hit("label_case_mismatch", text, value=file)
    if is_class_list(name):
        return Hit("stray_classes_txt", "A class list among the labels; it is ignored.")
    return _ownerless(split, home) if name.lower().endswith(".txt") else None


def _ownerless(split: str, home: tuple[str, str] | None) -> Hit:
    if home and home[0] != split:
        text = f"Its image is in {home[0]}, but the label is in {split}. Move it."
        return Hit("label_in_wrong_split", text, value=home[0])
    return Hit("label_without_image", "No image has this label. Remove it, or add the image.")


def _homes(tree: FileTree) -> dict[str, tuple[str, str]]:
    """Of the names that lie about: the split whose image wants such a label, and where."""
    lost = {_name(file) for files in tree.splits.values() for file in files.labels}
    if not lost:
        return {}
    return {
        name: (split, label)
        for split, files in tree.splits.items()
        for label in files.expected()
        if (name := _name(label)) in lost
    }


def _near_names(files: SplitFiles) -> tuple[dict[str, str], dict[str, str]]:
    """Wanted labels by composed form and by small letters, of those like a stray."""
    stray_forms = {_form(file) for file in files.labels}
    stray_cases = {file.casefold() for file in files.labels}
    forms, cases = {}, {}
    for label in files.expected():
        if (form := _form(label)) in stray_forms:
            forms[form] = label
        if (case := label.casefold()) in stray_cases:
            cases[case] = label
    return forms, cases


def _form(file: str) -> str:
    return file if file.isascii() else unicodedata.normalize("NFC", file)


def _name(file: str) -> str:
    return file.rpartition("/")[2]
