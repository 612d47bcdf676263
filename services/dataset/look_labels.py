"""The labels of a chunk: well-formed files are read together, the others row by row."""

from collections.abc import Iterator, Sequence

import numpy as np

from libs.common.dataset_files import OUTSIDE
from services.dataset.domain.findings import Hit
from services.dataset.domain.labels import LabelFile, parse_label
from services.dataset.domain.paths import swapped
from services.dataset.domain.plain_labels import labels_digest, read_plain
from services.dataset.domain.rules_labels import check_label
from services.dataset.domain.scanned import BOX, Label, Table
from services.dataset.label_files import DANGLING, TOO_LARGE, read_label
from services.dataset.opening import Opener
from services.dataset.part import OF_LABEL, Chunk, Orders, Part

BATCH_BYTES = 2 * 1024 * 1024
"""Of label files that are parsed together."""


class LabelBatch:
    """Reads label files of a chunk one by one, and parses them together."""

    def __init__(self, chunk: Chunk, orders: Orders) -> None:
        self.paths = tuple(map(swapped, chunk.images))
        self.orders = orders
        self.size_bytes = 0
        """Of the files that were read."""
        self._opener = Opener(orders.roots)
        self._rows: list[int] = []
        self._files: list[bytes] = []
        """Of each row; empty where there is none, or where it cannot be had."""
        self._stamps: list[tuple[int, int, int]] = []
        self._missing: list[tuple[int, bytes, str]] = []
        """Place in the lists, bytes, and why they are not a label file to be read."""
        self._none: list[int] = []
        """Places of those that have no label file."""

    def look(self, index: int) -> None:
        """Read the label of one image."""
        raw, stamp, reason = read_label(self.paths[index], self._opener)
        self._stamps.append(stamp)
        if reason is not None:
            self._missing.append((len(self._rows), raw or b"", reason))
            self.size_bytes += len(raw or b"")
        elif raw is None:
            self._none.append(len(self._rows))
        else:
            self.size_bytes += len(raw)
        self._files.append(raw if raw and reason is None else b"")
        self._rows.append(index)

    def fill(self, part: Part) -> None:
        """Put the boxes into a part, and say what is wrong with the files."""
        self._opener.close()
        if not self._rows:
            return
        rows = np.array(self._rows)
        part.stamps[rows, OF_LABEL] = self._stamps
        plain = np.zeros(len(rows), bool)
        boxes: list[Table] = [np.zeros(0, BOX)]
        for start, stop in _batches(self._files):
            batch = read_plain(self._files[start:stop], self.orders.classes, self.orders.rules)
            plain[start:stop] = batch.plain
            part.images["labels_digest"][rows[start:stop]] = batch.digests
            batch.boxes["image"] = rows[start + batch.boxes["image"]]
            boxes.append(batch.boxes)
        filled = [bool(raw.strip()) for raw in self._files]
        states = np.where(filled, Label.KEPT, Label.EMPTY)
        states[self._none] = Label.NONE
        part.images["label"][rows] = states
        odd = np.flatnonzero(~plain).tolist()
        boxes += [self._by_rows(part, self._rows[place], self._files[place]) for place in odd]
        for place, raw, reason in self._missing:
            self._unread(part, self._rows[place], raw, reason)
        part.boxes = np.concatenate(boxes)
        if odd:
            part.boxes = part.boxes[np.argsort(part.boxes["image"], kind="stable")]

    def _by_rows(self, part: Part, index: int, raw: bytes) -> Table:
        """Parse a label file row by row: its boxes. What it hits is noted."""
        label = parse_label(raw, self.orders.classes)
        self._note(part, index, label, list(self._check(label)))
        boxes = np.zeros(len(label.boxes), BOX)
        boxes["image"], boxes["line"] = index, label.lines
        for column, name in enumerate(("class", "x", "y", "width", "height")):
            boxes[name] = label.boxes[:, column]
        part.images["labels_digest"][index] = labels_digest(label.boxes)
        return boxes

    def _unread(self, part: Part, index: int, raw: bytes, reason: str) -> None:
        """Note a label file that was not read, and why."""
        label = LabelFile(raw, "", dropped=reason)
        if reason == DANGLING:
            hits = [Hit("broken_symlink", "The label is a link that leads nowhere. Remove it.")]
        elif reason == OUTSIDE:
            hits = [Hit("symlink_outside_root", f"The label was not read: {reason}.")]
        elif reason == TOO_LARGE:
            hits = list(self._check(label))
        else:
            hits = [Hit("non_utf8_label", f"The label was not read: {reason}.")]
        self._note(part, index, label, hits)
        if reason == DANGLING:
            part.images["label"][index] = Label.NONE

    def _check(self, label: LabelFile) -> Iterator[Hit]:
        return check_label(label, self.orders.classes, self.orders.rules)

    def _note(self, part: Part, index: int, label: LabelFile, hits: list[Hit]) -> None:
        if hits or label.dropped:
            part.stamps[index, OF_LABEL] = 0
        if self.orders.labels:
            part.hits += [(index, True, hit) for hit in hits]
        part.images["label"][index] = _state(label)


def _batches(files: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Runs of files of at most `BATCH_BYTES` together, or of one file."""
    start = size = 0
    for index, file in enumerate(files):
        if size and size + len(file) > BATCH_BYTES:
            yield start, index
            start, size = index, 0
        size += len(file)
    yield start, len(files)


def _state(label: LabelFile) -> Label:
    if label.dropped is not None:
        return Label.DROPPED
    return Label.KEPT if label.rows else Label.EMPTY
