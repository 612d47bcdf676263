"""One pass of a model over images, in a child: each core takes a batch, stored in parts."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from services.analyzer.domain.boxes import Floats, Ints
from services.analyzer.domain.class_order import class_order
from services.analyzer.frames import (
    Batch,
    Finding,
    Frame,
    images_at_once,
    open_frame,
    rect_batches,
    square_batches,
)
from services.analyzer.parquet import Boxes, Image
from services.analyzer.parts import write_part
from services.analyzer.yolo import Detector

AHEAD = 2
"""Batches that may be done before their turn, or wait for a thread."""

Say = Callable[..., None]
Looked = tuple[list[Frame], list[Floats], list[Finding]]
"""Images of one batch, detections of each, and findings for those that are broken."""


def judge(order: dict[str, Any], say: Say) -> None:
    """Run the model over the images of an order, and write boxes and labels in parts.

    Args:
        order: weights, names (of the dataset), images [[image, label or null], …], imgsz or null,
            protocol (`square` or `yolo_val`), iou (of the suppression), max_det, batch (images)
            and pixels (of their canvases) together at most, threads, device, out (folder of the
            parts), batches_done, part_s (seconds between parts).
        say: sends a message to the parent: `model` once, `progress` per batch, `part` as one can
            be read, `done` at the end.

    Raises:
        BadInput: the model or the set cannot be judged.
    """
    began_s = time.process_time()
    detector = Detector(order)
    names = tuple(order["names"])
    to_dataset = np.array(class_order(detector.names, names), dtype=np.int64)
    imgsz = order["imgsz"] or detector.about["trained_imgsz"]
    say("model", **detector.about, imgsz=imgsz)
    cv2.setNumThreads(1)  # each thread of ours has images of its own
    batches = _batches(order, imgsz, detector.stride)
    skipped = order["batches_done"]
    done = sum(len(batch.items) for batch in batches[:skipped])
    part = Part(Path(order["out"]), names, skipped)
    looked = _looked_at(batches[skipped:], detector, imgsz, len(names), order["threads"])
    for at, seen in enumerate(looked, start=skipped):
        part.add(*seen, to_dataset)
        done += len(batches[at].items)
        say("progress", done=done, of=len(order["images"]))
        if part.seconds >= order["part_s"] or at + 1 == len(batches):
            say("part", name=part.write(at + 1))
    say("done", cpu_s=time.process_time() - began_s)


def _batches(order: dict[str, Any], imgsz: int, stride: int) -> list[Batch]:
    images, most, pixels = order["images"], order["batch"], order["pixels"]
    if order["protocol"] == "yolo_val":
        return rect_batches(images, imgsz, most, stride, pixels)
    return square_batches(images, imgsz, images_at_once(len(images), (imgsz, imgsz), most, pixels))


def _looked_at(
    batches: Sequence[Batch], detector: Detector, imgsz: int, classes: int, threads: int
) -> Iterator[Looked]:
    """What is seen on each batch, in their order; each thread takes a batch to its end."""
    callers = max(1, min(threads, len(batches)))
    detector.share(callers)

    def look(batch: Batch) -> Looked:
        opened = [open_frame(item, imgsz, batch, classes) for item in batch.items]
        frames = [each for each in opened if isinstance(each, Frame)]
        findings = [each for each in opened if not isinstance(each, Frame)]
        return frames, detector.detect(frames) if frames else [], findings

    left = iter(batches)
    with ThreadPoolExecutor(callers, initializer=detector.enter) as pool:
        waiting = deque(pool.submit(look, each) for each in islice(left, callers + AHEAD))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(look, each) for each in islice(left, 1))


class Part:
    """What was seen since the last part was written."""

    def __init__(self, folder: Path, names: tuple[str, ...], first: int) -> None:
        self._folder, self._names = folder, names
        self._restart(first)

    def _restart(self, first: int) -> None:
        self._first, self._began = first, time.monotonic()
        self._boxes, self._findings = Boxes(), list[Finding]()

    @property
    def seconds(self) -> float:
        """Since the last part was written."""
        return time.monotonic() - self._began

    def add(
        self,
        frames: Sequence[Frame],
        found: Sequence[Floats],
        findings: Sequence[Finding],
        to_dataset: Ints,
    ) -> None:
        """Keep boxes and labels of one batch."""
        self._findings += findings
        for frame, rows in zip(frames, found, strict=True):
            size_px = (frame.width_px, frame.height_px)
            self._boxes.images.append(Image(frame.path, *size_px, **vars(frame.look)))
            self._boxes.add("label", frame.classes.tolist(), None, frame.corners_n4)
            classes = to_dataset[rows[:, 5].astype(np.int64)].tolist()
            self._boxes.add("detection", classes, rows[:, 4].tolist(), rows[:, :4])

    def write(self, batches_done: int) -> str:
        """Store it under the number of its first batch; its name."""
        facts = {
            "first_batch": self._first,
            "batches_done": batches_done,
            "findings": self._findings,
            "seconds": self.seconds,
        }
        name = write_part(self._folder, self._boxes, self._names, facts)
        self._restart(batches_done)
        return name
