"""Why a box is wrong: TIDE's causes, box by box, and their names for older clients.

Shapes in names: `c` classes, `x` causes, `l` labels, `d` detections, `n` wrong ones, `p`
overlapping pairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from services.analyzer.domain.boxes import Ints, best_of
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import BACKGROUND_IOU, NONE, Matches
from services.analyzer.domain.operating_point import OperatingPoint

CAUSES = ("cls", "loc", "both", "dup", "bkg", "miss")
"""Wrong class, wrong place, both, a label found twice, nothing there, a label not found."""
KINDS = {
    "cls": "misclassification",
    "both": "misclassification",
    "loc": "mislocalization",
    "dup": "false_positive",
    "bkg": "false_positive",
    "miss": "false_negative",
}
"""The four error types of the system this one replaces, by cause."""
RIGHT = ""
"""Stands for "no error" in arrays of causes."""

Causes = np.ndarray[tuple[int], np.dtype[np.str_]]


@dataclass(frozen=True)
class Errors:
    """The cause of every wrong box, or "" where a box is right or does not count.

    `label_d` names the label a wrong detection is about, or -1. A label that was not found is
    `cls` or `loc` in `cause_l` if a detection with that cause points at it, else `miss`; it counts
    as an error of its own only in the last case, for the detection is counted already.
    """

    classes: tuple[str, ...]
    cause_d: Causes
    label_d: Ints
    cause_l: Causes
    class_d: Ints
    class_l: Ints

    @cached_property
    def counts_cx(self) -> Ints:
        """Errors by class (of the detection, or of the missed label) and place in `CAUSES`."""
        counts = [
            np.bincount(self.class_d[self.cause_d == cause], minlength=len(self.classes))
            for cause in CAUSES[:-1]
        ]
        missed = np.bincount(self.class_l[self.cause_l == "miss"], minlength=len(self.classes))
        return np.stack([*counts, missed], axis=1)

    @property
    def causes(self) -> dict[str, int]:
        """How many errors have each cause."""
        return dict(zip(CAUSES, self.counts_cx.sum(axis=0).tolist(), strict=True))

    @property
    def kinds(self) -> dict[str, int]:
        """How many errors are of each of the older clients' types."""
        return _as_kinds(self.causes)

    @property
    def kinds_by_class(self) -> dict[str, dict[str, int]]:
        """The same per class: that of the detection, or of the missed label."""
        return {name: _as_kinds(causes) for name, causes in self.causes_by_class.items()}

    @property
    def causes_by_class(self) -> dict[str, dict[str, int]]:
        """Errors per class and cause, zeros included."""
        return {
            name: dict(zip(CAUSES, row, strict=True))
            for name, row in zip(self.classes, self.counts_cx.tolist(), strict=True)
        }

    @property
    def common(self) -> list[dict[str, str | int]]:
        """Class, error type and count, the most frequent first; only what occurs."""
        rows = [
            (count, name, kind)
            for name, kinds in self.kinds_by_class.items()
            for kind, count in kinds.items()
            if count
        ]
        rows.sort(key=lambda row: (-row[0], row[1], row[2]))
        return [{"class": name, "error_type": kind, "count": count} for count, name, kind in rows]


def errors(data: Evidence, matches: Matches, point: OperatingPoint) -> Errors:
    """Give each wrong box its cause, the first that fits.

    With t = `match_iou`, a kept detection that is no true positive is `loc` if its best IoU with a
    label of its class is in [0.1, t); `cls` if it reaches t with a label of another class; `dup` if
    it reaches t with a label of its class, which is taken then; `bkg` if every IoU is below 0.1;
    else `both`. A label that nothing found is `cls` or `loc` if such a detection points at it, and
    `miss` otherwise.

    Args:
        data: labels and detections.
        matches: of the same evidence.
        point: which detections count.

    Returns:
        The causes.

    Source: Bolya et al., TIDE, ECCV 2020, section 2.2, and the order of tests of tidecv.
    """
    pairs, same_p = matches.pairs, matches.same_p
    own_iou_d, own_label_d = best_of(pairs.where(np.flatnonzero(same_p)), data.detections)
    other_iou_d, other_label_d = best_of(pairs.where(np.flatnonzero(~same_p)), data.detections)
    wrong = np.flatnonzero(point.kept_d & ~point.true_d)
    own_n, other_n = own_iou_d[wrong], other_iou_d[wrong]
    reach = min(matches.match_iou, 1 - 1e-10)
    code_n = np.full(len(wrong), CAUSES.index("both"))
    for cause, fits_n in (  # the first that fits is written last
        ("bkg", np.maximum(own_n, other_n) < BACKGROUND_IOU),
        ("dup", own_n >= reach),
        ("cls", other_n >= reach),
        ("loc", (own_n >= BACKGROUND_IOU) & (own_n < reach)),
    ):
        code_n[fits_n] = CAUSES.index(cause)
    cause_d = np.full(data.detections, RIGHT, dtype="<U4")
    cause_d[wrong] = np.array(CAUSES)[code_n]
    own = np.isin(code_n, (CAUSES.index("loc"), CAUSES.index("dup")))
    other = np.isin(code_n, (CAUSES.index("cls"), CAUSES.index("both")))
    label_d = np.full(data.detections, NONE, dtype=np.int64)
    label_d[wrong[own]] = own_label_d[wrong[own]]
    label_d[wrong[other]] = other_label_d[wrong[other]]
    cause_l = np.where(point.found_l, RIGHT, "miss").astype("<U4")
    for cause in ("loc", "cls"):
        at = label_d[wrong[code_n == CAUSES.index(cause)]]
        cause_l[at[~point.found_l[at]]] = cause
    return Errors(data.classes, cause_d, label_d, cause_l, data.class_d, data.label_class_l)


def _as_kinds(causes: Mapping[str, int]) -> dict[str, int]:
    """Counts by cause, added up by the older clients' types."""
    kinds = dict.fromkeys(
        ("false_positive", "false_negative", "misclassification", "mislocalization"), 0
    )
    for cause, count in causes.items():
        kinds[KINDS[cause]] += count
    return kinds
