"""Look at a handful of images and labels: what a worker process of the scan does."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import xxhash

from libs.common.dataset_files import Fence
from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.images import check_image
from services.dataset.domain.labels import LabelFile, parse_label
from services.dataset.domain.paths import swapped
from services.dataset.domain.rules_labels import check_label
from services.dataset.domain.scanned import BOX, FORMATS, IMAGE, MODES, PIXELS, Label, Table
from services.dataset.images import look_at_image

MAX_LABEL_BYTES = 8 * 1024 * 1024
PATIENCE_S = 0.5
"""A chunk is handed back half done after this time, so that a scan can be stopped at once."""

FileHit = tuple[int, bool, Hit]
"""Image of the chunk, whether it is on the label file, hit."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What is looked at, and how: the same for every part of a scan."""

    classes: int
    rules: Rules
    images: bool
    labels: bool
    full: bool
    roots: tuple[str, ...] = ()
    """Folders that nothing read may lie outside of."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of images, by the paths to open them with."""

    images: tuple[bytes, ...]


@dataclass(slots=True)
class Part:
    """What was seen of the first images of a chunk."""

    images: Table
    """(n,) of IMAGE, without the splits."""
    pixels: Table
    """(n,) of PIXELS, or (0,)."""
    boxes: Table
    """Of BOX; `image` counts from the chunk's first."""
    hits: list[FileHit] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.images)


def look_at(chunk: Chunk, orders: Orders, *, patience_s: float = PATIENCE_S) -> Part:
    """Check the images and labels of a chunk, at least one. A bad file never stops it."""
    until = time.monotonic() + patience_s
    part = _empty(len(chunk.images), orders)
    boxes: list[Table] = []
    done = 0
    for done, image in enumerate(chunk.images, 1):
        boxes.append(_look_at_item(part, done - 1, image, orders))
        if time.monotonic() > until:
            break
    part.images, part.pixels = part.images[:done], part.pixels[:done]
    part.boxes = np.concatenate([part.boxes, *boxes])
    return part


def joined(parts: Sequence[Part]) -> Part:
    """Parts that follow each other, as one."""
    start, hits, boxes = 0, [], []
    for part in parts:
        hits += [(start + index, on_label, hit) for index, on_label, hit in part.hits]
        part.boxes["image"] += start
        boxes.append(part.boxes)
        start += len(part)
    return Part(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.pixels for part in parts]),
        np.concatenate(boxes),
        hits,
    )


def deadly(orders: Orders) -> Part:
    """What is said of an image that killed the process which opened it."""
    part = _empty(1, orders)
    part.images["faulty"] = True
    if orders.images:
        hit = Hit("corrupt_scan_data", "Decoding it kills the process: remove it, save it anew.")
        part.hits.append((0, False, hit))
    return part


def _empty(count: int, orders: Orders) -> Part:
    images = np.zeros(count, IMAGE)
    images["orientation"] = images["frames"] = 1
    return Part(images, np.zeros(count if orders.full else 0, PIXELS), np.zeros(0, BOX))


def _look_at_item(part: Part, index: int, image: bytes, orders: Orders) -> Table:
    row = part.images[index]
    usable = True
    if orders.images:
        facts = look_at_image(Path(os.fsdecode(image)), orders.rules, full=orders.full)
        usable = facts.usable(orders.rules)
        part.hits += [(index, False, hit) for hit in check_image(facts, orders.rules)]
        row["size_bytes"], row["width"], row["height"] = facts.size_bytes, facts.width, facts.height
        row["format"] = FORMATS.index(facts.format or "")
        row["mode"] = MODES.index(facts.mode) if facts.mode in MODES else 0
        row["orientation"], row["frames"] = facts.orientation, facts.frames
        row["trailing_bytes"], row["faulty"] = facts.trailing_bytes, facts.fault is not None
        if facts.digest:
            row["digest"] = np.frombuffer(facts.digest, np.uint64)
        if facts.pixels is not None:
            part.pixels[index] = facts.pixels[0]
    label = _read(swapped(image), orders)
    if label is None:
        if os.path.islink(swapped(image)):  # noqa: PTH114 (of images without a label only)
            text = "The label is a link that leads nowhere: the trainer takes its image for "
            part.hits.append((index, True, Hit("broken_symlink", text + "background.")))
        row["usable"] = usable
        return np.zeros(0, BOX)
    if orders.labels:
        hits = check_label(label, orders.classes, orders.rules)
        part.hits += [(index, True, hit) for hit in hits]
    row["usable"] = usable and label.dropped is None
    row["label"] = _state(label)
    boxes = np.zeros(len(label.boxes), BOX)
    boxes["image"], boxes["line"] = index, label.lines
    for column, name in enumerate(("class", "x", "y", "width", "height")):
        boxes[name] = label.boxes[:, column]
    order = np.lexsort(label.boxes.T)
    row["labels_digest"] = xxhash.xxh3_64_intdigest(label.boxes[order].tobytes())
    return boxes


def _state(label: LabelFile) -> Label:
    if label.dropped is not None:
        return Label.DROPPED
    return Label.KEPT if label.rows else Label.EMPTY


@lru_cache(maxsize=8)
def _fence(roots: tuple[str, ...]) -> Fence:
    return Fence([Path(root) for root in roots])


def _read(path: bytes, orders: Orders) -> LabelFile | None:
    name = os.fsdecode(path)
    if not os.path.isfile(path):  # noqa: PTH113 (a million of them)
        return None
    if not _fence(orders.roots).allows(name):
        return LabelFile(b"", "", dropped="it is a link out of the folders that may be read")
    try:
        with open(path, "rb") as stream:  # noqa: PTH123
            raw = stream.read(MAX_LABEL_BYTES + 1)
    except OSError as error:
        return LabelFile(b"", "", dropped=f"it cannot be read ({error.strerror})")
    if len(raw) > MAX_LABEL_BYTES:
        return LabelFile(raw, "", dropped="it is far too large and was not read")
    return parse_label(raw, orders.classes)
