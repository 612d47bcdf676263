"""The images of a chunk: nearly all are sound JPEGs and go into columns at a glance.

What is anything else, or damaged, is looked at closely, one by one.
"""

import numpy as np
import xxhash

from services.dataset.domain.images import ImageFacts, are_quiet, check_image, facts_of
from services.dataset.domain.paths import shown
from services.dataset.domain.scanned import FORMATS, MODES, Table
from services.dataset.glance import Glanced, glance
from services.dataset.images import look_at_image
from services.dataset.jpegs import strictly_decoded
from services.dataset.opening import Opener
from services.dataset.part import OF_IMAGE, Chunk, Orders, Part
from services.dataset.pixels import Shots

SHOTS_AT_ONCE = 32
_JPEG_SUFFIXES = (b".jpg", b".jpeg", b".JPG")
_FORMAT = {name: code for code, name in enumerate(FORMATS)}
_MODE = {name: code for code, name in enumerate(MODES)}


class ImageBatch:
    """Looks at images of a chunk one by one, and puts them into columns together."""

    def __init__(self, chunk: Chunk, orders: Orders) -> None:
        self.paths = chunk.images
        self.orders = orders
        self.hashed = orders.hashed or orders.full
        self.most_pixels = orders.rules.threshold("decompression_bomb")
        self.expected = (
            [row.tobytes() for row in chunk.digests] if chunk.digests is not None else None
        )
        self._opener = Opener(orders.roots)
        self._same: list[tuple[int, tuple[int, ...]]] = []
        """Row and stamp of images whose bytes are those that are known."""
        self._glanced: list[tuple[int, Glanced, bytes]] = []
        """Row, what was seen, hash."""
        self._looked: list[tuple[int, ImageFacts]] = []
        """Those that were looked at closely."""
        self._shots = Shots()
        self._shot_rows: list[int] = []
        self._measured: list[tuple[list[int], Table]] = []

    def look(self, index: int) -> None:
        """Look at one image. Never raises for its content."""
        path = self.paths[index]
        found = glance(path, self.most_pixels, self._opener, whole=self.hashed)
        if found is None:
            self._look_closely(index)
            return
        seen, data = found
        digest = xxhash.xxh3_128_digest(data) if self.hashed else b""
        if self.expected and digest == self.expected[index]:
            self._same.append((index, seen.stamp))
            return
        if self.orders.full:
            thumb = strictly_decoded(data)
            if thumb is None:
                self._look_closely(index)
                return
            self._shots.add(thumb, data, "jpeg")
            self._shot_rows.append(index)
            if len(self._shots) >= SHOTS_AT_ONCE:
                self._measure()
        self._glanced.append((index, seen, digest))

    def _look_closely(self, index: int) -> None:
        facts = look_at_image(
            self.paths[index],
            self.orders.rules,
            full=self.orders.full,
            hashed=self.hashed,
            expected=self.expected[index] if self.expected else None,
            opener=self._opener,
        )
        if facts.same:
            self._same.append((index, facts.stamp))
        else:
            self._looked.append((index, facts))

    def _measure(self) -> None:
        if self._shot_rows:
            self._measured.append((self._shot_rows, self._shots.measured()))
            self._shot_rows = []

    def fill(self, part: Part) -> None:
        """Put what was seen into a part, and say what is wrong with it."""
        self._opener.close()
        if not self.orders.images:
            part.images["usable"] = True
            part.stamps[:, OF_IMAGE] = 0
            return
        for index, stamp in self._same:
            part.new_image[index] = False
            part.stamps[index, OF_IMAGE] = stamp
        if self._glanced:
            self._fill_glanced(part)
        for index, facts in self._looked:
            self._fill_looked(part, index, facts)
        self._measure()
        for rows, pixels in self._measured:
            part.pixels[rows] = pixels

    def _fill_glanced(self, part: Part) -> None:
        rules = self.orders.rules
        places, glanced, digests = zip(*self._glanced, strict=True)
        at = np.array(places)
        numbers = np.array([seen[:6] for seen in glanced], np.int64)
        rows = part.images[at]
        rows["size_bytes"], rows["mtime_ns"] = numbers[:, 0], numbers[:, 1]
        rows["width"], rows["height"] = numbers[:, 3], numbers[:, 4]
        rows["orientation"] = numbers[:, 5]
        rows["trailing_bytes"] = [seen.trailing_bytes for seen in glanced]
        rows["format"] = _FORMAT["jpeg"]
        rows["mode"] = [_MODE.get(seen.mode, 0) for seen in glanced]
        if self.hashed:
            rows["digest"] = np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 2)
        rows["usable"] = True
        part.stamps[at, OF_IMAGE] = numbers[:, :3]
        quiet = are_quiet(rows, rules)
        quiet &= np.array([self.paths[row].endswith(_JPEG_SUFFIXES) for row in places])
        for row in np.flatnonzero(~quiet).tolist():
            name = shown(self.paths[places[row]].rpartition(b"/")[2])
            self._judge(part, places[row], rows[row : row + 1], facts_of(rows[row], name))
        part.images[at] = rows

    def _fill_looked(self, part: Part, index: int, facts: ImageFacts) -> None:
        row = part.images[index : index + 1]
        row["size_bytes"], row["mtime_ns"] = facts.size_bytes, facts.stamp[1]
        row["width"], row["height"] = facts.width, facts.height
        row["orientation"], row["frames"] = facts.orientation, facts.frames
        row["trailing_bytes"] = facts.trailing_bytes
        row["format"] = _FORMAT[facts.format or ""]
        row["mode"] = _MODE.get(facts.mode, 0)
        row["faulty"] = facts.fault is not None
        if facts.digest:
            row["digest"] = np.frombuffer(facts.digest, np.uint64)
        if facts.fault is None:
            part.stamps[index, OF_IMAGE] = facts.stamp
        else:
            part.stamps[index, OF_IMAGE] = 0
        if facts.pixels is not None:
            part.pixels[index] = facts.pixels[0]
        self._judge(part, index, row, facts)

    def _judge(self, part: Part, index: int, row: Table, facts: ImageFacts) -> None:
        hits = list(check_image(facts, self.orders.rules))
        row["usable"] = not hits or facts.usable(self.orders.rules)
        row["odd"] = bool(hits)
        part.hits += [(index, False, hit) for hit in hits]
