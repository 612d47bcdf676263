"""What one model gets right and another does not, box by box.

Shapes in names: `l` labels, `d` and `e` detections of the two models, `p` pairs of these.
"""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.boxes import Bools, Floats, Ints, Overlaps, overlaps
from services.analyzer.domain.errors import Errors
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import NONE, Matches
from services.analyzer.domain.operating_point import OperatingPoint

KINDS = ("fixed", "broken", "still_wrong", "still_right")
SAME_IOU = 0.5
"""Two wrong boxes of one class with this IoU are the same mistake."""


@dataclass(frozen=True)
class Judged:
    """One model's boxes on the shared images, at its operating point."""

    data: Evidence
    matches: Matches
    point: OperatingPoint
    errors: Errors


@dataclass(frozen=True)
class Changes:
    """A row per label, then one per wrong detection of either model; -1 where there is no box.

    `kind_n` counts in `KINDS`. A label is fixed if only the second model finds it, broken if only
    the first does. A wrong detection is fixed if the second model does not make it, broken if the
    first did not. `base_n` and `other_n` are detections: the one that found the label, or the
    wrong one.
    """

    kind_n: Ints
    label_n: Ints
    base_n: Ints
    other_n: Ints
    image_n: Ints
    class_n: Ints
    box_n4: Floats

    def counts(self, *, labels: bool) -> dict[str, int]:
        """Rows of each kind, among the labels or among the wrong detections."""
        own_n = (self.label_n != NONE) == labels
        seen = np.bincount(self.kind_n[own_n], minlength=len(KINDS))
        return dict(zip(KINDS, seen.tolist(), strict=True))


def changes(base: Judged, other: Judged) -> Changes:
    """Hold two models against each other on the same images and labels.

    Args:
        base: the first model.
        other: the second, its label and image indices meaning the same.

    Returns:
        Every label and every wrong detection with what became of it. With the models changed over,
        fixed and broken change places and nothing else does.
    """
    data = base.data
    base_l, other_l = _finder(base), _finder(other)
    label_kind_l = _kinds(base_l != NONE, other_l != NONE)
    wrong_d = np.flatnonzero(base.point.kept_d & ~base.point.true_d)
    wrong_e = np.flatnonzero(other.point.kept_d & ~other.point.true_d)
    twin_of_d, twin_of_e = _twins(base.data, wrong_d, other.data, wrong_e)
    alone_e = wrong_e[twin_of_e == NONE]
    gone_d = twin_of_d == NONE
    return Changes(
        kind_n=np.concatenate(
            [
                label_kind_l,
                np.where(gone_d, KINDS.index("fixed"), KINDS.index("still_wrong")),
                np.full(len(alone_e), KINDS.index("broken")),
            ]
        ),
        label_n=np.concatenate(
            [np.arange(data.labels), np.full(len(wrong_d) + len(alone_e), NONE)]
        ),
        base_n=np.concatenate([base_l, wrong_d, np.full(len(alone_e), NONE)]),
        other_n=np.concatenate(
            [other_l, np.where(gone_d, NONE, wrong_e[twin_of_d] if len(wrong_e) else NONE), alone_e]
        ),
        image_n=np.concatenate(
            [data.label_image_l, base.data.image_d[wrong_d], other.data.image_d[alone_e]]
        ),
        class_n=np.concatenate(
            [data.label_class_l, base.data.class_d[wrong_d], other.data.class_d[alone_e]]
        ),
        box_n4=np.concatenate(
            [data.label_box_l4, base.data.box_d4[wrong_d], other.data.box_d4[alone_e]]
        ),
    )


def _kinds(before_n: Bools, after_n: Bools) -> Ints:
    """What became of boxes that were right before, or not, and are after, or not."""
    kind_n: Ints = np.select(
        [~before_n & after_n, before_n & ~after_n, ~before_n & ~after_n],
        [KINDS.index("fixed"), KINDS.index("broken"), KINDS.index("still_wrong")],
        default=KINDS.index("still_right"),
    )
    return kind_n


def _finder(side: Judged) -> Ints:
    """The detection that found each label at the operating point, or -1; shape (l,)."""
    finder_l = np.full(side.data.labels, NONE, dtype=np.int64)
    true_d = np.flatnonzero(side.point.true_d)
    finder_l[side.matches.label_d[true_d]] = true_d
    return finder_l


def _twins(base: Evidence, wrong_d: Ints, other: Evidence, wrong_e: Ints) -> tuple[Ints, Ints]:
    """Pairs of wrong detections that say the same: one class, IoU >= 0.5, the nearest first.

    Returns:
        For each of `wrong_d` a place in `wrong_e`, or -1; and the other way round.
    """
    pairs = overlaps(
        base.image_d[wrong_d], base.box_d4[wrong_d], other.image_d[wrong_e], other.box_d4[wrong_e],
        floor=SAME_IOU,
    )  # fmt: skip
    at_d, at_e, iou_p = _same_class(pairs, base.class_d[wrong_d], other.class_d[wrong_e])
    score_d, score_e = base.score_d[wrong_d][at_d], other.score_d[wrong_e][at_e]
    order_p = np.lexsort((at_d + at_e, -(score_d + score_e), -iou_p))
    twin_of_d = np.full(len(wrong_d), NONE, dtype=np.int64)
    twin_of_e = np.full(len(wrong_e), NONE, dtype=np.int64)
    for d, e in zip(at_d[order_p].tolist(), at_e[order_p].tolist(), strict=True):
        if twin_of_d[d] == NONE and twin_of_e[e] == NONE:
            twin_of_d[d], twin_of_e[e] = e, d
    return twin_of_d, twin_of_e


def _same_class(pairs: Overlaps, class_d: Ints, class_e: Ints) -> tuple[Ints, Ints, Floats]:
    """First, second and IoU of the pairs of one class."""
    same_p = class_d[pairs.label_p] == class_e[pairs.detection_p]
    return pairs.label_p[same_p], pairs.detection_p[same_p], pairs.iou_p[same_p]
