"""Answers what a training would need before it is asked for: memory, time, settings that suit."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import psutil

from libs.common.asks import Answer
from libs.common.datasets import read_dataset
from libs.common.errors import BadInput, NotFound, ShirushiError
from libs.common.events import DatasetRef, TrainingArguments
from libs.common.service import Deps
from services.trainer.admission import Admission, shape_of
from services.trainer.domain.argument_defaults import described
from services.trainer.domain.devices import Gpu, choose_device
from services.trainer.domain.estimate import estimate
from services.trainer.domain.memory import (
    RESERVE_BYTES,
    Shape,
    admit,
    admit_together,
    largest_batch,
)
from services.trainer.domain.presets import NAMES, Situation, preset
from services.trainer.gpu import read_gpus

Json = dict[str, Any]
KEPT_S = 60.0
CHECKED_IMGSZ = 640


def training_questions(deps: Deps, admission: Admission) -> dict[str, Answer]:
    """The questions of the area `training`, by name."""
    counted: dict[str, tuple[float, Json]] = {}

    async def forecast(fields: Json) -> bytes:
        try:
            arguments = TrainingArguments.model_validate(fields["arguments"])
            dataset = DatasetRef.model_validate(fields["dataset"])
        except (KeyError, ValueError) as error:
            raise BadInput("give arguments and dataset", code="bad_question") from error
        data = await _data(deps, dataset, fields, counted)
        gpus = await asyncio.to_thread(read_gpus)
        device = choose_device(arguments.device, gpus)
        card = next((gpu for gpu in gpus if str(gpu.index) in device.split(",")), None)
        return orjson.dumps(
            {
                "worker": deps.worker,
                "device": device,
                "device_name": card.name if card else "cpu",
                "dataset": data,
                "memory": _memory(admission, arguments, gpus, card),
                "time": _time(admission, arguments, card, data),
                "presets": _presets(arguments, card, data),
            }
        )

    async def arguments(_: Json) -> bytes:
        return orjson.dumps(described())

    return {"forecast": forecast, "arguments": arguments}


def _memory(
    admission: Admission, arguments: TrainingArguments, gpus: Sequence[Gpu], card: Gpu | None
) -> Json | None:
    """What it needs against what is free; None on the CPU."""
    if card is None:
        return None
    named = (arguments.device or "").split(",")
    together = len(named) > 1
    asked = [gpu for gpu in gpus if str(gpu.index) in named] if together else [card]
    need, measured, seen = admission.forecast(arguments, asked if arguments.device else gpus)
    fit = (admit_together if together else admit)(need, seen, share=arguments.gpu_load_rate)
    shown = fit.gpu or max(seen, key=lambda gpu: gpu.free_bytes)
    return {
        "need_bytes": need,
        "measured": measured,
        "free_bytes": max(0, shown.free_bytes - RESERVE_BYTES),
        "total_bytes": shown.memory_total_bytes,
        "gpu": shown.name,
        "fits": fit.gpu is not None,
        "never": fit.hopeless,
        "reason": fit.reason or None,
        "largest_batch": _largest(arguments, shown)(arguments.imgsz) * len(named),
    }


def _time(
    admission: Admission, arguments: TrainingArguments, card: Gpu | None, data: Json
) -> Json | None:
    images = data["images"].get("train")
    if not images:
        return None
    found = estimate(
        shape_of(arguments),
        card.name if card else "cpu",
        images=images,
        epochs=arguments.epochs,
        paces=admission.paces.all(),
    )
    return asdict(found) if found else None


def _presets(arguments: TrainingArguments, card: Gpu | None, data: Json) -> Json:
    seen = Situation(
        mode=arguments.mode,
        train_images=data["images"].get("train"),
        small_boxes=data["small_boxes"],
        images_under_px=data["images_under_px"],
        gpu=card is not None,
        largest_batch=_largest(arguments, card),
        memory_free_bytes=psutil.virtual_memory().available,
        cores=os.cpu_count() or 1,
    )
    return {name: [each.as_dict() for each in preset(name, seen)] for name in NAMES}


def _largest(arguments: TrainingArguments, card: Gpu | None) -> Callable[[int], int]:
    """The most images per step on the empty card, by image size; 128 without one."""

    def most(imgsz: int) -> int:
        if card is None:
            return 128
        shape = Shape(arguments.model_architecture, imgsz, 1, arguments.amp)
        return largest_batch(shape, card.memory_total_bytes, arguments.gpu_load_rate)

    return most


async def _data(
    deps: Deps, dataset: DatasetRef, fields: Json, counted: dict[str, tuple[float, Json]]
) -> Json:
    """Images per split, and what the last check knows of boxes and images.

    The files of a folder are listed, which may take a while: for a minute it is not done again.
    """
    images, problem = fields.get("counts"), None
    if not images and dataset.path:
        known = counted.get(dataset.path)
        if known is None or time.monotonic() - known[0] > KEPT_S:
            known = time.monotonic(), await asyncio.to_thread(_listed, deps, dataset.path)
            counted.clear()
            counted[dataset.path] = known
        images, problem = known[1]["images"], known[1]["problem"]
    figures = await _figures(deps, fields.get("report"))
    return {
        "images": images or {},
        "problem": problem,
        "small_boxes": _small(figures),
        "images_under_px": _longest(figures),
    }


def _listed(deps: Deps, path: str) -> Json:
    roots = deps.settings.roots
    try:
        found = read_dataset(Path(path), (*roots, deps.settings.datasets_dir) if roots else ())
    except BadInput as error:
        return {"images": {}, "problem": error.message}
    return {"images": {name: len(items) for name, items in found.splits.items()}, "problem": None}


async def _figures(deps: Deps, report_key: object) -> Mapping[str, Any]:
    """The figures of a stored report of a check; empty without one, or if it cannot be read."""
    if not isinstance(report_key, str):
        return {}
    try:
        content = await deps.artifacts.get_bytes(report_key)
        report = await asyncio.to_thread(orjson.loads, content)
        figures = report["statistics"]["figures"]
    except (NotFound, ShirushiError, orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return figures if isinstance(figures, dict) else {}


def _small(figures: Mapping[str, Any]) -> float | None:
    if figures.get("imgsz") != CHECKED_IMGSZ:
        return None
    return float(figures["boxes"]["by_size"]["small"])


def _longest(figures: Mapping[str, Any]) -> int | None:
    """Upper edge of the bin with the median, of width or height, whichever is more."""
    found = [_median_edge(figures["images"][side]) for side in ("width", "height") if figures]
    known = [edge for edge in found if edge is not None]
    return max(known) if known else None


def _median_edge(histogram: Mapping[str, list[float]]) -> int | None:
    half, seen = sum(histogram["counts"]) / 2, 0.0
    for edge, count in zip(histogram["edges"][1:], histogram["counts"], strict=True):
        seen += count
        if count and seen >= half:
            return int(edge)
    return None
