"""Read very many well-formed label files at once; the others are left to the parser by rows.

A file is plain when it holds rows of five decimal numbers, when the trainer keeps all of them as
they are, and when no rule of `rules_labels` has anything to say. Whoever adds a rule on single
files there must make sure here that a file which it could hit is not plain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.dataset.domain.findings import Rules
from services.dataset.domain.rules_labels import PIXEL_AT_640
from services.dataset.domain.scanned import BOX, Table

_PLAIN_BYTES = b"0123456789. \n"
_SPACE, _LINE_FEED, _DOT, _ZERO = 32, 10, ord("."), ord("0")
_EXACT_DIGITS = 15
"""So many digits are less than 2^53, and 10^15 is exact in 64 bits."""
_POWERS = 10 ** np.arange(_EXACT_DIGITS + 1, dtype=np.int64)
_NONE = np.zeros(0, np.int32)
_MIX = np.array(
    [
        0x9E3779B97F4A7C15,
        0xC2B2AE3D27D4EB4F,
        0x165667B19E3779F9,
        0xD6E8FEB86659FD93,
        0xA0761D6478BD642F,
    ],
    np.uint64,
)


@dataclass(frozen=True, slots=True)
class PlainLabels:
    """What the plain files of a batch hold."""

    plain: npt.NDArray[np.bool_]
    """(F,): which files are plain. The others have no boxes here."""
    boxes: Table
    """(M,) of BOX; `image` is the number of the file."""
    digests: npt.NDArray[np.uint64]
    """(F,) as `labels_digest` gives them; 0 for a file without boxes."""


def read_plain(files: Sequence[bytes], classes: int, rules: Rules) -> PlainLabels:
    """Read a batch of label files for a dataset with that many classes."""
    limit = rules.threshold("oversized_label_file")
    plain = np.array([len(file) <= limit for file in files], bool)
    if not _has_plain_bytes(b"".join(files)):
        plain &= [_has_plain_bytes(file) for file in files]
    tokens = _Tokens(files, plain)
    formed = tokens.well_formed()
    if not formed.all():
        plain &= formed
        tokens = _Tokens(files, plain)
    numbers = tokens.numbers().reshape(-1, 5)
    file, line = tokens.rows()
    bad = ~_is_quiet(numbers, classes, rules)
    boxes = numbers.astype(np.float32)
    keys = row_keys(boxes)
    order = np.lexsort((keys, file))
    twice = (keys[order][1:] == keys[order][:-1]) & (file[order][1:] == file[order][:-1])
    bad[order[1:][twice]] = True
    plain[file[bad]] = False
    kept = plain[file]
    table = np.zeros(int(kept.sum()), BOX)
    table["image"], table["line"] = file[kept], line[kept]
    for column, name in enumerate(("class", "x", "y", "width", "height")):
        table[name] = boxes[kept, column]
    digests = np.zeros(len(files), np.uint64)
    np.add.at(digests, file[kept], keys[kept])
    return PlainLabels(plain, table, digests)


def labels_digest(boxes: npt.NDArray[np.float32]) -> int:
    """A hash of boxes of shape (N, 5) that is the same in any order of the rows; 0 for none."""
    return int(row_keys(boxes).sum(dtype=np.uint64))


def row_keys(boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of each row of shape (N, 5). -0 is 0.

    Source of the finisher: Stafford's variant 13 of MurmurHash3's, as in SplitMix64.
    """
    bits = (boxes + np.float32(0)).astype(np.float32).view(np.uint32).reshape(-1, 5)
    keys = (bits.astype(np.uint64) * _MIX).sum(axis=1, dtype=np.uint64)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(keys ^ (keys >> np.uint64(31)), np.uint64)


def _has_plain_bytes(file: bytes) -> bool:
    return not file.translate(None, _PLAIN_BYTES)


