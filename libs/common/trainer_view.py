"""Show a dataset to ultralytics in a folder of ours, so that it changes and trusts nothing else."""
# ruff: noqa: PTH100, PTH103, PTH113, PTH119, PTH122, PTH211

import os
import shutil
from pathlib import Path

import yaml

from libs.common.dataset_files import Dataset, Item
from libs.common.errors import BadInput


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
    farm = out.parent.resolve() / f"{out.stem}_files"
    described: dict[str, object] = {"path": str(farm)}
    for split, items in splits.items():
        listing = farm / f"{split}.txt"
        images = _link_split(farm, split, items)
        listing.write_text("".join(f"{image}\n" for image in images), encoding="utf-8")
        described[split] = str(listing)
    described["names"] = dict(enumerate(dataset.names))
    out.write_text(yaml.safe_dump(described, allow_unicode=True, sort_keys=False), "utf-8")
    return out


def _link_split(farm: Path, split: str, items: tuple[Item, ...]) -> list[str]:
    """Link the images and labels of one split under `farm`; the links' paths in the same order.

    By `os`, on strings: a path object for each of a hundred thousand images costs seconds.
    """
    images, labels = (f"{farm}/{kind}/{split}" for kind in ("images", "labels"))
    for folder in (images, labels):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
    taken: set[str] = set()
    linked: list[str] = []
    for index, item in enumerate(items):
        source = os.path.abspath(item.image)
        if not os.path.isfile(source):  # a pipe or a device would never end
            continue
        stem, suffix = os.path.splitext(os.path.basename(source))
        if stem in taken or not stem.isprintable():
            stem = f"{index:07d}"
        taken.add(stem)
        image = f"{images}/{stem}{suffix}"
        os.symlink(source, image)
        linked.append(image)
        if item.label:
            os.symlink(os.path.abspath(item.label), f"{labels}/{stem}.txt")
    return linked
