"""True positives by number: all that the envelope of a precision-recall curve needs.

Shapes in names: `c` classes, `w` rows of marks (thresholds, sizes or variants), `n` columns (boxes
by class, then falling score), `e` true positives, `k` their numbers within class and row.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.boxes import Bools, Floats, Ints

_CELLS_AT_ONCE = 60_000
"""Tables that stay in the caches: larger ones took twice as long."""


@dataclass(frozen=True)
class TrueTable:
    """True positives of some classes, numbered from 1 within each class and row of marks.

    `row_e`, `column_e` and `class_e` say where each stands in the marks, `number_e` how many of its
    class and row there are up to it, `found_cw` how many in all.
    """

    start_c: Ints
    row_e: Ints
    column_e: Ints
    class_e: Ints
    number_e: Ints
    found_cw: Ints

    @classmethod
    def of(cls, true_wn: Bools, start_c: Ints) -> "TrueTable":
        """Number the marks.

        Args:
            true_wn: marks; columns are sorted by class.
            start_c: where each class starts and the last ends; shape (classes + 1,).
        """
        row_e, column_e = np.nonzero(true_wn)
        class_n = np.repeat(np.arange(len(start_c) - 1), np.diff(start_c))
        class_e = class_n[column_e]
        number_e, before_wc = _since_start(true_wn, start_c, row_e, column_e, class_e)
        return cls(start_c, row_e, column_e, class_e, number_e, np.diff(before_wc, axis=1).T)

    def counted(self, seen_wn: Bools) -> tuple[Ints, Ints]:
        """Marks of `seen_wn` up to each true positive, shape (e,), and in all, shape (c, w)."""
        places = (self.row_e, self.column_e, self.class_e)
        said_e, before_wc = _since_start(seen_wn, self.start_c, *places)
        return said_e, np.diff(before_wc, axis=1).T

    def at(self, value_cwk: Floats, number_cwr: Ints) -> Floats:
        """Values by number; the second axis of `number_cwr` may be 1. Shape (c, w, r)."""
        classes, rows, most = value_cwk.shape
        starts_cw1 = (np.arange(classes * rows) * most).reshape(classes, rows, 1)
        values: Floats = value_cwk.ravel().take(starts_cw1 + number_cwr)
        return values

    def spread(self, value_e: Floats) -> Floats:
        """Values by class, row and number, 0 from the end on; shape (c, w, most + 1)."""
        classes, rows = self.found_cw.shape
        value_cwk = np.zeros((classes, rows, int(self.found_cw.max(initial=0)) + 1))
        value_cwk[self.class_e, self.row_e, self.number_e - 1] = value_e
        return value_cwk

    def envelope(self, precision_e: Floats) -> Floats:
        """Highest precision from each true positive on; shape (c, w, most + 1), last column 0."""
        value_cwk = self.spread(precision_e)
        best: Floats = np.maximum.accumulate(value_cwk[:, :, ::-1], axis=2)[:, :, ::-1]
        return best


def _since_start(
    marks_wn: Bools, start_c: Ints, row_e: Ints, column_e: Ints, class_e: Ints
) -> tuple[Ints, Ints]:
    """Marks of a row up to some places, from the start of the class on; and all before it."""
    counts_wn = np.zeros((marks_wn.shape[0], marks_wn.shape[1] + 1), dtype=np.int64)
    np.cumsum(marks_wn, axis=1, out=counts_wn[:, 1:])
    before_wc = counts_wn[:, start_c]
    return counts_wn[row_e, column_e + 1] - before_wc[row_e, class_e], before_wc


def class_blocks(start_c: Ints, rows: int) -> Iterator[tuple[slice, slice, Ints]]:
    """Runs of classes that are worked on together, so that tables stay small.

    Args:
        start_c: where each class starts among the columns, and the last ends.
        rows: of the marks.

    Yields:
        The classes, their columns, and where each starts among these.
    """
    counts = np.diff(start_c).tolist()
    first = 0
    while first < len(counts):
        last, most = first, 0
        while last < len(counts):
            most = max(most, counts[last])
            if last > first and (last + 1 - first) * most * rows > _CELLS_AT_ONCE:
                break
            last += 1
        starts = start_c[first : last + 1]
        yield slice(first, last), slice(int(starts[0]), int(starts[-1])), starts - starts[0]
        first = last
