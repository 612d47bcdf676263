"""One judgement: fetch model and dataset, let the child look at every image, analyse the boxes."""

import asyncio
from dataclasses import dataclass
from typing import Any

from libs.common.datasets import Dataset, Item, materialise, read_dataset
from libs.common.errors import BadInput
from libs.common.events import DatasetRef
from libs.common.service import Deps
from libs.common.work import Attempt
from services.analyzer.asking import Seen, ask_model
from services.analyzer.domain.report import Analysis, analyse
from services.analyzer.elsewhere import understand
from services.analyzer.fetching import Weights
from services.analyzer.options import ValidateOptions
from services.analyzer.parquet import Image

GIVEN = "predictions as given: no suppression; up to 300 per image and class, the surest first"


@dataclass(frozen=True)
class Judged:
    """What a judgement found. `model` is what is known of the model and of the pass."""

    found: Analysis
    images: tuple[Image, ...]
    model: dict[str, Any]
    split: str
    notes: tuple[str, ...]
    protocol: str

    @property
    def paths(self) -> tuple[str, ...]:
        """Of the images, by index."""
        return tuple(image.path for image in self.images)


async def judge(
    attempt: Attempt,
    weights: Weights,
    ref: DatasetRef,
    options: ValidateOptions,
    *,
    predictions: bool = False,
) -> Judged:
    """Run the model over one split, or take its predictions as given, and analyse what it said.

    Args:
        attempt: told how far it is.
        weights: the model, or its predictions.
        ref: the dataset.
        options: thresholds, split, size.
        predictions: `weights` are predictions from elsewhere.

    Raises:
        BadInput: model, dataset or split cannot be judged; the sentence says what to do.
    """
    dataset = await open_dataset(attempt.deps, ref)
    split, items, notes = choose_split(dataset, options.split)
    if not any(item.label for item in items):
        raise BadInput(
            f"No image of the {split} split has a label file, so nothing can be compared. Label "
            "it, or give another split.",
            code="no_labels",
        )
    look = _given if predictions else ask_model
    seen = await look(attempt, weights, dataset, split, items, options)
    found = await asyncio.to_thread(
        analyse, seen.data, confidence=options.confidence_threshold, match_iou=options.match_iou
    )
    return Judged(found, seen.images, seen.model, split, (*notes, *seen.notes), seen.protocol)


async def _given(
    attempt: Attempt,
    weights: Weights,
    dataset: Dataset,
    split: str,
    items: tuple[Item, ...],
    options: ValidateOptions,
) -> Seen:
    """Predictions that another program made."""
    read = await understand(attempt, weights.path, dataset, split, items, options)
    told = {"findings": read.findings, "seconds": read.seconds, "imgsz": None}
    return Seen(read.data, read.images, told, read.notes, GIVEN)


def choose_split(dataset: Dataset, wanted: str) -> tuple[str, tuple[Item, ...], tuple[str, ...]]:
    """The split to judge on, its images, and a note if it is not the one asked for.

    Raises:
        BadInput: `empty_split`: it has no images, and no substitute is allowed.
    """
    if items := dataset.splits.get(wanted, ()):
        return wanted, items, ()
    if wanted == "test" and (items := dataset.splits.get("val", ())):
        note = "the dataset has no test split: judged on val, which training may have looked at"
        return "val", items, (note,)
    there = [f"{name} ({len(items)})" for name, items in dataset.splits.items() if items]
    raise BadInput(
        f"The dataset has no images in its {wanted} split; there are: {', '.join(there)}.",
        code="empty_split",
    )


async def open_dataset(deps: Deps, ref: DatasetRef) -> Dataset:
    """The dataset on this machine, read; raises BadInput as `read_dataset`."""
    settings = deps.settings
    path = await materialise(ref, deps.artifacts, deps.scratch / "datasets")
    fenced = ref.path and settings.roots
    roots = (*settings.roots, settings.datasets_dir) if fenced else ()
    return await asyncio.to_thread(read_dataset, path, roots)
