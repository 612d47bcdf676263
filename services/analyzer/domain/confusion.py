"""The confusion matrix that agrees with precision and recall.

Shapes in names: `c` classes (+ 1 for background), `l` labels, `d` detections.
"""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.assignment import take
from services.analyzer.domain.boxes import Bools, Floats, Ints
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import Matches
from services.analyzer.domain.operating_point import OperatingPoint

BACKGROUND = "background"


@dataclass(frozen=True)
class Confusion:
    """Rows are what was predicted, columns what is true; the last of each is background."""

    names: tuple[str, ...]
    counts_cc: Ints
    label_d: Ints

    @property
    def normalised_cc(self) -> Floats:
        """Each column divided by its sum: of the labels of a class, the share seen as each row."""
        sums_c = self.counts_cc.sum(axis=0, keepdims=True)
        shares: Floats = np.divide(
            self.counts_cc, sums_c, out=np.zeros(self.counts_cc.shape), where=sums_c > 0
        )
        return shares


def confusion(data: Evidence, matches: Matches, point: OperatingPoint) -> Confusion:
    """Cross every kept detection with the label that it stands for.

    The true positives are put on the diagonal first. Then the remaining detections, by falling
    score, take the free label of another class with the highest IoU >= `match_iou`. What is left
    over is background. So the diagonal is TP, a row sums to the detections of its class and a
    column to its labels. (Ultralytics' own matrix matches regardless of class at the confidence
    0.001 and agrees with no printed precision; it is `yolo_val.ultralytics_confusion`.)

    Args:
        data: labels and detections.
        matches: of the same evidence.
        point: which detections count.

    Returns:
        Counts of shape (classes + 1, classes + 1), and for each detection the label it was crossed
        with, or -1.
    """
    pairs = matches.pairs
    open_p = np.flatnonzero(
        ~matches.same_p
        & (pairs.iou_p >= min(matches.match_iou, 1 - 1e-10))
        & (point.kept_d & ~point.true_d)[pairs.detection_p]
        & ~point.found_l[pairs.label_p]
    )
    crossed_d = take(
        pairs.where(open_p),
        np.ones(len(open_p), dtype=np.int64),
        thresholds=1,
        group_l=data.label_image_l,
    ).spread(data.detections)[0]
    label_d = np.where(point.true_d, matches.label_d, crossed_d)
    counts_cc = crossed_counts(data, point.kept_d, label_d)
    return Confusion((*data.classes, BACKGROUND), counts_cc, label_d)


def crossed_counts(data: Evidence, kept_d: Bools, label_d: Ints) -> Ints:
    """Predicted against true class; what stands alone is crossed with background.

    Args:
        data: labels and detections.
        kept_d: the detections that count.
        label_d: the label each is crossed with, or -1.

    Returns:
        Shape (classes + 1, classes + 1), rows predicted, columns true.
    """
    size = len(data.classes) + 1
    background = size - 1
    true_l = np.append(data.label_class_l, background)  # index -1 is background
    alone_l = np.ones(data.labels + 1, dtype=bool)
    alone_l[label_d[kept_d]] = False
    alone_l[-1] = False
    cells = np.concatenate(
        (data.class_d[kept_d] * size + true_l[label_d[kept_d]], background * size + true_l[alone_l])
    )
    return np.bincount(cells, minlength=size * size).reshape(size, size)
