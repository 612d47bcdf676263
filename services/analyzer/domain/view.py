"""A stored pass seen at any confidence, IoU, class, cause and size: which boxes each number counts.

Shapes in names: `l` labels, `d` detections, `p` overlapping pairs.
"""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.boxes import Bools, Floats, Ints
from services.analyzer.domain.confusion import Confusion, confusion
from services.analyzer.domain.errors import Errors, errors
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import Matches
from services.analyzer.domain.operating_point import OperatingPoint, operating_point

SIZES: dict[str, tuple[float, float]] = {
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, np.inf),
}
"""COCO's sizes: areas in square pixels of the original image, from (inclusive) and to."""


@dataclass(frozen=True)
class Filters:
    """Which boxes are asked for; None = all. `kind` is `tp`, `fp` or `fn`; `cell` row, column."""

    class_index: int | None = None
    cause: str | None = None
    size: str | None = None
    image: int | None = None
    kind: str | None = None
    cell: tuple[int, int] | None = None


@dataclass(frozen=True)
class View:
    """A pass at one confidence and one IoU."""

    data: Evidence
    matches: Matches
    point: OperatingPoint
    errors: Errors
    table: Confusion

    @property
    def false_d(self) -> Bools:
        """Detections that count and are no true positive."""
        wrong_d: Bools = self.point.kept_d & ~self.point.true_d
        return wrong_d


def view(data: Evidence, matches: Matches, *, confidence: float) -> View:
    """Everything that the panels count, at one operating point.

    Args:
        data: labels and detections.
        matches: at the IoU asked for, from `match_pairs` or `rematch`.
        confidence: threshold in [0, 1], inclusive.
    """
    point = operating_point(data, matches, confidence=confidence)
    return View(data, matches, point, errors(data, matches, point), confusion(data, matches, point))


def sizes_px2(seen: View) -> tuple[Floats, Floats]:
    """The area that decides each box's size: of labels, and of detections.

    A detection that found a label has the label's size, so that at any size TP + FN = labels.
    """
    area_l, area_d = seen.data.area_l, seen.data.area_d.copy()
    found_d = seen.matches.label_d >= 0
    area_d[found_d] = area_l[seen.matches.label_d[found_d]]
    return area_l, area_d


def scope(seen: View, filters: Filters) -> tuple[Bools, Bools]:
    """The labels and detections of a class, a size and an image, whatever became of them."""
    data = seen.data
    in_l, in_d = np.ones(data.labels, dtype=bool), np.ones(data.detections, dtype=bool)
    if filters.class_index is not None:
        in_l &= data.label_class_l == filters.class_index
        in_d &= data.class_d == filters.class_index
    if filters.image is not None:
        in_l &= data.label_image_l == filters.image
        in_d &= data.image_d == filters.image
    if filters.size is not None:
        low, high = SIZES[filters.size]
        area_l, area_d = sizes_px2(seen)
        in_l &= (area_l >= low) & (area_l < high)
        in_d &= (area_d >= low) & (area_d < high)
    return in_l, in_d


def crossed(seen: View, in_l: Bools, in_d: Bools) -> tuple[Bools, Bools, Ints]:
    """What the confusion matrix counts of the boxes in scope.

    A pair is counted if its detection or its label is in scope, so that the matrix of one class
    has its whole row and its whole column.

    Returns:
        Labels that stand alone, shape (l,); detections that count, shape (d,); the true class of
        each detection, that of background where it stands alone, shape (d,).
    """
    label_d = seen.table.label_d
    pair_d = label_d >= 0
    true_d = np.full(seen.data.detections, len(seen.data.classes))
    alone_l, counted_d = in_l.copy(), in_d.copy()
    true_d[pair_d] = seen.data.label_class_l[label_d[pair_d]]
    counted_d[pair_d] |= in_l[label_d[pair_d]]
    alone_l[label_d[pair_d]] = False
    return alone_l, counted_d & seen.point.kept_d, true_d


def select(seen: View, filters: Filters) -> tuple[Ints, Ints]:
    """The boxes behind a number: missed labels by image, and detections that count, surest first.

    A cause selects what it counts: wrong detections, and for `miss` labels. Together with the kind
    `fn` it selects the labels that were not found for this cause. A cell of the confusion matrix is
    its detections, or, in the row of the background, its labels; kind and cause are not asked then.

    Args:
        seen: the view.
        filters: all must fit.

    Returns:
        Rows of labels, shape (a,), and of detections, shape (b,).
    """
    in_l, in_d = scope(seen, filters)
    if filters.cell is not None:
        row, column = filters.cell
        in_l, in_d, true_d = crossed(seen, in_l, in_d)
        in_l &= (seen.data.label_class_l == column) & (row == len(seen.data.classes))
        in_d &= (seen.data.class_d == row) & (true_d == column)
    else:
        in_l &= ~seen.point.found_l & (filters.kind in {None, "fn"})
        in_d &= seen.point.kept_d & (filters.kind != "fn")
        if filters.kind is not None:
            in_d &= seen.point.true_d == (filters.kind == "tp")
        if filters.cause is not None:
            in_d &= seen.errors.cause_d == filters.cause
            counted = filters.cause == "miss" or filters.kind == "fn"
            in_l &= (seen.errors.cause_l == filters.cause) & counted
    rows_d = np.flatnonzero(in_d)
    by_score = np.argsort(-seen.data.score_d[rows_d], kind="stable")
    return np.flatnonzero(in_l), rows_d[by_score]
