"""Look at a handful of images and labels: what a worker process of the scan does."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.images import ImageFacts, are_quiet, check_image
from services.dataset.domain.labels import LabelFile, parse_label
from services.dataset.domain.paths import swapped
from services.dataset.domain.plain_labels import labels_digest, read_plain
from services.dataset.domain.rules_labels import check_label
from services.dataset.domain.scanned import BOX, FORMATS, IMAGE, MODES, PIXELS, Label, Table
from services.dataset.images import look_at_image
from services.dataset.label_files import DANGLING, OUTSIDE, TOO_LARGE, LabelReader

PATIENCE_S = 0.4
"""A chunk is handed back half done after this time, so that a scan can be stopped at once."""
MOST_LABEL_BYTES = 16 * 1024 * 1024
"""Of a chunk in memory; it is handed back half done when there are more."""
BATCH_BYTES = 2 * 1024 * 1024
"""Of label files that are parsed together."""
FRESH_NS = 1_000_000_000
"""A file that was changed so shortly before could change again without its times showing it."""

FileHit = tuple[int, bool, Hit]
"""Image of the chunk, whether it is on the label file, hit."""
Stamps = npt.NDArray[np.int64]
"""(n, 6): size, and when content and inode changed, of the image and of the label; zeros where
nothing that is known may be used again."""


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """What is looked at, and how: the same for every part of a scan."""

    classes: int
    rules: Rules
    images: bool
    labels: bool
    full: bool
    roots: tuple[str, ...] = ()
    """Folders that nothing read may lie outside of."""
    hashed: bool = False
    """Read every byte; always so when `full`."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of images, by the paths to open them with, and what is known of them."""

    images: tuple[bytes, ...]
    stamps: Stamps | None = None
    digests: npt.NDArray[np.uint64] | None = None
    """(n, 2): of images that need not be decoded again if their bytes are still these; or zeros."""


@dataclass(slots=True)
class Part:
    """What was seen of the first images of a chunk."""

    images: Table
    """(n,) of IMAGE, without the splits."""
    pixels: Table
    """(n,) of PIXELS, or (0,)."""
    boxes: Table
    """Of BOX; `image` counts from the chunk's first."""
    stamps: Stamps
    new_image: npt.NDArray[np.bool_]
    """(n,): False where what is known of the image still holds."""
    new_label: npt.NDArray[np.bool_]
    hits: list[FileHit] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.images)


def look_at(chunk: Chunk, orders: Orders, *, patience_s: float = PATIENCE_S) -> Part:
    """Check the images and labels of a chunk, at least one. A bad file never stops it."""
    until = time.monotonic() + patience_s
    looker = _Looker(chunk, orders)
    for index in range(len(chunk.images)):
        looker.look(index)
        if time.monotonic() > until or looker.label_bytes > MOST_LABEL_BYTES:
            break
    return looker.part()


def deadly(orders: Orders) -> Part:
    """What is said of an image that killed the process which opened it."""
    part = _empty(1, orders)
    part.images["faulty"] = True
    if orders.images:
        hit = Hit("corrupt_scan_data", "Decoding it kills the process: remove it, save it anew.")
        part.hits.append((0, False, hit))
    return part


def joined(parts: Sequence[Part]) -> Part:
    """Parts that follow each other, as one."""
    start, hits = 0, []
    for part in parts:
        hits += [(start + index, on_label, hit) for index, on_label, hit in part.hits]
        part.boxes["image"] += start
        start += len(part)
    columns = ("images", "pixels", "boxes", "stamps", "new_image", "new_label")
    return Part(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in columns},
        hits=hits,
    )


def _empty(count: int, orders: Orders) -> Part:
    images = np.zeros(count, IMAGE)
    images["orientation"] = images["frames"] = 1
    return Part(
        images,
        np.zeros(count if orders.full else 0, PIXELS),
        np.zeros(0, BOX),
        np.zeros((count, 6), np.int64),
        np.ones(count, bool),
        np.ones(count, bool),
    )


_UNKNOWN: tuple[int, ...] = (0,) * 6


