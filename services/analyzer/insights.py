"""Insight into a judgement: gathers what is known of the images, computes off the event loop."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from libs.common.datasets import materialise, read_dataset
from libs.common.events import DatasetRef
from libs.common.service import Deps
from libs.common.work import Attempt
from services.analyzer.domain.boxes import Floats, Ints
from services.analyzer.domain.dimensions import Looks
from services.analyzer.domain.insight import Setting, insight
from services.analyzer.judging import Judged
from services.analyzer.parquet import Image
from services.analyzer.threads import Tell, in_thread

APPEARANCE = ("brightness", "contrast", "sharpness")


async def insights(attempt: Attempt, judged: Judged, dataset: DatasetRef) -> dict[str, Any]:
    """Blocks for the report of a validation, see `domain.insight`.

    Args:
        attempt: told how far it is.
        judged: what was found, its images with the hashes of their bytes.
        dataset: that was judged, to look for images that are in train too.
    """
    images = judged.images
    in_train_i = await _in_train(attempt.deps, dataset, judged.split, images)
    looks = Looks(
        size_i2=np.array([(i.width_px, i.height_px) for i in images], np.float64).reshape(-1, 2),
        imgsz=judged.model["imgsz"],
        in_train_i=in_train_i,
        **{f"{name}_i": _known(images, name) for name in APPEARANCE},
    )
    names = [image.member or f"{judged.split}/{Path(image.path).name}" for image in images]
    setting = Setting(judged.split, names, judged.paths, looks)

    def work(tell: Tell) -> dict[str, Any]:
        return insight(judged.found, setting, tell)

    return await in_thread(attempt, "resampling", work)


def _known(images: Sequence[Image], name: str) -> Floats | None:
    """One measurement of every image, or None if any was not measured."""
    values = [getattr(image, name) for image in images]
    return None if None in values else np.array(values, dtype=np.float64)


async def _in_train(
    deps: Deps, ref: DatasetRef, split: str, images: Sequence[Image]
) -> Ints | None:
    """1 for each image whose bytes are in the train split too; None where that means nothing."""
    if split == "train" or not all(image.sha256 for image in images):
        return None
    path = await materialise(ref, deps.artifacts, deps.scratch / "datasets")
    settings = deps.settings
    roots = (*settings.roots, settings.datasets_dir) if ref.path and settings.roots else ()
    dataset = await asyncio.to_thread(read_dataset, path, roots)
    train = [item.image for item in dataset.splits.get("train", ())]
    return await asyncio.to_thread(shared_with_train, images, train) if train else None


def shared_with_train(images: Sequence[Image], train: Sequence[Path]) -> Ints:
    """1 for each image whose bytes are among the files of `train`, under whatever name.

    Only files of equal size are read, so that a large train split costs next to nothing.
    """
    by_size: defaultdict[int, set[str]] = defaultdict(set)
    for image in images:
        by_size[Path(image.path).stat().st_size].add(image.sha256)
    seen: set[str] = set()
    for path in train:
        try:
            if path.stat().st_size in by_size:
                with path.open("rb") as file:
                    seen.add(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError:
            continue  # gone or unreadable: it cannot have been learnt from either
    return np.array([image.sha256 in seen for image in images], dtype=np.int64)