class _Tokens:
    """Where words and lines are in the chosen files of a batch, one after the other."""

    def __init__(self, files: Sequence[bytes], chosen: npt.NDArray[np.bool_]) -> None:
        parts = [file if use else b"" for file, use in zip(files, chosen.tolist(), strict=True)]
        self.text = np.frombuffer(b"\n".join([*parts, b""]), np.uint8)
        ends = np.cumsum([len(part) + 1 for part in parts]) - 1  # each file's closing line feed
        word = self.text > _SPACE
        self.starts = np.flatnonzero(word[1:] > word[:-1]) + 1
        if len(word) and word[0]:
            self.starts = np.concatenate(([0], self.starts))
        self.line_ends = np.flatnonzero(self.text == _LINE_FEED)
        self.last_line = np.searchsorted(self.line_ends, ends)
        words_before = np.searchsorted(self.starts, self.line_ends)
        self.words = np.diff(words_before, prepend=0)
        self.files = len(files)
        is_digit = self.text >= _ZERO
        self.digits_until = np.cumsum(is_digit, dtype=np.int32)
        self.digits_at = np.flatnonzero(is_digit)
        self.dots = np.flatnonzero(self.text == _DOT)
        self.word_of_dot = np.searchsorted(self.starts, self.dots, side="right") - 1
        self.digits_before = self.digits_until[self.starts - 1] if len(self.starts) else _NONE
        if len(self.starts) and self.starts[0] == 0:
            self.digits_before[0] = 0
        self.digits = np.diff(self.digits_before, append=len(self.digits_at))

    def well_formed(self) -> npt.NDArray[np.bool_]:
        """(F,): whether a file's rows have five words, and each word is a decimal number."""
        good = np.ones(self.files, bool)
        good[self._file_of(np.flatnonzero((self.words != 0) & (self.words != 5)))] = False
        odd = (self.digits == 0) | (self.digits > _EXACT_DIGITS)
        odd[self.word_of_dot[1:][self.word_of_dot[1:] == self.word_of_dot[:-1]]] = True
        lines = np.searchsorted(self.line_ends, self.starts[odd])
        good[self._file_of(lines)] = False
        return good

    def numbers(self) -> npt.NDArray[np.float64]:
        """(W,): the value of each word.

        As exact as `float`: the digits fit into an integer, and the quotient of two exact numbers
        is rounded once.
        """
        if not len(self.starts):
            return np.zeros(0)
        ends = self.digits_before + self.digits
        place = np.repeat(ends, self.digits) - self.digits_until[self.digits_at]
        parts = (self.text[self.digits_at] - _ZERO) * _POWERS[place]
        whole = np.add.reduceat(parts, self.digits_before)
        behind = np.zeros(len(self.starts), np.int64)
        behind[self.word_of_dot] = ends[self.word_of_dot] - self.digits_until[self.dots]
        return np.asarray(whole / _POWERS[behind], np.float64)

    def rows(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """File and 1-based line of each row."""
        lines = np.flatnonzero(self.words)
        file = self._file_of(lines)
        first = np.concatenate(([0], self.last_line[:-1] + 1))[file] if len(lines) else lines
        return file, lines - first + 1

    def _file_of(self, lines: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.searchsorted(self.last_line, lines)


def _is_quiet(
    numbers: npt.NDArray[np.float64], classes: int, rules: Rules
) -> npt.NDArray[np.bool_]:
    """(N,): whether no rule on a single row can have anything to say about it."""
    number, x, y, width, height = numbers.T
    over = np.max([width / 2 - x, height / 2 - y, x + width / 2 - 1, y + height / 2 - 1], axis=0)
    small, large = np.minimum(width, height), np.maximum(width, height)
    quiet = (number % 1 == 0) & (number < classes) & (np.maximum(x, y) <= 1) & (large <= 1)
    quiet &= (small >= PIXEL_AT_640) & (width * height >= rules.threshold("tiny_box"))
    quiet &= (over <= rules.threshold("box_out_of_image")) & (over <= 0.01)
    return np.asarray(quiet & (small < rules.threshold("full_image_box")), bool)