class _Looker:
    """Looks at images one by one, and at their labels together."""

    def __init__(self, chunk: Chunk, orders: Orders) -> None:
        self.chunk = chunk
        self.orders = orders
        self.labels = LabelReader(orders.roots)
        self.known = (
            [tuple(row) for row in chunk.stamps.tolist()] if chunk.stamps is not None else None
        )
        self.digests = [row.tobytes() for row in chunk.digests] if chunk.digests is not None else ()
        self.facts: list[ImageFacts | None] = []
        self.stamps: list[tuple[int, ...]] = []
        self.read: list[tuple[bytes | None, str | None] | None] = []
        """Bytes of the label file and why there are none; None when the known ones still hold."""
        self.label_bytes = 0

    def look(self, index: int) -> None:
        image = self.chunk.images[index]
        known = self.known[index] if self.known else _UNKNOWN
        facts, stamp = None, _UNKNOWN[:3]
        if not self.orders.images:
            pass
        elif known[1] and self.labels.stamp(image) == known[:3]:
            stamp = known[:3]
        else:
            facts = self._look_at_image(image, index)
            if facts.fault is None:
                stamp = facts.stamp
        label = swapped(image)
        if known[4] and self.labels.stamp(label) == known[3:]:
            read, label_stamp = None, known[3:]
        else:
            raw, label_stamp, reason = self.labels.read(label)
            read = (raw, reason)
            self.label_bytes += len(raw) if raw else 0
        self.facts.append(facts)
        self.read.append(read)
        self.stamps.append(stamp + label_stamp)

    def _look_at_image(self, image: bytes, index: int) -> ImageFacts:
        return look_at_image(
            image,
            self.orders.rules,
            full=self.orders.full,
            hashed=self.orders.hashed,
            expected=self.digests[index] if self.digests else None,
        )

    def part(self) -> Part:
        part = _empty(len(self.facts), self.orders)
        part.stamps = np.array(self.stamps, np.int64).reshape(-1, 6)
        self._fill_images(part)
        self._fill_labels(part)
        part.hits.sort(key=lambda hit: hit[:2])
        fresh = time.time_ns() - FRESH_NS
        for first in (0, 3):  # the image's and the label's
            unsure = part.stamps[:, first + 2] > fresh
            part.stamps[unsure, first : first + 3] = 0
        return part

    def _fill_images(self, part: Part) -> None:
        rules, rows = self.orders.rules, part.images
        part.new_image[:] = [facts is not None and not facts.same for facts in self.facts]
        seen = [(i, facts) for i, facts in enumerate(self.facts) if facts and not facts.same]
        if not self.orders.images:
            rows["usable"] = True
        if not seen:
            return
        at = [index for index, _ in seen]
        rows["mtime_ns"][at] = [facts.stamp[1] for _, facts in seen]
        numbers = np.array([_numbers(facts) for _, facts in seen], np.int64)
        for name, column in zip(_NUMBERS, numbers.T, strict=True):
            rows[name][at] = column
        rows["format"][at] = [_FORMAT[facts.format or ""] for _, facts in seen]
        rows["mode"][at] = [_MODE.get(facts.mode, 0) for _, facts in seen]
        rows["faulty"][at] = [facts.fault is not None for _, facts in seen]
        if seen[0][1].digest or self.orders.hashed or self.orders.full:
            digests = b"".join(facts.digest or bytes(16) for _, facts in seen)
            rows["digest"][at] = np.frombuffer(digests, np.uint64).reshape(-1, 2)
        quiet = are_quiet(rows, rules).tolist()
        rows["usable"][at] = True
        for index, facts in seen:
            if not quiet[index] or not self.chunk.images[index].endswith(_JPEG_SUFFIXES):
                hits = list(check_image(facts, rules))
                rows["usable"][index] = not hits or facts.usable(rules)
                rows["odd"][index] = bool(hits)
                part.hits += [(index, False, hit) for hit in hits]
            if facts.pixels is not None:
                part.pixels[index] = facts.pixels[0]

    def _fill_labels(self, part: Part) -> None:
        known = np.array([read is None for read in self.read], bool)
        part.new_label[:] = ~known
        files = [read[0] or b"" if read and not read[1] else b"" for read in self.read]
        boxes: list[Table] = []
        plain = np.zeros(len(files), bool)
        for start, stop in _batches(files):
            batch = read_plain(files[start:stop], self.orders.classes, self.orders.rules)
            plain[start:stop] = batch.plain
            part.images["labels_digest"][start:stop] = batch.digests
            batch.boxes["image"] += start
            boxes.append(batch.boxes)
        told = plain.tolist()
        for index, read in enumerate(self.read):
            if read in (None, (None, None)):
                continue  # known, or there is none
            raw, reason = read
            if raw is not None and reason is None and told[index]:
                part.images["label"][index] = Label.KEPT if raw.strip() else Label.EMPTY
            else:
                boxes.append(self._by_rows(part, index, raw or b"", reason))
        part.boxes = np.concatenate(boxes)
        if not plain.all():
            part.boxes = part.boxes[np.argsort(part.boxes["image"], kind="stable")]

    def _by_rows(self, part: Part, index: int, raw: bytes, reason: str | None) -> Table:
        """Parse a label file row by row: its boxes. What it hits is noted."""
        row = part.images[index]
        if reason:
            label = LabelFile(raw, "", dropped=reason)
            hits = list(check_label(label, self.orders.classes, self.orders.rules))
            if reason == DANGLING:
                hits = [Hit("broken_symlink", "The label is a link that leads nowhere. Remove it.")]
            elif reason == OUTSIDE:
                hits = [Hit("symlink_outside_root", f"The label was not read: {reason}.")]
            elif reason != TOO_LARGE:
                hits = [Hit("non_utf8_label", f"The label was not read: {reason}.")]
        else:
            label = parse_label(raw, self.orders.classes)
            hits = list(check_label(label, self.orders.classes, self.orders.rules))
        if hits or label.dropped:
            part.stamps[index, 3:] = 0
        if self.orders.labels:
            part.hits += [(index, True, hit) for hit in hits]
        row["label"] = Label.NONE if reason == DANGLING else _state(label)
        boxes = np.zeros(len(label.boxes), BOX)
        boxes["image"], boxes["line"] = index, label.lines
        for column, name in enumerate(("class", "x", "y", "width", "height")):
            boxes[name] = label.boxes[:, column]
        row["labels_digest"] = labels_digest(label.boxes)
        return boxes


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


_NUMBERS = ("size_bytes", "width", "height", "orientation", "frames", "trailing_bytes")
_numbers = attrgetter(*_NUMBERS)
_JPEG_SUFFIXES = (b".jpg", b".jpeg", b".JPG")
_FORMAT = {name: code for code, name in enumerate(FORMATS)}
_MODE = {name: code for code, name in enumerate(MODES)}
