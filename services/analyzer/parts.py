"""A pass over a set, stored as it goes: another attempt, here or elsewhere, goes on after it.

A part is a parquet of boxes and, once that is whole, a JSON that says which batches it covers.
Parts lie in a folder of the job, named by a fingerprint of all that decides the boxes: with other
weights, options or images the pass starts anew.
"""

import asyncio
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from libs.common.artifacts import ArtifactStore
from libs.common.errors import ShirushiError
from libs.common.service import Deps
from services.analyzer.domain.evidence import Evidence, evidence
from services.analyzer.parquet import Boxes, Image, read_boxes, write_boxes

log = logging.getLogger(__name__)

Stamp = tuple[int, int]
STORED = "validations/.parts"
DECIDES = ("names", "imgsz", "protocol", "iou", "max_det", "batch", "pixels", "device")


@dataclass(frozen=True)
class Passed:
    """All parts of a pass together."""

    data: Evidence
    images: tuple[Image, ...]
    findings: list[dict[str, str]]
    seconds: float


def write_part(folder: Path, boxes: Boxes, names: tuple[str, ...], facts: dict[str, Any]) -> str:
    """Store one part; it counts once its JSON is there. Returns its name."""
    name = f"part-{facts['first_batch']:08d}"
    folder.mkdir(parents=True, exist_ok=True)
    write_boxes(boxes, names, folder / f"{name}.parquet.new")
    (folder / f"{name}.parquet.new").rename(folder / f"{name}.parquet")
    (folder / f"{name}.json.new").write_bytes(orjson.dumps(facts))
    (folder / f"{name}.json.new").rename(folder / f"{name}.json")
    return name


def batches_done(folder: Path) -> int:
    """How many batches the parts of a folder cover without a gap; others are dropped."""
    done = 0
    for path in sorted(folder.glob("part-*.json")):
        facts = orjson.loads(path.read_bytes())
        if facts["first_batch"] != done or not path.with_suffix(".parquet").is_file():
            path.unlink()
        else:
            done = facts["batches_done"]
    return done


def read_parts(folder: Path, classes: tuple[str, ...]) -> Passed:
    """Everything that the parts of a folder hold, in the order of the pass."""
    images: list[Image] = []
    findings: list[dict[str, str]] = []
    seconds = 0.0
    labels, detections = [], []
    for path in sorted(folder.glob("part-*.json")):
        facts = orjson.loads(path.read_bytes())
        data, own = read_boxes(path.with_suffix(".parquet"))
        start = len(images)
        labels.append((data.label_image_l + start, data.label_class_l, data.label_box_l4))
        detections.append((data.image_d + start, data.class_d, data.score_d, data.box_d4))
        images += own
        findings += facts["findings"]
        seconds += facts["seconds"]
    whole = evidence(
        images=len(images),
        classes=classes,
        labels=tuple(np.concatenate(column) for column in zip(*labels, strict=True)),  # type: ignore[arg-type]
        detections=tuple(np.concatenate(column) for column in zip(*detections, strict=True)),  # type: ignore[arg-type]
    )
    return Passed(whole, tuple(images), findings, seconds)


def stamps(order: dict[str, Any]) -> list[Stamp]:
    """Size and time of change of every image and label of an order; zeros where one is missing."""
    found = []
    for path in (path for item in order["images"] for path in item if path):
        try:
            stat = os.stat(path)  # noqa: PTH116 - a million of them
            found.append((stat.st_size, stat.st_mtime_ns))
        except OSError:
            found.append((0, 0))
    return found


def fingerprint(order: dict[str, Any], sha256: str, root: Path, seen: Sequence[Stamp]) -> str:
    """Names all that decides the boxes of an order.

    Args:
        order: of the child.
        sha256: of the weights.
        root: of the dataset; paths count from there, so that another host has the same.
        seen: see `stamps`; empty for files that never change.
    """
    images = [
        [os.path.relpath(path, root) if path else None for path in item] for item in order["images"]
    ]
    decides = {name: order[name] for name in DECIDES}
    lock = decides | {"weights": sha256, "images": images, "stamps": seen}
    return hashlib.sha256(json.dumps(lock).encode()).hexdigest()[:24]


def stored_parts(job_id: str) -> str:
    """Where the parts of a job are kept in the store."""
    return f"{STORED}/{job_id}"


class Keeper:
    """The parts of one job: on this disk, and in the store for whoever takes over."""

    def __init__(self, deps: Deps, job_id: str, mark: str) -> None:
        self.folder = deps.scratch / "parts" / job_id / mark
        self._store: ArtifactStore = deps.artifacts
        self._prefix = f"{stored_parts(job_id)}/{mark}"
        self._uploads: set[asyncio.Task[None]] = set()

    async def recall(self, *, elsewhere: bool) -> int:
        """Batches that earlier attempts did, here or on another host."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if elsewhere and not any(self.folder.glob("part-*.json")):
            await self._download()
        return await asyncio.to_thread(batches_done, self.folder)

    def keep(self, name: str) -> None:
        """Put a part into the store while the pass goes on."""
        task = asyncio.create_task(self._upload(name))
        self._uploads.add(task)
        task.add_done_callback(self._uploads.discard)

    async def rest(self) -> None:
        """Nothing is under way any more."""
        for task in self._uploads:
            task.cancel()
        await asyncio.gather(*self._uploads, return_exceptions=True)

    async def _upload(self, name: str) -> None:
        try:
            for suffix in (".parquet", ".json"):  # the JSON last: it makes the part count
                path = self.folder / f"{name}{suffix}"
                await self._store.put_file(f"{self._prefix}/{path.name}", path)
        except (ShirushiError, OSError) as error:
            log.warning("a part stays on this host", extra={"part": name, "reason": repr(error)})

    async def _download(self) -> None:
        heads = await self._store.list(self._prefix)
        for head in sorted(heads, key=lambda head: head.key.endswith(".json")):
            await self._store.get_file(head.key, self.folder / Path(head.key).name)


async def forget_parts(deps: Deps, job_id: str) -> None:
    """Drop the parts of a job that is over."""
    folder = deps.scratch / "parts" / job_id
    if not folder.exists():
        return
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    try:
        heads = await deps.artifacts.list(stored_parts(job_id))
        await deps.artifacts.delete(*(head.key for head in heads))
    except ShirushiError as error:
        log.warning("parts stay in the store", extra={"job_id": job_id, "reason": repr(error)})
