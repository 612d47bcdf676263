"""Two questions beside precision and recall: is the class right, and is the logo there at all?

Shapes in names: `d` detections, `p` overlapping pairs; a cell is an image and a class.
"""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.assignment import take
from services.analyzer.domain.boxes import Ints
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import Matches
from services.analyzer.domain.operating_point import OperatingPoint


@dataclass(frozen=True)
class Presence:
    """Is this class in this image? Over all images and classes; counts of cells."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def accuracy(self) -> float | None:
        """(TP + TN) / all; None without images or classes.

        High by itself where most images hold few of many classes: read it beside recall.
        """
        cells = self.tp + self.fp + self.fn + self.tn
        return (self.tp + self.tn) / cells if cells else None


def presence(data: Evidence, point: OperatingPoint) -> Presence:
    """Compare the classes labelled in each image with those said of it, wherever the boxes lie.

    Args:
        data: labels and detections.
        point: which detections count.
    """
    classes = len(data.classes)
    kept = np.flatnonzero(point.kept_d)
    there = _distinct(data.label_image_l * classes + data.label_class_l)
    said = _distinct(data.image_d[kept] * classes + data.class_d[kept])
    both = len(there) + len(said) - len(_distinct(np.concatenate((there, said))))
    return Presence(
        tp=both,
        fp=len(said) - both,
        fn=len(there) - both,
        tn=data.images * classes - len(there) - len(said) + both,
    )


def _distinct(keys_n: Ints) -> Ints:
    """Each key once, rising."""
    rising_n = np.sort(keys_n)
    new_n = np.ones(len(rising_n), dtype=bool)
    new_n[1:] = rising_n[1:] != rising_n[:-1]
    return rising_n[new_n]


def label_accuracy(data: Evidence, matches: Matches, point: OperatingPoint) -> float | None:
    """Of the boxes in the right place, the share with the right class; None if none is.

    Detections that count take labels by falling score whatever their classes, each the free label
    with the highest IoU >= `match_iou`.

    Args:
        data: labels and detections.
        matches: of the same evidence.
        point: which detections count.
    """
    pairs = matches.pairs
    close = point.kept_d[pairs.detection_p] & (pairs.iou_p >= min(matches.match_iou, 1 - 1e-10))
    placed = pairs.where(np.flatnonzero(close))
    level_p = np.ones(len(placed.iou_p), dtype=np.int64)
    taken = take(placed, level_p, thresholds=1, group_l=data.label_image_l)
    label_h = taken.label_th[0]
    hit_h = label_h >= 0
    if not hit_h.any():
        return None
    right = data.class_d[taken.detection_h[hit_h]] == data.label_class_l[label_h[hit_h]]
    return float(right.mean())
