"""Write a synthetic dataset as a YOLO tree: whole or not at all, and the same bytes every time."""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from libs.common.errors import Conflict, TransientError
from libs.synthetic.icons import require_icons
from libs.synthetic.scenes import Scene, compose
from libs.synthetic.spec import SPLITS, DatasetSpec

GENERATOR_VERSION = 1  # raise it whenever the same spec would draw other pixels
NOTE_NAME = "synthetic.json"
_CHUNK_IMAGES = 16

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class DatasetSummary:
    """What was written, or found to be there already (`reused`).

    `sha256` covers every image and label in order; `backgrounds` are images without a label.
    """

    folder: Path
    images: int
    boxes: int
    backgrounds: int
    sha256: str
    seconds: float
    reused: bool


class _Written(NamedTuple):
    digest: str
    boxes: int


def write_dataset(
    out: Path, spec: DatasetSpec, *, workers: int = 1, on_progress: OnProgress | None = None
) -> DatasetSummary:
    """Write the dataset that `spec` describes to `out`.

    Image i of a split is a function of (seed, split, i): the bytes do not depend on `workers`.
    The tree grows in a hidden sibling folder and is renamed at the end: `out` is whole or absent.

    Args:
        out: the folder to make; it may exist if it is empty or holds this very dataset.
        spec: what to draw.
        workers: processes that draw, 1 or more; 1 draws in this one.
        on_progress: called with (images done, images in all) as they are written.

    Raises:
        BadInput: a brand has no icon, or the background photographs are not installed.
        Conflict: `out` holds something else.
        TransientError: another process writes `out` now, or a drawing process was killed.
    """
    began = time.perf_counter()
    require_icons(spec.classes + spec.distractors)
    found = _find_same(out, spec)
    if found is not None:
        return replace(found, seconds=time.perf_counter() - began)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Conflict(f"{out} holds something else: name another folder, or remove it first")
    with _partial_folder(out) as partial:
        note = _write_tree(partial, spec, workers, on_progress)
        partial.rename(out)
    return _summary(out, note, time.perf_counter() - began, reused=False)


def data_yaml(spec: DatasetSpec) -> str:
    """The text of data.yaml: paths relative to it, so that the folder can move."""
    lines = [f"{split}: images/{split}" for split in SPLITS if spec.counts.get(split, 0)]
    names = [f"  {index}: {name}" for index, name in enumerate(spec.classes)]
    return "\n".join([*lines, "names:", *names]) + "\n"


def label_text(scene: Scene, size_px: int) -> str:
    """One line a box: class, centre x, centre y, width, height, as shares of the image's side."""
    lines = []
    for class_index, box in scene.labels:
        centre_x, centre_y = (box.x1 + box.x2) / 2 / size_px, (box.y1 + box.y2) / 2 / size_px
        width, height = (box.x2 - box.x1) / size_px, (box.y2 - box.y1) / size_px
        lines.append(f"{class_index} {centre_x:.6f} {centre_y:.6f} {width:.6f} {height:.6f}\n")
    return "".join(lines)


def _write_tree(
    root: Path, spec: DatasetSpec, workers: int, on_progress: OnProgress | None
) -> dict[str, Any]:
    for split in SPLITS:
        if spec.counts.get(split, 0):
            for kind in ("images", "labels"):
                (root / kind / split).mkdir(parents=True)
    images = list(spec.images())
    written: list[_Written] = []
    for chunk in _draw_chunks(root, spec, images, workers):
        written += chunk
        if on_progress is not None:
            on_progress(len(written), len(images))
    (root / "data.yaml").write_text(data_yaml(spec), encoding="utf-8")
    note = {
        "generator": GENERATOR_VERSION,
        "spec": spec.as_json(),
        "images": len(written),
        "boxes": sum(one.boxes for one in written),
        "backgrounds": sum(one.boxes == 0 for one in written),
        "sha256": hashlib.sha256("".join(one.digest for one in written).encode()).hexdigest(),
    }
    (root / NOTE_NAME).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    return note


def _draw_chunks(
    root: Path, spec: DatasetSpec, images: list[tuple[str, int]], workers: int
) -> Iterator[list[_Written]]:
    """Draw in chunks, in order; small chunks keep the progress lively."""
    starts = range(0, len(images), _CHUNK_IMAGES)
    chunks = [images[start : start + _CHUNK_IMAGES] for start in starts]
    if workers <= 1:
        for chunk in chunks:
            yield _draw_chunk(root, spec, chunk)
        return
    # spawn: the caller may run threads and event loops that must not be forked
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_draw_chunk, root, spec, chunk) for chunk in chunks]
        try:
            for future in futures:
                yield future.result()
        except BrokenProcessPool as error:
            raise TransientError(
                "a drawing process was killed, perhaps for memory: start again with fewer workers"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _draw_chunk(root: Path, spec: DatasetSpec, chunk: list[tuple[str, int]]) -> list[_Written]:
    cv2.setNumThreads(1)  # the processes are the parallelism
    written = []
    for split, index in chunk:
        scene = compose(spec.rng(split, index), spec.request(index))
        label = label_text(scene, spec.size)
        stem = f"{split}_{index:06d}"
        (root / "images" / split / f"{stem}.jpg").write_bytes(scene.jpeg)
        (root / "labels" / split / f"{stem}.txt").write_text(label, encoding="utf-8")
        digest = hashlib.sha256(scene.jpeg + label.encode()).hexdigest()
        written.append(_Written(digest, len(scene.labels)))
    return written


@contextmanager
def _partial_folder(out: Path) -> Iterator[Path]:
    """A hidden sibling to grow the tree in, held by a lock that dies with its process."""
    partial = out.parent / f".{out.name}.partial"
    partial.mkdir(parents=True, exist_ok=True)
    handle = os.open(partial, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            still_there = os.fstat(handle).st_ino == partial.stat().st_ino
        except (BlockingIOError, FileNotFoundError):
            still_there = False
        if not still_there:
            raise TransientError(f"another process is writing {out} now: try again when it is done")
        for leftover in partial.iterdir():  # of a generation that was killed
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        try:
            yield partial
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    finally:
        os.close(handle)


def _find_same(out: Path, spec: DatasetSpec) -> DatasetSummary | None:
    """The dataset in `out` if it is the one that `spec` would write."""
    try:
        note = json.loads((out / NOTE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    same = note.get("generator") == GENERATOR_VERSION and note.get("spec") == spec.as_json()
    if not same or sum(1 for _ in (out / "images").glob("*/*.jpg")) != note["images"]:
        return None
    return _summary(out, note, 0.0, reused=True)


def _summary(out: Path, note: dict[str, Any], seconds: float, *, reused: bool) -> DatasetSummary:
    return DatasetSummary(
        folder=out,
        images=note["images"],
        boxes=note["boxes"],
        backgrounds=note["backgrounds"],
        sha256=note["sha256"],
        seconds=seconds,
        reused=reused,
    )
