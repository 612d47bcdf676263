"""List a dataset's images and the files around them, in little memory. Reads no content.

Folders are walked as the trainer does (hidden names left out, links to folders followed once), but
nothing is opened, so that a pipe, a device or a folder that is named like an image harms nobody.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from libs.common.dataset_files import IMAGE_SUFFIXES, Fence, is_folder
from libs.common.dataset_survey import Survey, listed_images
from libs.common.safe_yaml import Problem
from services.dataset.domain.filetree import FileTree, SplitFiles, labels_of
from services.dataset.domain.paths import Paths, shown
from services.dataset.domain.scanned import shown_file
from services.dataset.surroundings import (
    around,
    as_written,
    home_of,
    images_among,
    sources_of,
)

MAX_OTHERS = 2_000_000
"""Files that are no images are listed up to here, per split."""
_SUFFIXES = tuple(suffix.encode() for suffix in IMAGE_SUFFIXES)
MOST_LABELS_KEPT = 100_000
_USUAL = frozenset((b".jpg", b".png", b".JPG"))
_DOT = ord(".")
_AT_ONCE = 16_384

Tell = Callable[[int], None]
"""Called with the images listed so far; may raise, which ends the listing."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The images of a dataset: rows of all splits, one split after the other, sorted in each."""

    root: str
    splits: tuple[str, ...]
    paths: Paths
    """(N): relative to `root`, absolute where outside of it."""
    counts: tuple[int, ...]
    """Images per split, in the order of `splits`."""
    tree: FileTree
    labels: Paths | None = None
    """(N): where the trainer looks for their labels; not kept where it would take much memory."""


@dataclass(slots=True)
class _Found:
    """What one split's folders hold."""

    images: list[bytes] = field(default_factory=list)
    beside: list[bytes] = field(default_factory=list)
    links: list[bytes] = field(default_factory=list)


def list_dataset(survey: Survey, fence: Fence, tell: Tell = lambda _: None) -> Listing:
    """The images of every split, and the other names that the rules on files look at.

    What cannot be listed, or lies outside of the roots, is noted in `survey`.
    """
    home = os.fsencode(survey.root) + b"/"
    splits = tuple(split for split in ("train", "val", "test") if split in survey.splits)
    found: list[_Found] = []
    images: list[Paths] = []
    for split in splits:
        done = sum(map(len, images))
        found.append(_split(survey, split, fence, lambda n, done=done: tell(done + n)))  # type: ignore[misc]
        names = found[-1].images
        names.sort()
        start = len(home)
        images.append(Paths.of(name[start:] if name.startswith(home) else name for name in names))
        names.clear()
    paths = Paths.joined(images)
    counts = tuple(map(len, images))
    tree: dict[str, SplitFiles] = {}
    labels = labels_of(paths, os.fspath(survey.root))
    strays = _strays(survey, splits, labels, home)
    kept = labels if len(labels) <= MOST_LABELS_KEPT else None
    del labels
    for index, (split, one) in enumerate(zip(splits, found, strict=True)):
        own = slice(sum(counts[:index]), sum(counts[: index + 1]))
        tree[split] = SplitFiles(
            root=os.fspath(survey.root),
            images=paths[own],
            wanted=kept[own] if kept else None,
            beside=_shown(one.beside, home),
            skipped=frozenset(_shown(images_among(one.beside), home)),
            labels=strays[split],
            links=_shown(one.links, home),
        )
    return Listing(
        os.fspath(survey.root),
        splits,
        paths,
        counts,
        FileTree(tree, sources_of(survey, home), around(survey, home)),
        kept,
    )


def _shown(paths: list[bytes], home: bytes) -> tuple[str, ...]:
    return tuple(shown(path.removeprefix(home)) for path in sorted(paths))


def _split(survey: Survey, split: str, fence: Fence, tell: Tell) -> _Found:
    found = _Found()
    for source in survey.sources[split]:
        if source.is_dir():
            for files, others in walk(os.fsencode(source), survey, fence):
                images = [e.path for e in files if e.name[-4:] in _USUAL and e.name[0] != _DOT]
                found.images += images
                if others or len(images) < len(files):
                    rare = (e for e in files if e.name[-4:] not in _USUAL or e.name[0] == _DOT)
                    for entry in (*rare, *others):
                        _sort_in(entry, found, survey, fence)
                tell(len(found.images))
        else:
            _take_listed(survey, source, found, fence)
    tell(len(found.images))
    return found


