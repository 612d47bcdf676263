"""The work behind a new version: read the dataset, edit it as planned, say what was changed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from libs.common.dataset_files import Dataset, Item
from libs.common.datasets import read_dataset
from libs.common.errors import BadInput
from services.dataset.domain.edits import Sample, delete_class, plan_split
from services.dataset.domain.labels import parse_label
from services.dataset.options import DeleteClassOptions, SplitOptions
from services.dataset.registry import File, files_of
from services.dataset.zips import dataset_folder, unpack


@dataclass(frozen=True, slots=True)
class Edition:
    """A version to be."""

    classes: tuple[str, ...]
    files: Sequence[File]
    changes: dict[str, int] = field(default_factory=dict)


def from_zip(archive: Path, folder: Path) -> Edition:
    """The dataset in a ZIP, unpacked into `folder`.

    Raises:
        BadInput: the archive or the dataset in it cannot be used.
    """
    written = unpack(archive, folder)
    dataset = read_dataset(dataset_folder(folder), [folder])
    return Edition(dataset.names, _flat(dataset), {"files_unpacked": written})


def split_anew(dataset: Dataset, options: SplitOptions) -> Edition:
    """All images dealt out to train, val and test anew; exact duplicates stay together."""
    items: dict[str, tuple[str, Item]] = {}
    samples: list[Sample] = []
    for split, members in dataset.splits.items():
        for item in members:
            key = item.image.as_posix()
            items[key] = (split, item)
            samples.append(Sample(key, _classes(item, len(dataset.names)), _digest(item.image)))
    plan = plan_split(samples, options.ratios, options.seed)
    splits: dict[str, list[Item]] = {split: [] for split in options.ratios}
    for key, split in sorted(plan.items()):
        splits[split].append(items[key][1])
    dealt = Dataset(
        dataset.root, dataset.names, {name: tuple(part) for name, part in splits.items() if part}
    )
    moved = sum(items[key][0] != split for key, split in plan.items())
    return Edition(dataset.names, _flat(dealt), {"images_moved": moved})


def without_class(dataset: Dataset, options: DeleteClassOptions) -> Edition:
    """The dataset without one class; its images stay, the higher classes are renumbered.

    Raises:
        BadInput: there is no such class, or no other.
    """
    index = _index_of(dataset.names, options)
    removed = changed = 0
    files: list[File] = []
    for image, label in (pair for pairs in files_of(dataset).values() for pair in pairs):
        files.append(image)
        if label is None:
            continue
        raw = label.content if isinstance(label.content, bytes) else label.content.read_bytes()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            files.append(label)  # the trainer cannot read it either: left for its own fix
            continue
        edited, gone = delete_class(text, index)
        changed += edited.split() != text.split()
        removed += gone
        files.append(File(label.path, edited.encode()))
    classes = tuple(name for number, name in enumerate(dataset.names) if number != index)
    return Edition(classes, files, {"boxes_removed": removed, "labels_changed": changed})


def _index_of(names: Sequence[str], options: DeleteClassOptions) -> int:
    wanted = options.class_name if options.class_id is None else options.class_id
    known = ", ".join(f"{index} {name}" for index, name in enumerate(names[:20]))
    if isinstance(wanted, int):
        index = wanted if wanted < len(names) else -1
    else:
        index = names.index(wanted) if wanted in names else -1
    if index < 0:
        raise BadInput(f"There is no class {wanted!r}. The classes are: {known}.", code="no_class")
    if len(names) == 1:
        raise BadInput("It is the only class: a dataset needs one at least.", code="last_class")
    return index


def _flat(dataset: Dataset) -> list[File]:
    pairs = [pair for pairs in files_of(dataset).values() for pair in pairs]
    return [file for pair in pairs for file in pair if file]


def _classes(item: Item, classes: int) -> frozenset[int]:
    if item.label is None:
        return frozenset()
    label = parse_label(item.label.read_bytes(), classes)
    return frozenset(int(number) for number in label.boxes[:, 0])


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
