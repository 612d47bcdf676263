"""One pass of a model over images, in a child: decoded ahead, asked by batch, stored in parts."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from services.analyzer.domain.boxes import Ints
from services.analyzer.domain.class_order import class_order
from services.analyzer.frames import (
    Batch,
    Finding,
    Frame,
    open_frame,
    rect_batches,
    square_batches,
)
from services.analyzer.parquet import Boxes, Image
from services.analyzer.parts import write_part
from services.analyzer.yolo import Detector

BATCHES_AHEAD = 2

Say = Callable[..., None]


def judge(order: dict[str, Any], say: Say) -> None:
    """Run the model over the images of an order, and write boxes and labels in parts.

    Args:
        order: weights, names (of the dataset), images [[image, label or null], …], imgsz or null,
            protocol (`square` or `yolo_val`), iou (of the suppression), max_det, batch, threads,
            device, out (folder of the parts), batches_done, part_s (seconds between parts).
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
    cv2.setNumThreads(1)  # the pool decodes several images at once
    batches = _batches(order, imgsz, detector.stride)
    skipped = order["batches_done"]
    done = sum(len(batch.items) for batch in batches[:skipped])
    part = Part(Path(order["out"]), names, skipped)
    for at, batch, opened in _ahead(batches, skipped, imgsz, len(names), order["threads"]):
        part.add(opened, detector, to_dataset)
        done += len(batch.items)
        say("progress", done=done, of=len(order["images"]))
        if part.seconds >= order["part_s"] or at + 1 == len(batches):
            say("part", name=part.write(at + 1))
    say("done", cpu_s=time.process_time() - began_s)


def _batches(order: dict[str, Any], imgsz: int, stride: int) -> list[Batch]:
    if order["protocol"] == "yolo_val":
        return rect_batches(order["images"], imgsz, order["batch"], stride)
    return square_batches(order["images"], imgsz, order["batch"])


def _ahead(
    batches: Sequence[Batch], start: int, imgsz: int, classes: int, threads: int
) -> Iterator[tuple[int, Batch, list[Frame | Finding]]]:
    """Batches from `start` on with their images, decoded while the network is busy."""
    waiting: deque[list[Future[Frame | Finding]]] = deque()
    with ThreadPoolExecutor(threads) as pool:

        def ask(batch: Batch) -> list[Future[Frame | Finding]]:
            return [pool.submit(open_frame, item, imgsz, batch, classes) for item in batch.items]

        waiting.extend(map(ask, batches[start : start + BATCHES_AHEAD]))
        for at in range(start, len(batches)):
            if at + BATCHES_AHEAD < len(batches):
                waiting.append(ask(batches[at + BATCHES_AHEAD]))
            yield at, batches[at], [each.result() for each in waiting.popleft()]


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

    def add(self, opened: Sequence[Frame | Finding], detector: Detector, to_dataset: Ints) -> None:
        """Ask the model about one batch, and keep its boxes and the labels."""
        frames = [each for each in opened if isinstance(each, Frame)]
        self._findings += [each for each in opened if not isinstance(each, Frame)]
        for frame, found in zip(frames, detector.detect(frames) if frames else (), strict=True):
            size_px = (frame.width_px, frame.height_px)
            self._boxes.images.append(Image(frame.path, *size_px, **vars(frame.look)))
            self._boxes.add("label", frame.classes.tolist(), None, frame.corners_n4)
            classes = to_dataset[found[:, 5].astype(np.int64)].tolist()
            self._boxes.add("detection", classes, found[:, 4].tolist(), found[:, :4])

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
