"""What is known of a dataset's files from earlier scans, so that only changed ones are looked at.

Kept are facts, not verdicts: sizes, hashes, pixel features, and the boxes of labels on which no
rule had anything to say. A file is known by its path, size and times, and an image also by its
hash; what was found faulty is looked at again. While a scan runs, its parts are kept one by one,
so that it goes on where it was killed; at its end they become one file.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from services.dataset.domain.paths import Paths
from services.dataset.domain.scanned import BOX, IMAGE, PIXELS, Table
from services.dataset.listing import as_arrow

WHOLE = "known.parquet"
KEPT_DATASETS = 64
ROWS_PER_GROUP = 50_000
_BOX = tuple(name for name in BOX.names or () if name != "image")
Columns = dict[str, npt.NDArray[Any]]


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

    def columns(self) -> Columns:
        """Every column by its name, as views of the rows."""
        found: Columns = {"depth": self.depth}
        found |= {f"stamp.{index}": self.stamps[:, index] for index in range(6)}
        for kind, table in (("image", self.images), ("pixels", self.pixels)):
            for name in table.dtype.names or ():
                column = table[name]
                if column.ndim == 1:
                    found[f"{kind}.{name}"] = column
                else:
                    parts = range(column.shape[1])
                    found |= {f"{kind}.{name}.{part}": column[:, part] for part in parts}
        return found


class KnownFiles:
    """The store of one dataset, in a folder of the service's own."""

    def __init__(self, home: Path, dataset: str, looks: str, verdicts: str) -> None:
        """Open it.

        Args:
            home: of the stores of all datasets.
            dataset: its folder, which tells it from others.
            looks: changes when files are looked at in another way.
            verdicts: changes when something else would be found in them.
        """
        key = hashlib.sha256(dataset.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self.folder = home / key
        self.meta = {b"looks": looks.encode(), b"verdicts": verdicts.encode()}
        self._parts: list[Path] = []
        """Read or written by this scan, which takes them into the whole at its end."""

    def load(self, paths: Paths) -> Facts:
        """What is known of these images. A file that cannot be read counts for nothing."""
        facts = Facts.none(len(paths))
        self._parts = sorted(self.folder.glob("part-*.parquet"), key=lambda p: p.name)
        listed = as_arrow(paths)
        for file in (self.folder / WHOLE, *self._parts):
            try:
                self._read(file, listed, facts)
            except (OSError, pa.ArrowException, KeyError, ValueError):
                continue
        if (np.diff(facts.boxes["image"]) < 0).any():
            facts.boxes = facts.boxes[np.argsort(facts.boxes["image"], kind="stable")]
        pa.default_memory_pool().release_unused()
        return facts

    def keep(
        self, name: str, paths: Paths, facts: Facts, rows: npt.NDArray[np.intp], boxes: Table
    ) -> None:
        """Keep what a part of a scan saw: some rows with their boxes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"part-{name}.parquet"
        with whole_or_not(file) as draft:
            self._write(draft, paths, facts, rows, boxes)
        self._parts.append(file)

    def finish(self, paths: Paths, facts: Facts, boxes: Table) -> None:
        """Keep everything as one file; the parts go, and so do datasets long not checked."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole_or_not(self.folder / WHOLE) as draft:
            self._write(draft, paths, facts, np.arange(len(paths)), boxes)
        for part in self._parts:
            part.unlink(missing_ok=True)
        self._parts.clear()
        others = sorted(self.folder.parent.iterdir(), key=lambda f: f.stat().st_mtime, reverse=True)
        for old in others[KEPT_DATASETS:]:
            shutil.rmtree(old, ignore_errors=True)

    def _write(
        self, file: Path, paths: Paths, facts: Facts, rows: npt.NDArray[np.intp], boxes: Table
    ) -> None:
        """Write rows, which ascend, a group at a time: a table of all would double the memory."""
        writer: Any = None
        for start in range(0, max(1, len(rows)), ROWS_PER_GROUP):
            group = rows[start : start + ROWS_PER_GROUP]
            ends = (group[0], group[-1] + 1) if len(group) else (0, 0)
            first, last = np.searchsorted(boxes["image"], ends)
            table = _table(paths, facts, group, boxes[first:last])
            table = table.replace_schema_metadata(self.meta)
            writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
            writer.write_table(table)
        writer.close()
        pa.default_memory_pool().release_unused()

    def _read(self, path: Path, listed: Any, facts: Facts) -> None:
        """Take over what one file says of the images that are listed."""
        with pq.ParquetFile(path) as file:
            meta = file.schema_arrow.metadata or {}
            if meta.get(b"looks") != self.meta[b"looks"]:
                return
            same = meta.get(b"verdicts") == self.meta[b"verdicts"]
            facts.same_verdicts &= same
            places = _places(file.read(columns=["path"])["path"].combine_chunks(), listed)
            taken = np.zeros(len(listed), bool)
            taken[places[places >= 0]] = True
            boxes = [facts.boxes[~taken[facts.boxes["image"]]]]
            facts.boxes = boxes[0]
            start = 0
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                here = places[start : start + len(table)]
                start += len(table)
                boxes.append(_take_over(table, here, facts, labels=same))
        facts.boxes = np.concatenate(boxes)


def _take_over(table: Any, places: npt.NDArray[np.int64], facts: Facts, *, labels: bool) -> Table:
    """Fill in the rows of a group; the boxes of those whose label is known."""
    known = places >= 0
    rows = places[known]
    for name, column in facts.columns().items():
        column[rows] = table[name].to_numpy()[known]
    if not labels:
        facts.stamps[rows, 3:] = 0
    lists = table["boxes"].combine_chunks()
    counts = np.diff(lists.offsets.to_numpy())
    image = np.repeat(places, counts)
    values = lists.flatten()
    boxes = np.zeros(len(image), BOX)
    boxes["image"] = image
    for name in _BOX:
        boxes[name] = values.field(name).to_numpy()
    known_label: npt.NDArray[np.bool_] = (image >= 0) & (facts.stamps[image, 4] != 0)
    return np.asarray(boxes[known_label])


def _table(paths: Paths, facts: Facts, rows: npt.NDArray[np.intp], boxes: Table) -> Any:
    """Rows as an Arrow table, each with its boxes; those of unknown labels are left out."""
    boxes = boxes[facts.stamps[boxes["image"], 4] != 0]
    first = np.searchsorted(boxes["image"], rows)
    last = np.searchsorted(boxes["image"], rows, side="right")
    chosen = np.repeat(first - np.cumsum(last - first) + (last - first), last - first)
    boxes = boxes[chosen + np.arange(len(chosen))]
    offsets = np.concatenate(([0], np.cumsum(last - first))).astype(np.int32)
    fields = [pa.array(np.ascontiguousarray(boxes[name])) for name in _BOX]
    columns = {"path": as_arrow(paths).take(pa.array(rows))}
    for name, column in facts.columns().items():
        columns[name] = pa.array(np.ascontiguousarray(column[rows]))
    structs = pa.StructArray.from_arrays(fields, names=list(_BOX))
    columns["boxes"] = pa.ListArray.from_arrays(pa.array(offsets), structs)
    return pa.table(columns)


def _places(paths: Any, listed: Any) -> npt.NDArray[np.int64]:
    """Where each path is in the listing; -1 = not there."""
    if len(paths) == len(listed) and paths.equals(listed):
        return np.arange(len(listed))
    found = pc.fill_null(pc.index_in(paths, value_set=listed), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)


@contextmanager
def whole_or_not(file: Path) -> Iterator[Path]:
    """A draft that gets the file's name when it is complete."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        yield draft
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
