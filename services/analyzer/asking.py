"""What a model says about a split: asked in a child process, kept in parts as it goes."""

import asyncio
import os
from dataclasses import dataclass
from typing import Any

from libs.common.datasets import Dataset, Item
from libs.common.errors import BadInput
from libs.common.service import Deps
from libs.common.work import Attempt
from services.analyzer.child import Stock, run_child
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.room import USUAL_IMGSZ
from services.analyzer.fetching import Weights
from services.analyzer.leasing import gpu_room
from services.analyzer.options import ValidateOptions
from services.analyzer.parquet import Image
from services.analyzer.parts import Keeper, Stamp, fingerprint, read_parts, stamps

PROTOCOLS = {
    "square": "rect=False, confidence from 0.001, boxes in pixels of the original images",
    "yolo_val": "as `yolo val`: rect=True in batches of 16, confidence from 0.001, suppression at "
    "IoU 0.7, boxes in pixels of the original images, not cut at their edge",
}
MAX_DETECTIONS = 300
BATCH, YOLO_VAL_IOU = 16, 0.7
"""As `yolo val` has them; `square` is free to take as many images together."""
PIXELS_AT_ONCE = 2_000_000
"""Of the canvases that one thread asks about together: 16 of 352, 4 of 640, 1 of 1280."""
GPU_PIXELS_AT_ONCE = 6_600_000
MOST_THREADS = 8
PART_S = 5.0


@dataclass(frozen=True)
class AnalyzerDeps(Deps):
    """What the analyzer's handlers work with."""

    stock: Stock
    part_s: float = PART_S


@dataclass(frozen=True)
class Seen:
    """Labels and detections of a split, with what is worth knowing of how they came about."""

    data: Evidence
    images: tuple[Image, ...]
    model: dict[str, Any]
    notes: tuple[str, ...]
    protocol: str


async def ask_model(
    attempt: Attempt,
    weights: Weights,
    dataset: Dataset,
    split: str,
    items: tuple[Item, ...],
    options: ValidateOptions,
) -> Seen:
    """Let a child look at every image; what earlier attempts saw is not looked at again.

    Raises:
        BadInput: the model does not fit the dataset, or no image can be used.
    """
    deps, order = attempt.deps, _order(weights, dataset, items, options)
    before = await asyncio.to_thread(stamps, order)
    ours = dataset.root.is_relative_to(deps.scratch)  # registered versions never change
    mark = fingerprint(order, weights.sha256, dataset.root, [] if ours else before)
    keeper = Keeper(deps, attempt.job.id, mark)
    order["batches_done"] = await keeper.recall(elsewhere=attempt.number > 1)
    order["out"] = str(keeper.folder)
    order["places"] = [str(dataset.root)]
    order["roots"] = [] if ours else [*map(str, (*deps.settings.roots, deps.settings.datasets_dir))]
    assert isinstance(deps, AnalyzerDeps)
    order["part_s"] = deps.part_s

    async def on_progress(done: int, of: int) -> None:
        await attempt.progress(done=done, of=of, stage="inference")

    try:
        large = order["pixels"] // (options.imgsz or USUAL_IMGSZ) ** 2
        room = {"imgsz": options.imgsz, "batch": max(1, min(order["batch"], large))}
        async with gpu_room(attempt, order["device"], **room) as lease:
            model = await run_child(
                order, deps.stock, on_progress, on_part=keeper.keep, lease=lease
            )
    finally:
        await keeper.rest()
    passed = await asyncio.to_thread(read_parts, keeper.folder, dataset.names)
    if not passed.images:
        raise BadInput(
            f"None of the {len(items)} images of the {split} split can be used: "
            f"{passed.findings[0]['message']}.",
            code="no_usable_images",
        )
    changed = _changed(order, before, await asyncio.to_thread(stamps, order))
    told = model | {"findings": [*passed.findings, *changed], "seconds": passed.seconds}
    notes = _notes(options, len(passed.findings), len(changed))
    return Seen(passed.data, passed.images, told, notes, PROTOCOLS[options.protocol])


def _notes(options: ValidateOptions, left_out: int, changed: int) -> tuple[str, ...]:
    notes = []
    if left_out:
        notes.append(f"{left_out} images were left out; see findings")
    if changed:
        notes.append(f"{changed} files changed while the model was judged; see findings")
    if options.protocol == "yolo_val":
        notes.append(f"iou_threshold is not used: `yolo val` suppresses at IoU {YOLO_VAL_IOU}")
    return tuple(notes)


def _changed(
    order: dict[str, Any], before: list[Stamp], after: list[Stamp]
) -> list[dict[str, str]]:
    """A finding for each image or label that is not what it was when the pass began."""
    paths = [path for item in order["images"] for path in item if path]
    message = "the file changed while the model was judged: judge it again"
    return [
        {"image_path": path, "message": message}
        for path, was, now in zip(paths, before, after, strict=True)
        if was != now
    ]


def _order(
    weights: Weights, dataset: Dataset, items: tuple[Item, ...], options: ValidateOptions
) -> dict[str, Any]:
    """What the child is told; see `looking.judge`."""
    as_yolo = options.protocol == "yolo_val"
    device = options.device or "cpu"
    return {
        "operation": "judge",
        "weights": str(weights.path),
        "names": dataset.names,
        "images": [(str(item.image), str(item.label) if item.label else None) for item in items],
        "imgsz": options.imgsz,
        "protocol": options.protocol,
        "iou": YOLO_VAL_IOU if as_yolo else options.iou_threshold,
        "max_det": MAX_DETECTIONS,
        "batch": BATCH,
        "pixels": PIXELS_AT_ONCE if device == "cpu" else GPU_PIXELS_AT_ONCE,
        "threads": min(MOST_THREADS, len(os.sched_getaffinity(0))),
        "device": device,
    }
