"""One judgement: fetch model and dataset, let the child look at every image, analyse the boxes."""

import asyncio
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.common.children import child_environment
from libs.common.datasets import Dataset, Item, materialise, read_dataset
from libs.common.errors import BadInput
from libs.common.events import DatasetRef, ModelRef
from libs.common.service import Deps
from libs.common.work import Attempt
from services.analyzer.child import run_child
from services.analyzer.domain.report import Analysis, analyse
from services.analyzer.options import ValidateOptions
from services.analyzer.parquet import Image, read_boxes

MAX_DETECTIONS = 300
BATCH = 8
MOST_THREADS = 8


@dataclass(frozen=True)
class Weights:
    """A model's file on this machine."""

    path: Path
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Judged:
    """What a judgement found. `model` is what the child told of the model."""

    found: Analysis
    images: tuple[Image, ...]
    model: dict[str, Any]
    split: str
    notes: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """Of the images, by index."""
        return tuple(image.path for image in self.images)


async def fetch_weights(deps: Deps, model: ModelRef, folder: Path) -> Weights:
    """Bring the model's file here, checked against the hash that the request names.

    Raises:
        BadInput: the file is gone, or is not the one that was asked for.
    """
    if model.key:
        path = await deps.artifacts.get_file(model.key, folder / "model.pt", sha256=model.sha256)
    else:
        path = Path(model.path or "")
        if not path.is_file():
            raise BadInput(f"The model {model.name} is not there any more.", code="model_missing")
    digest = await asyncio.to_thread(_hash, path)
    if model.sha256 not in (None, digest):
        raise BadInput(
            f"The file of {model.name} changed after it was asked for. Ask again.",
            code="model_changed",
        )
    return Weights(path, digest, path.stat().st_size)


async def judge(
    attempt: Attempt, weights: Weights, ref: DatasetRef, options: ValidateOptions, folder: Path
) -> Judged:
    """Run the model over one split and analyse what it said.

    Args:
        attempt: told how far it is.
        weights: the model.
        ref: the dataset.
        options: thresholds, split, size.
        folder: of this attempt, for files of ours.

    Raises:
        BadInput: model, dataset or split cannot be judged; the sentence says what to do.
    """
    deps = attempt.deps
    dataset = await _read(deps, ref)
    split, items, notes = choose_split(dataset, options.split)
    if not any(item.label for item in items):
        raise BadInput(
            f"No image of the {split} split has a label file, so nothing can be compared. Label "
            "it, or give another split.",
            code="no_labels",
        )
    out = folder / "boxes.parquet"
    order = _order(weights, dataset, items, options, out)
    environment = await asyncio.to_thread(child_environment, deps.scratch / "yolo")

    async def on_progress(done: int, of: int) -> None:
        await attempt.progress(done=done, of=of, stage="inference")

    model = await run_child(order, environment, on_progress)
    if not model["images"]:
        raise BadInput(
            f"None of the {len(items)} images of the {split} split can be used: "
            f"{model['findings'][0]['message']}.",
            code="no_usable_images",
        )
    if model["findings"]:
        notes = (*notes, f"{len(model['findings'])} images were left out; see findings")
    data, images = await asyncio.to_thread(read_boxes, out)
    found = await asyncio.to_thread(
        analyse, data, confidence=options.confidence_threshold, match_iou=options.match_iou
    )
    return Judged(found, images, model, split, notes)


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


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _read(deps: Deps, ref: DatasetRef) -> Dataset:
    settings = deps.settings
    path = await materialise(ref, deps.artifacts, deps.scratch / "datasets")
    fenced = ref.path and settings.roots
    roots = (*settings.roots, settings.datasets_dir) if fenced else ()
    return await asyncio.to_thread(read_dataset, path, roots)


def _order(
    weights: Weights,
    dataset: Dataset,
    items: tuple[Item, ...],
    options: ValidateOptions,
    out: Path,
) -> dict[str, Any]:
    """What the child is told; see `yolo.judge`."""
    return {
        "weights": str(weights.path),
        "names": dataset.names,
        "images": [(str(item.image), str(item.label) if item.label else None) for item in items],
        "imgsz": options.imgsz,
        "iou": options.iou_threshold,
        "max_det": MAX_DETECTIONS,
        "batch": BATCH,
        "threads": min(MOST_THREADS, len(os.sched_getaffinity(0))),
        "device": options.device or "cpu",
        "out": str(out),
    }
