"""What is known of a dataset's files from earlier scans, so that only changed ones are looked at.

Kept are facts, not verdicts: sizes, hashes, pixel features, and the boxes of labels on which no
rule had anything to say. A file is known by its path, size and times, and an image also by its
hash; what was found faulty is looked at again. While a scan runs, its parts are kept one by one,
so that it goes on where it was killed; at its end they become one file.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from services.dataset.domain.paths import Paths
from services.dataset.domain.scanned import Table
from services.dataset.known_rows import COLUMNS, Facts, Rows, places_of, table_of, take_over
from services.dataset.listing import as_arrow

WHOLE = "known.parquet"
KEPT_DATASETS = 64
ROWS_PER_GROUP = 50_000
PARTS_SHARE = 8
"""What has changed lies in a part beside the whole, until it is an eighth of the images: a check
after a small change reads and writes little."""
_IN_WHOLE = 1
"""The number of the whole among the files that are read."""


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
        """Read or written by this scan, which may take them into the whole at its end."""
        self._latest = np.zeros(0, np.intp)
        """Which file, of those that were read or written, said the last of each image."""
        self._files = 0
        """How many these are."""
        self._boxes: list[tuple[int, Table]] = []
        """What these files say of boxes; cleared once the last word is known."""
        self._stands = False
        """The whole was read and says nothing that other rules would not say."""

    def load(self, paths: Paths) -> Facts:
        """What is known of these images. A file that cannot be read counts for nothing."""
        facts = Facts.none(len(paths))
        self._parts = sorted(self.folder.glob("part-*.parquet"), key=lambda p: p.name)
        listed = as_arrow(paths)
        self._latest = np.full(len(paths), -1)
        self._stands = self._take(self.folder / WHOLE, listed, facts) > 0
        for part in self._parts:
            self._take(part, listed, facts)
        self._stands &= facts.same_verdicts
        latest = [boxes[self._latest[boxes["image"]] == number] for number, boxes in self._boxes]
        facts.boxes = np.concatenate([facts.boxes, *latest])
        self._boxes.clear()
        if (np.diff(facts.boxes["image"]) < 0).any():
            facts.boxes = facts.boxes[np.argsort(facts.boxes["image"], kind="stable")]
        _give_back(len(paths))
        return facts

    def keep(self, name: str, paths: Paths, facts: Facts, rows: Rows, boxes: Table) -> None:
        """Keep what a part of a scan saw: some rows, which ascend, with their boxes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"part-{name}.parquet"
        with whole_or_not(file) as draft:
            self._write(draft, paths, facts, rows, boxes)
        self._parts.append(file)
        self._files += 1
        self._latest[rows] = self._files

    def finish(self, paths: Paths, facts: Facts, unkept: Rows, boxes: Table) -> None:
        """Keep what was seen and not kept yet; rows that ascend.

        As long as little has changed since the whole was written, that becomes one part. Otherwise
        everything becomes one file, the parts go, and so do datasets long not checked.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = np.union1d(np.flatnonzero(self._latest > _IN_WHOLE), unkept)
        if self._stands and PARTS_SHARE * len(beside) <= len(paths):
            older = self._parts.copy()
            if len(unkept):
                self.keep(f"{time.time_ns():020d}", paths, facts, beside, boxes)
                self._drop(older)
            return
        with whole_or_not(self.folder / WHOLE) as draft:
            self._write(draft, paths, facts, np.arange(len(paths)), boxes)
        self._drop(self._parts.copy())
        others = sorted(self.folder.parent.iterdir(), key=lambda f: f.stat().st_mtime, reverse=True)
        for old in others[KEPT_DATASETS:]:
            shutil.rmtree(old, ignore_errors=True)

    def _drop(self, parts: list[Path]) -> None:
        """Delete parts whose rows are in another file by now."""
        for part in parts:
            part.unlink(missing_ok=True)
            self._parts.remove(part)

    def _write(self, file: Path, paths: Paths, facts: Facts, rows: Rows, boxes: Table) -> None:
        """Write rows, which ascend, a group at a time: a table of all would double the memory."""
        writer: Any = None
        for start in range(0, max(1, len(rows)), ROWS_PER_GROUP):
            group = rows[start : start + ROWS_PER_GROUP]
            ends = (group[0], group[-1] + 1) if len(group) else (0, 0)
            first, last = np.searchsorted(boxes["image"], ends)
            table = table_of(paths, facts, group, boxes[first:last])
            table = table.replace_schema_metadata(self.meta)
            writer = writer or pq.ParquetWriter(
                file, table.schema, compression="zstd", use_dictionary=False, write_statistics=False
            )
            writer.write_table(table)
        writer.close()
        _give_back(len(rows))

    def _take(self, path: Path, listed: Any, facts: Facts) -> int:
        """Take over what one file says of the images that are listed; how many rows it has.

        Of images that a damaged file speaks of, nothing is known: older files are out of date.
        """
        number = self._files = self._files + 1
        try:
            return self._read(path, listed, facts, number)
        except (OSError, pa.ArrowException, KeyError, ValueError):
            lost = self._latest == number
            facts.stamps[lost], facts.depth[lost] = 0, 0
            return 0

    def _read(self, path: Path, listed: Any, facts: Facts, number: int) -> int:
        with pq.ParquetFile(path) as file:
            meta = file.schema_arrow.metadata or {}
            if meta.get(b"looks") != self.meta[b"looks"]:
                return 0
            same = meta.get(b"verdicts") == self.meta[b"verdicts"]
            facts.same_verdicts &= same
            named = file.read(columns=["path"], use_threads=False)["path"].combine_chunks()
            places = places_of(named, listed)
            start = 0
            self._latest[places[places >= 0]] = number
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=list(COLUMNS), use_threads=False)
                here = places[start : start + len(table)]
                start += len(table)
                self._boxes.append((number, take_over(table, here, facts, labels=same)))
        return len(places)


def _give_back(rows: int) -> None:
    """Give the system the memory of tables back, where it is much: to get it again takes time."""
    if rows > ROWS_PER_GROUP:
        pa.default_memory_pool().release_unused()


@contextmanager
def whole_or_not(file: Path) -> Iterator[Path]:
    """A draft that gets the file's name when it is complete."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        yield draft
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
