"""Rows of what is known of images: in memory, and in and out of Arrow tables."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from services.dataset.domain.paths import Paths
from services.dataset.domain.scanned import BOX, IMAGE, PIXELS, Table
from services.dataset.listing import as_arrow

Rows = npt.NDArray[np.intp]
COLUMNS = ("image", "pixels", "stamps", "depth", "boxes")
"""Beside the path: rows as they lie in memory. A file of other code is not read, so that they need
not describe themselves."""
_BOX = np.dtype([(name, BOX[name]) for name in BOX.names or () if name != "image"])
_STAMPS = np.dtype((np.void, 48))


@dataclass(slots=True)
class Facts:
    """A row per image of a listing; zeros where nothing is known."""

    images: Table
    """(N,) of IMAGE."""
    pixels: Table
    """(N,) of PIXELS."""
    stamps: npt.NDArray[np.int64]
    """(N, 6) as `look.Stamps`."""
    depth: npt.NDArray[np.uint8]
    """(N,): 1 = its header is known, 2 = its hash, 3 = its pixels; 0 = nothing."""
    boxes: Table = field(default_factory=lambda: np.zeros(0, BOX))
    """(M,) of BOX, of the images whose label is known."""
    same_verdicts: bool = True
    """Nothing is known from under other rules: what was in order then still is."""

    @classmethod
    def none(cls, count: int) -> "Facts":
        """Nothing is known of `count` images."""
        images, pixels = np.zeros(count, IMAGE), np.zeros(count, PIXELS)
        return cls(images, pixels, np.zeros((count, 6), np.int64), np.zeros(count, np.uint8))


def table_of(paths: Paths, facts: Facts, rows: Rows, boxes: Table) -> Any:
    """Rows as an Arrow table, each with its boxes; those of unknown labels are left out."""
    boxes = boxes[facts.stamps[boxes["image"], 4] != 0]
    first = np.searchsorted(boxes["image"], rows)
    last = np.searchsorted(boxes["image"], rows, side="right")
    chosen = np.repeat(first - np.cumsum(last - first) + (last - first), last - first)
    bare = np.zeros(len(chosen), _BOX)
    for name in _BOX.names or ():
        bare[name] = boxes[name][chosen + np.arange(len(chosen))]
    ends = np.concatenate(([0], np.cumsum(last - first))) * _BOX.itemsize
    buffers = [None, pa.py_buffer(ends.astype(np.int64)), pa.py_buffer(bare)]
    columns = {
        "path": as_arrow(paths).take(pa.array(rows)),
        "image": _packed(facts.images[rows]),
        "pixels": _packed(facts.pixels[rows]),
        "stamps": _packed(facts.stamps[rows].view(_STAMPS)[:, 0]),
        "depth": pa.array(facts.depth[rows]),
        "boxes": pa.Array.from_buffers(pa.large_binary(), len(rows), buffers),
    }
    return pa.table(columns)


def _packed(rows: npt.NDArray[Any]) -> Any:
    """Rows of one type as an Arrow array of their bytes."""
    data = np.ascontiguousarray(rows)
    return pa.Array.from_buffers(
        pa.binary(data.itemsize), len(data), [None, pa.py_buffer(data.view(np.uint8))]
    )


def _unpacked(column: Any, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """The rows again.

    Raises:
        ValueError: they are of another size.
    """
    array = column.combine_chunks()
    if array.type != pa.binary(kind.itemsize):
        raise ValueError(f"not of {kind.itemsize} bytes")
    return np.frombuffer(array.buffers()[1], kind, len(array), array.offset * kind.itemsize)


def take_over(table: Any, places: npt.NDArray[np.int64], facts: Facts, *, labels: bool) -> Table:
    """Fill in the rows of a group; the boxes of those whose label is known."""
    there = places >= 0
    known = slice(None) if there.all() else there  # all of them are not copied
    rows = places[known]
    facts.images[rows] = _unpacked(table["image"], IMAGE)[known]
    facts.pixels[rows] = _unpacked(table["pixels"], PIXELS)[known]
    stamps = _unpacked(table["stamps"], _STAMPS).view(np.int64).reshape(-1, 6)
    facts.stamps[rows] = stamps[known]
    facts.depth[rows] = table["depth"].to_numpy()[known]
    if not labels:
        facts.stamps[rows, 3:] = 0
    array = table["boxes"].combine_chunks()
    _, ends, values = array.buffers()
    ends = np.frombuffer(ends, np.int64, len(array) + 1, array.offset * 8)
    bare = np.frombuffer(values, np.uint8)[ends[0] : ends[-1]].view(_BOX)
    image = np.repeat(places, np.diff(ends) // _BOX.itemsize)
    boxes = np.zeros(len(image), BOX)
    boxes["image"] = image
    for name in _BOX.names or ():
        boxes[name] = bare[name]
    known_label: npt.NDArray[np.bool_] = (image >= 0) & (facts.stamps[image, 4] != 0)
    return np.asarray(boxes[known_label])


def places_of(paths: Any, listed: Any) -> npt.NDArray[np.int64]:
    """Where each path is in the listing; -1 = not there."""
    if len(paths) == len(listed) and paths.equals(listed):
        return np.arange(len(listed))
    found = pc.fill_null(pc.index_in(paths, value_set=listed), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)