def _sort_in(entry: os.DirEntry[bytes], found: _Found, survey: Survey, fence: Fence) -> None:
    if not _is_image(entry.name):
        if len(found.beside) < MAX_OTHERS and not is_folder(entry):
            found.beside.append(entry.path)
        return
    if entry.is_symlink():
        if not fence.allows(os.fsdecode(entry.path)):
            survey.note(_outside(entry.path, "The image is a link"))
            return
        real = os.path.realpath(entry.path)
        if os.path.exists(real) and not real.startswith(os.fsencode(survey.root) + b"/"):  # noqa: PTH110
            found.links.append(entry.path)
    found.images.append(entry.path)


def _is_image(name: bytes) -> bool:
    return name.lower().endswith(_SUFFIXES) and not name.startswith(b".")


def _outside(path: bytes, what: str) -> Problem:
    return Problem(
        "symlink_outside_root",
        f"{what} out of the folders that this system may read. Put the file itself there.",
        file=Path(os.fsdecode(path)),
    )


def _take_listed(survey: Survey, source: Path, found: _Found, fence: Fence) -> None:
    for image in listed_images(survey, source):
        path = os.fsencode(image)
        if fence.allows(image):
            found.images.append(path)
        else:
            survey.note(_outside(path, "The image is a link"))


def walk(
    folder: bytes, survey: Survey, fence: Fence
) -> Iterator[tuple[list[os.DirEntry[bytes]], list[os.DirEntry[bytes]]]]:
    """Everything under `folder`, some thousands at a time: plain files, and what is none.

    What is hidden is only named; links are followed once.
    """
    seen: set[bytes] = set()
    pending = [folder]
    while pending:
        current = pending.pop()
        real = os.path.realpath(current)
        if real in seen:
            continue
        seen.add(real)
        if not fence.allows(os.fsdecode(real)):
            survey.note(_outside(current, "The folder is a link"))
            continue
        try:
            with os.scandir(current) as entries:
                while some := list(islice(entries, _AT_ONCE)):
                    files = [entry for entry in some if entry.is_file(follow_symlinks=False)]
                    others = []
                    if len(files) < len(some):
                        others = [e for e in some if not e.is_file(follow_symlinks=False)]
                    shown_ones = (e for e in others if e.name[0] != _DOT)
                    pending += [entry.path for entry in shown_ones if is_folder(entry)]
                    yield files, others
        except OSError as error:
            text = f"The folder cannot be read ({error.strerror}): its images are left out."
            place = Path(os.fsdecode(current[:1000]))
            survey.note(Problem("split_path_missing", text, fatal=False, file=place))


def _strays(
    survey: Survey, splits: tuple[str, ...], labels: Paths, home: bytes
) -> dict[str, tuple[str, ...]]:
    """Per split, the files in its label folders that no image of any split looks for."""
    expected = as_arrow(labels)
    strays: dict[str, tuple[str, ...]] = {}
    for split in splits:
        folders = {os.fsencode(source) for source in survey.sources[split] if source.is_dir()}
        homes = {as_written(home_of(folder), home) for folder in folders} - folders
        files = Paths.of(
            file for each in sorted(homes) for some in _files(each, home) for file in some
        )
        lost = pc.invert(pc.is_in(as_arrow(files), value_set=expected))
        rows = pc.indices_nonzero(lost).to_pylist()
        strays[split] = tuple(sorted(shown_file(files.raw(row)) for row in rows))
    return strays


def as_arrow(paths: Paths) -> pa.Array:
    """The paths as an Arrow array that shares their bytes."""
    buffers = [None, pa.py_buffer(paths.ends), pa.py_buffer(paths.blob)]
    return pa.Array.from_buffers(pa.large_binary(), len(paths), buffers)


def _files(folder: bytes, home: bytes) -> Iterator[list[bytes]]:
    """Every file under `folder`, hidden ones too, as `home` sees it; no link is followed."""
    left = MAX_OTHERS
    pending = [folder]
    while pending and left > 0:
        place = pending.pop()
        inside = (place + b"/").removeprefix(home)
        try:
            with os.scandir(place) as entries:
                while left > 0 and (some := list(islice(entries, _AT_ONCE))):
                    files = [e.name for e in some if not e.is_dir(follow_symlinks=False)]
                    if len(files) < len(some):
                        pending += [e.path for e in some if e.is_dir(follow_symlinks=False)]
                    yield [inside + name for name in files[:left]]
                    left -= len(files)
        except OSError:
            continue
