"""Mend which files there are and which belong together: misplaced labels, doubles, classes."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import PurePosixPath

from libs.common.dataset_edits import DeleteClass, MergeClasses
from services.dataset.domain.draft import Content, Picture, renamed
from services.dataset.domain.labels import parse_label
from services.dataset.editions import Edition, apply
from services.dataset.fix_images import fix_image
from services.dataset.found import Places
from services.dataset.registry import measure

_PAIRING: dict[str, Callable[[PurePosixPath, Picture], bool]] = {
    "label_in_images_dir": lambda path, p: path.parts[0] == "images" and _home(path, p),
    "label_in_wrong_split": lambda path, p: (
        path.parts[0] == "labels" and path.parts[1] != p.split and path.stem == p.stem
    ),
    "unicode_normalization_mismatch": lambda path, p: (
        path.parts[:2] == ("labels", p.split) and _normal(path.stem) == _normal(p.stem)
    ),
    "label_case_mismatch": lambda path, p: (
        path.parts[:2] == ("labels", p.split) and path.stem.casefold() == p.stem.casefold()
    ),
}
_LEFT_OUT = ("os_junk_file", "non_image_in_images", "broken_symlink", "control_char_in_filename")
"""No version ever holds these: what is left out of it, or renamed, is mended by that."""
_DOUBLES = frozenset(
    f"{kind}{where}"
    for kind in ("exact_duplicate", "pixel_identical", "near_duplicate")
    for where in ("", "_across_splits")
) | {"mirrored_duplicate_across_splits"}
FILE_FIXES = frozenset(
    {*_PAIRING, *_LEFT_OUT, *_DOUBLES, "image_without_label", "label_without_image"}
    | {"stray_classes_txt", "case_insensitive_clash", "unused_class", "duplicate_class_name"}
)
CLASS_LISTS = frozenset({"classes.txt", "obj.names", "labels.txt", "names.txt"})

Left = dict[str, list[str]]
"""What could not be mended, as sentences by rule."""


def fix_files(edition: Edition, places: Places, wanted: Collection[str], left: Left) -> None:
    """Labels to their images, strays out, unreadable formats converted, names apart."""
    strays = dict(edition.draft.strays)
    if "unsupported_extension" in wanted:
        _convert(edition, strays, left)
    for rule in [rule for rule in _PAIRING if rule in wanted]:
        _pair(edition, strays, rule, left)
    for path in sorted(strays):
        name = PurePosixPath(path).name.lower()
        if name in CLASS_LISTS:
            rule = "stray_classes_txt"
        else:
            rule = "label_without_image" if path.startswith("labels/") else ""
        if rule in wanted:
            del strays[path]
            edition.changes[rule] += 1
    for rule in _LEFT_OUT:
        if rule in wanted:
            edition.changes[rule] += places.counts[rule]
    edition.draft = replace(edition.draft, strays=strays)
    if "case_insensitive_clash" in wanted:
        _rename_clashes(edition)


def _pair(edition: Edition, strays: dict[str, Content], rule: str, left: Left) -> None:
    fits = _PAIRING[rule]
    pictures = dict(edition.draft.pictures)
    by_stem: dict[str, list[str]] = {}
    for key, picture in pictures.items():
        by_stem.setdefault(_normal(picture.stem).casefold(), []).append(key)
    for path in [path for path in sorted(strays) if path.endswith(".txt")]:
        where = PurePosixPath(path)
        near = by_stem.get(_normal(where.stem).casefold(), [])
        homes = [key for key in near if fits(where, pictures[key])]
        free = [key for key in homes if pictures[key].label is None]
        if len(free) == 1:
            pictures[free[0]] = replace(pictures[free[0]], label=strays.pop(path))
            edition.changes[rule] += 1
        elif homes:
            why = "its image has a label of its own" if not free else "several images fit"
            left.setdefault(rule, []).append(f"{path}: {why}.")
    edition.draft = edition.draft.having(pictures)


def _home(path: PurePosixPath, picture: Picture) -> bool:
    return path.parts[1] == picture.split and path.stem == picture.stem


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _convert(edition: Edition, strays: dict[str, Content], left: Left) -> None:
    """Images that the trainer skips for their format, and the labels that wait for them."""
    pictures = dict(edition.draft.pictures)
    taken = {(picture.split, picture.stem) for picture in pictures.values()}
    for path in sorted(strays):
        where = PurePosixPath(path)
        if where.parts[0] != "images" or where.suffix == ".txt":
            continue
        data = edition.contents.read(strays[path])
        fixed = fix_image(data, where.suffix, ["unsupported_extension"])
        if fixed.left:
            left.setdefault("unsupported_extension", []).append(
                f"{path}: {fixed.left['unsupported_extension']}."
            )
            continue
        del strays[path]
        label = strays.pop(f"labels/{where.parts[1]}/{where.stem}.txt", None)
        name = where.with_suffix(fixed.suffix).name
        new = renamed(Picture(where.parts[1], name, fixed.data, label), taken)
        pictures[f"{new.split}/{where.name}"] = new
        edition.changes["unsupported_extension"] += 1
    edition.draft = edition.draft.having(pictures)


def _rename_clashes(edition: Edition) -> None:
    """Names that differ in capitals alone get a number, so that they live on every disk."""
    seen: set[tuple[str, str]] = set()
    pictures = dict(edition.draft.pictures)
    for key, picture in sorted(pictures.items()):
        lower = replace(picture, name=picture.name.casefold())
        number = renamed(lower, seen).stem.removeprefix(lower.stem)
        if number:
            name = PurePosixPath(picture.name)
            pictures[key] = replace(picture, name=f"{name.stem}{number}{name.suffix}")
            edition.changes["case_insensitive_clash"] += 1
    edition.draft = edition.draft.having(pictures)


def fix_unlabelled(edition: Edition) -> None:
    """An empty label says that an image is background on purpose."""
    pictures = {
        key: picture if picture.label is not None else replace(picture, label=b"")
        for key, picture in edition.draft.pictures.items()
    }
    edition.changes["image_without_label"] += sum(
        picture.label is None for picture in edition.draft.pictures.values()
    )
    edition.draft = edition.draft.having(pictures)


def fix_duplicates(edition: Edition, places: Places, wanted: Collection[str], left: Left) -> None:
    """Of images that are one, the first stays. The same bytes are looked for again.

    The double of a double goes, too, where both are the same in every pixel. Where they are only
    near, the first and the last of such a row may be unlike: what is left is for another check.
    """
    pictures = dict(edition.draft.pictures)
    keys = {picture.origin: key for key, picture in pictures.items()}
    stays: dict[str, str] = {}
    """By the key of an image that went: the one with the same pixels that stayed."""
    for rule in sorted(_DOUBLES & set(wanted)):
        same = rule.startswith(("exact", "pixel"))
        for place in places.by_rule[rule]:
            key, first = keys.get(place.file or ""), keys.get(place.value or "")
            if key not in pictures or key is None:
                continue
            first = stays.get(first, first) if same and first else first
            if first is None or first == key:
                left.setdefault(rule, []).append(f"{place.file}: its double is not there.")
            elif first not in pictures:
                text = "its double went as well. Check the new version, and fix it again"
                left.setdefault(rule, []).append(f"{place.file}: {text}.")
            elif rule.startswith("exact") and not _are_one(pictures[key], pictures[first]):
                left.setdefault(rule, []).append(f"{place.file}: it is not the same any more.")
            else:
                del pictures[key]
                if same:
                    stays |= {gone: first for gone, kept in stays.items() if kept == key}
                    stays[key] = first
                edition.changes[rule] += 1
        missing = places.counts[rule] - len(places.by_rule[rule])
        if missing > 0:
            left.setdefault(rule, []).append(
                f"{missing} findings were not listed: validate with more max_examples."
            )
    edition.draft = edition.draft.having(pictures)


def _are_one(a: Picture, b: Picture) -> bool:
    return measure(a.pixels)[0] == measure(b.pixels)[0]


def fix_classes(edition: Edition, wanted: Collection[str], left: Left) -> None:
    """Classes that no label uses go; names that differ in capitals or spaces are one."""
    if "duplicate_class_name" in wanted:
        _merge_names(edition)
    if {"unused_class", "names_index_gap"} & set(wanted):
        _drop_unused(edition, everyone="unused_class" in wanted, left=left)


def _merge_names(edition: Edition) -> None:
    first: dict[str, int] = {}
    doubles: dict[int, list[int]] = {}
    for index, name in enumerate(edition.draft.classes):
        home = first.setdefault(" ".join(name.casefold().split()), index)
        if home != index:
            doubles.setdefault(home, []).append(index)
    for home in sorted(doubles, reverse=True):
        step = MergeClasses(op="merge_classes", classes=tuple(doubles[home]), into=home)
        before = Counter(edition.changes)
        apply(edition, [step])
        edition.changes = before
        edition.changes["duplicate_class_name"] += len(doubles[home])


def _drop_unused(edition: Edition, *, everyone: bool, left: Left) -> None:
    names = edition.draft.classes
    used: set[int] = set()
    for picture in edition.draft.pictures.values():
        if picture.label is not None:
            text = edition.contents.text(picture.label).encode()
            label = parse_label(text, len(names))
            used |= {int(row.numbers[0]) for row in label.rows if row.numbers}
    placeholders = {i for i, name in enumerate(names) if name == f"class_{i}"}
    rule = "unused_class" if everyone else "names_index_gap"
    gone = sorted(set(range(len(names))) - used if everyone else placeholders - used)
    if len(gone) == len(names):
        left.setdefault(rule, []).append("No class is used at all: there would be none left.")
        return
    for index in reversed(gone):
        before = Counter(edition.changes)
        step = DeleteClass.model_validate({"op": "delete_class", "class": index})
        apply(edition, [step])
        edition.changes = before
        edition.changes[rule] += 1
