"""Why a box is wrong: TIDE's causes, box by box, and their names for older clients.

Shapes in names: `c` classes, `l` labels, `d` detections, `p` overlapping pairs.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.boxes import Bools, Floats, Ints
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

    @property
    def causes(self) -> dict[str, int]:
        """How many errors have each cause."""
        seen = Counter(self.cause_d.tolist())
        missed = int((self.cause_l == "miss").sum())
        return {cause: missed if cause == "miss" else seen[cause] for cause in CAUSES}

    @property
    def kinds(self) -> dict[str, int]:
        """How many errors are of each of the older clients' types."""
        return _as_kinds(Counter(self.causes))

    @property
    def kinds_by_class(self) -> dict[str, dict[str, int]]:
        """The same per class: that of the detection, or of the missed label."""
        table: dict[str, dict[str, int]] = {}
        for name, causes in self.causes_by_class.items():
            table[name] = _as_kinds(Counter(causes))
        return table

    @property
    def causes_by_class(self) -> dict[str, dict[str, int]]:
        """Errors per class and cause, zeros included."""
        table = {}
        for c, name in enumerate(self.classes):
            seen = Counter(self.cause_d[self.class_d == c].tolist())
            missed = int((self.cause_l[self.class_l == c] == "miss").sum())
            table[name] = {cause: missed if cause == "miss" else seen[cause] for cause in CAUSES}
        return table

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
    pairs = matches.pairs
    same_p = data.class_d[pairs.detection_p] == data.label_class_l[pairs.label_p]
    own_iou_d, own_label_d = _best(pairs.detection_p, pairs.label_p, pairs.iou_p, same_p, data)
    other_iou_d, other_label_d = _best(pairs.detection_p, pairs.label_p, pairs.iou_p, ~same_p, data)
    wrong_d = point.kept_d & ~point.true_d
    reach = min(matches.match_iou, 1 - 1e-10)
    tests = {
        "loc": (own_iou_d >= BACKGROUND_IOU) & (own_iou_d < reach),
        "cls": other_iou_d >= reach,
        "dup": own_iou_d >= reach,
        "bkg": np.maximum(own_iou_d, other_iou_d) < BACKGROUND_IOU,
    }
    cause_d = np.where(
        wrong_d, np.select(list(tests.values()), list(tests), default="both"), RIGHT
    ).astype("<U4")
    label_d = np.select(
        [np.isin(cause_d, ("loc", "dup")), np.isin(cause_d, ("cls", "both"))],
        [own_label_d, other_label_d],
        default=NONE,
    )
    cause_l = np.where(point.found_l, RIGHT, "miss").astype("<U4")
    for cause in ("loc", "cls"):
        at = label_d[cause_d == cause]
        cause_l[at[~point.found_l[at]]] = cause
    return Errors(data.classes, cause_d, label_d, cause_l, data.class_d, data.label_class_l)


def _best(
    detection_p: Ints, label_p: Ints, iou_p: Floats, use_p: Bools, data: Evidence
) -> tuple[Floats, Ints]:
    """Highest IoU of each detection among some pairs, and that label; 0 and -1 where there is none.

    Pairs come by falling IoU within a detection, so the first one is the best.
    """
    detection, first = np.unique(detection_p[use_p], return_index=True)
    iou_d = np.zeros(data.detections)
    label_d = np.full(data.detections, NONE, dtype=np.int64)
    iou_d[detection] = iou_p[use_p][first]
    label_d[detection] = label_p[use_p][first]
    return iou_d, label_d


def _as_kinds(causes: Counter[str]) -> dict[str, int]:
    """Counts by cause, added up by the older clients' types."""
    kinds = dict.fromkeys(
        ("false_positive", "false_negative", "misclassification", "mislocalization"), 0
    )
    for cause, count in causes.items():
        kinds[KINDS[cause]] += count
    return kinds
