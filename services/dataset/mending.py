"""Mend the images and labels of a draft, those that the findings name."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from PIL import Image

from libs.common.errors import BadInput
from services.dataset.contents import MAX_LABEL_BYTES, Contents
from services.dataset.domain.draft import Content, Picture
from services.dataset.domain.findings import Rules
from services.dataset.domain.fix_labels import FixedLabel, fix_label, from_corners
from services.dataset.editions import Edition
from services.dataset.fix_images import fix_image
from services.dataset.found import Places
from services.dataset.scan import Progress

AT_ONCE = 256
MAX_IMAGE_BYTES = 512 * 1024 * 1024


@dataclass(slots=True)
class Work:
    """One run of fixes."""

    edition: Edition
    places: Places
    wanted: frozenset[str]
    limits: Rules
    left: dict[str, list[str]] = field(default_factory=dict)

    def not_mended(self, rule: str, where: str, why: str) -> None:
        """Note what stays as it is."""
        self.left.setdefault(rule, []).append(f"{where}: {why}.")


async def mend_images(work: Work, rules: frozenset[str], progress: Progress) -> None:
    """Mend the images that these rules name."""
    await _mend(work, rules, progress, _pixels_of, _mend_image)


async def mend_labels(work: Work, rules: frozenset[str], progress: Progress) -> None:
    """Mend the labels that these rules name."""
    await _mend(work, rules, progress, _size_needs, _mend_label)


async def _mend(
    work: Work,
    rules: frozenset[str],
    progress: Progress,
    needs: Callable[[Work, Picture], Content | None],
    mend: Callable[[Work, str, frozenset[str]], None],
) -> None:
    """Mend the pictures that the rules name, some hundred at a time."""
    if not rules:
        return
    files = work.places.files(rules)
    keys = [
        key
        for key, picture in work.edition.draft.pictures.items()
        if files is None or {picture.origin, picture.label_origin} & files
    ]
    work.edition.draft = work.edition.draft.having(dict(work.edition.draft.pictures))
    for start in range(0, len(keys), AT_ONCE):
        part = keys[start : start + AT_ONCE]
        pictures = [work.edition.draft.pictures[key] for key in part]
        await work.edition.contents.fetch(needs(work, picture) for picture in pictures)
        await asyncio.to_thread(_each, work, part, rules, mend)
        await progress(start + len(part), len(keys))


def _each(
    work: Work,
    keys: Sequence[str],
    rules: frozenset[str],
    mend: Callable[[Work, str, frozenset[str]], None],
) -> None:
    for key in keys:
        mend(work, key, rules)


def _pixels_of(_: Work, picture: Picture) -> Content | None:
    return picture.pixels


def _size_needs(work: Work, picture: Picture) -> Content | None:
    return picture.pixels if "not_normalized" in work.wanted else None


def _mend_image(work: Work, key: str, rules: frozenset[str]) -> None:
    draft, contents = work.edition.draft, work.edition.contents
    picture = draft.pictures[key]
    suffix = PurePosixPath(picture.name).suffix
    try:
        data = contents.read(picture.pixels, MAX_IMAGE_BYTES)
    except BadInput as error:
        work.not_mended(min(rules), picture.path, error.message.rstrip("."))
        return
    fixed = fix_image(data, suffix, rules)
    for rule, why in fixed.left.items():
        work.not_mended(rule, picture.path, why)
    if fixed.done:
        work.edition.changes.update(fixed.done)
        name = f"{picture.stem}{fixed.suffix}"
        pixels = picture.pixels if fixed.data == data else fixed.data
        _put(work, key, replace(picture, pixels=pixels, name=name))


def _mend_label(work: Work, key: str, rules: frozenset[str]) -> None:
    draft, contents = work.edition.draft, work.edition.contents
    picture = draft.pictures[key]
    if picture.label is None:
        return
    try:
        raw = contents.read(picture.label, MAX_LABEL_BYTES)
    except BadInput as error:
        work.not_mended(min(rules), picture.path, error.message.rstrip("."))
        return
    size = _size(contents, picture.pixels) if "not_normalized" in rules else None
    fixed = FixedLabel(raw)
    if "xyxy_format_suspected" in rules and _named(work, "xyxy_format_suspected", picture):
        fixed = from_corners(raw)
    more = fix_label(fixed.raw, rules, len(draft.classes), work.limits, size)
    for rule, why in (fixed.left | more.left).items():
        work.not_mended(rule, picture.label_origin or picture.path, why)
    if more.raw != raw:
        work.edition.changes.update(fixed.done + more.done)
        _put(work, key, replace(picture, label=more.raw))


def _named(work: Work, rule: str, picture: Picture) -> bool:
    """Whether the check named this file, its split or the whole dataset."""
    return any(
        place.file in (picture.label_origin, picture.origin)
        or (place.file is None and place.split in (None, picture.split))
        for place in work.places.by_rule[rule]
    )


def _put(work: Work, key: str, picture: Picture) -> None:
    pictures = work.edition.draft.pictures
    assert isinstance(pictures, dict)
    pictures[key] = picture


def _size(contents: Contents, pixels: Content) -> tuple[int, int] | None:
    """Width and height in pixels, as the image is shown."""
    try:
        if isinstance(pixels, bytes):
            return None
        with Image.open(contents.path(pixels)) as image:
            wide, high = image.size
            turned = image.getexif().get(274, 1) in (5, 6, 7, 8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return (high, wide) if turned else (wide, high)
