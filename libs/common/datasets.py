"""What a YOLO dataset is: class names, and per split the images paired with their label files.

Folders, txt lists and pairing are resolved as the pinned trainer (ultralytics 8.4.190) does, with
two differences: nothing is fetched, and with `roots` nothing outside of them is ever read.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from libs.common.data_yaml import read_data_yaml
from libs.common.errors import BadInput
from libs.common.safe_yaml import Problem

IMAGE_SUFFIXES = frozenset(
    f".{name}"
    for name in ("avif bmp dng heic heif jp2 jpeg jpg mpo png tif tiff webp").split()  # noqa: SIM905
)
YAML_NAMES = ("data.yaml", "dataset.yaml", "data.yml", "dataset.yml")
_SPLIT_FOLDERS = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
_MAX_LIST_BYTES = 256 * 1024 * 1024
_MAX_PROBLEMS_PER_RULE = 1000
_MAX_LABEL_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Item:
    """An image and its label file; no label file means background to the trainer."""

    image: Path
    label: Path | None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset that can be read: its folder, class names by number, and its splits."""

    root: Path
    names: tuple[str, ...]
    splits: dict[str, tuple[Item, ...]]
    """The splits that are there, of train, val and test."""


@dataclass(slots=True)
class Survey:
    """A dataset as far as it can be read, and everything that is wrong with its description."""

    root: Path
    yaml: Path | None = None
    names: tuple[str, ...] = ()
    splits: dict[str, tuple[Item, ...]] = field(default_factory=dict)
    sources: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    """The existing image folders and txt lists of each split."""
    problems: list[Problem] = field(default_factory=list)
    """At most 1,000 per rule; `counts` has the true numbers."""
    counts: Counter[str] = field(default_factory=Counter)
    quirks: list[str] = field(default_factory=list)
    """Sentences on unusual but harmless writing that was understood."""

    def note(self, problem: Problem) -> None:
        """Count a problem, and keep it unless its rule has very many already."""
        self.counts[problem.rule] += 1
        if self.counts[problem.rule] <= _MAX_PROBLEMS_PER_RULE:
            self.problems.append(problem)


def read_dataset(path: Path, roots: Sequence[Path] = ()) -> Dataset:
    """Read the dataset at `path`: a folder, or its data.yaml.

    Args:
        path: folder or YAML file.
        roots: folders that nothing read may lie outside of, after links are resolved; empty = any.

    Raises:
        BadInput: nothing usable is there; the sentence says why and what to do.
    """
    survey = survey_dataset(path, roots)
    fatal = next((problem for problem in survey.problems if problem.fatal), None)
    if fatal:
        line = f", line {fatal.line}" if fatal.line else ""
        place = f"{fatal.file.name}{line}: " if fatal.file else ""
        raise BadInput(f"The dataset cannot be used. {place}{fatal.message}", code=fatal.rule)
    if not any(survey.splits.values()):
        detail = " ".join(problem.message for problem in survey.problems[:3])
        raise BadInput(f"The dataset has no images. {detail}".strip(), code="no_images")
    return Dataset(survey.root, survey.names, survey.splits)


def survey_dataset(path: Path, roots: Sequence[Path] = ()) -> Survey:
    """Read the dataset at `path` as far as possible, noting what is wrong instead of raising.

    Raises:
        BadInput: `path` itself is missing, outside the roots, or neither a folder nor a YAML file.
    """
    fence = Fence(roots)
    file = _yaml_of(path, fence)
    if file is None:
        survey = Survey(path.resolve())
        _survey_bare_folder(survey, fence)
        return survey
    described = read_data_yaml(file)
    survey = Survey(file.resolve().parent, yaml=file, names=described.names)
    for problem in described.problems:
        survey.note(problem)
    survey.root = _root_of(described, survey, fence)
    for split, entries in described.splits.items():
        sources = [_resolve_source(survey, split, entry, fence) for entry in entries]
        survey.sources[split] = tuple(source for source in sources if source)
        if survey.sources[split]:
            survey.splits[split] = tuple(_items(survey, survey.sources[split], fence))
    return survey


class Fence:
    """Decides what may be read: only what lies, after links are resolved, under the roots."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(os.path.realpath(root) for root in roots)
        self._folders: dict[str, bool] = {}

    def allows(self, path: str | Path) -> bool:
        """Whether `path` may be read. Folders are resolved once and remembered."""
        if not self._roots:
            return True
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = self._contains(os.path.realpath(folder or "."))
        if name in ("", ".", "..") or os.path.islink(path):  # noqa: PTH114 (a million of them)
            return self._contains(os.path.realpath(path))
        return self._folders[folder] or self._contains(os.path.realpath(path))

    def _contains(self, real: str) -> bool:
        return any(real == root or real.startswith(root.rstrip("/") + "/") for root in self._roots)


def label_path(image: str) -> str:
    """Where the trainer looks for the label of `image`: last `/images/` to `/labels/`, `.txt`."""
    swapped = f"{os.sep}labels{os.sep}".join(image.rsplit(f"{os.sep}images{os.sep}", 1))
    return swapped.rsplit(".", 1)[0] + ".txt"


def walk_images(folder: Path) -> Iterator[str]:
    """Every image the trainer would take from `folder`, sorted; links are followed once.

    As the trainer's glob of `**/*.*`: at any depth, hidden files and folders left out.
    """
    found: list[str] = []
    seen: set[str] = set()
    pending = [str(folder)]
    while pending:
        current = pending.pop()
        real = os.path.realpath(current)
        if real in seen:
            continue
        seen.add(real)
        with os.scandir(current) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    pending.append(entry.path)
                elif is_image_name(entry.name):
                    found.append(entry.path)
    return iter(sorted(found))


def is_image_name(name: str) -> bool:
    """Whether the trainer takes a file of this name for an image (case does not matter)."""
    return f".{name.rpartition('.')[2].lower()}" in IMAGE_SUFFIXES and "." in name


def write_data_yaml(dataset: Dataset, out: Path) -> Path:
    """Write a data.yaml of our own that ultralytics can be trusted with.

    Next to `out` a folder of links is made (`<stem>_files/images/<split>`, `…/labels/<split>`), so
    that the trainer's caches, and images that it rewrites, land there and not in the dataset, and
    so that no `*.cache` or `*.npy` of the dataset (both are unpickled) is ever loaded. Resolve a
    path that ultralytics reports (`Path.resolve`) to get at the dataset's own file.

    Args:
        dataset: what `read_dataset` returned.
        out: the file to write, in a folder of ours.

    Raises:
        BadInput: there is nothing to validate on.
    """
    splits = {split: items for split, items in dataset.splits.items() if items}
    splits.setdefault("val", splits.get("test", ()))
    splits.setdefault("train", splits["val"])  # judged only, never trained on: the key must exist
    if not splits["val"]:
        raise BadInput(
            "The dataset has no val split. Split it (POST /dataset/split) or add val to data.yaml.",
            code="val_missing",
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    farm = out.parent.resolve() / f"{out.stem}_files"
    lines = [f"path: {_quoted(str(farm))}"]
    for split, items in splits.items():
        listing = farm / f"{split}.txt"
        images = [_link(item, farm, split, index) for index, item in enumerate(items)]
        listing.write_text("".join(f"{image}\n" for image in images), encoding="utf-8")
        lines.append(f"{split}: {_quoted(str(listing))}")
    lines += ["names:", *(f"  {i}: {_quoted(name)}" for i, name in enumerate(dataset.names))]
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return out
