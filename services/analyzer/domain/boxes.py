"""Boxes as arrays: overlap of two sets, and every overlapping pair of a whole labelled set.

Shapes are in the names, in lower case: `n`, `m` any number, `l` labels, `d` detections, `p` pairs.
A box is its corners x1, y1, x2, y2 in pixels of the original image, x1 <= x2 and y1 <= y2.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PAIRS_AT_ONCE = 2_000_000
"""Candidate pairs held in memory together: about 200 MB of temporaries."""


def pairwise_iou(a_n4: Floats, b_m4: Floats) -> Floats:
    """Intersection over union of every box of `a_n4` with every box of `b_m4`.

    Args:
        a_n4: corners in pixels, shape (n, 4), x1 <= x2 and y1 <= y2.
        b_m4: the same, shape (m, 4).

    Returns:
        Shape (n, m), each in [0, 1]; 0 where the union has no area.

    Raises:
        ValueError: an array is not of shape (k, 4).

    Source: Everingham et al., The PASCAL VOC Challenge, IJCV 88(2), 2010.
    """
    for boxes in (a_n4, b_m4):
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise ValueError(f"boxes must have the shape (k, 4), not {boxes.shape}")
    n, m = len(a_n4), len(b_m4)
    left, right = np.repeat(a_n4, m, axis=0), np.tile(b_m4, (n, 1))
    return paired_iou(left, right).reshape(n, m)


def paired_iou(a_n4: Floats, b_n4: Floats) -> Floats:
    """Intersection over union of the i-th box of one array with the i-th of the other.

    Args:
        a_n4: corners in pixels, shape (n, 4).
        b_n4: the same, shape (n, 4).

    Returns:
        Shape (n,), each in [0, 1]; 0 where the union has no area.

    Source: as `pairwise_iou`; the order of operations is that of pycocotools' `bbIou`.
    """
    width = np.minimum(a_n4[:, 2], b_n4[:, 2]) - np.maximum(a_n4[:, 0], b_n4[:, 0])
    height = np.minimum(a_n4[:, 3], b_n4[:, 3]) - np.maximum(a_n4[:, 1], b_n4[:, 1])
    shared = np.where((width > 0) & (height > 0), width * height, 0.0)
    union = areas(a_n4) + areas(b_n4) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def areas(boxes_n4: Floats) -> Floats:
    """Area of each box in square pixels, shape (n,)."""
    return (boxes_n4[:, 2] - boxes_n4[:, 0]) * (boxes_n4[:, 3] - boxes_n4[:, 1])


@dataclass(frozen=True)
class Overlaps:
    """Every pair of a detection and a label of one image whose IoU reaches a floor.

    Sorted by detection, then falling IoU, then falling label: the first free label in this order
    is the one that COCO's greedy matching takes.
    """

    detection_p: Ints
    label_p: Ints
    iou_p: Floats

    def where(self, keep_p: Bools) -> "Overlaps":
        """Only the pairs that `keep_p` marks, order kept."""
        return Overlaps(self.detection_p[keep_p], self.label_p[keep_p], self.iou_p[keep_p])


def overlaps(
    label_image_l: Ints,
    label_box_l4: Floats,
    image_d: Ints,
    box_d4: Floats,
    *,
    floor: float,
) -> Overlaps:
    """All pairs of one image with IoU >= `floor`, whatever their classes.

    Args:
        label_image_l: image index of each label.
        label_box_l4: the labels' boxes.
        image_d: image index of each detection, not falling.
        box_d4: the detections' boxes.
        floor: smallest IoU kept, in (0, 1].

    Returns:
        The pairs, as `Overlaps` orders them.
    """
    first_l = np.searchsorted(image_d, label_image_l, side="left")
    count_l = np.searchsorted(image_d, label_image_l, side="right") - first_l
    parts = [
        _pairs(chunk, first_l, count_l, label_box_l4, box_d4, floor) for chunk in _chunks(count_l)
    ]
    if not parts:
        return Overlaps(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    detection_p = np.concatenate([part.detection_p for part in parts])
    label_p = np.concatenate([part.label_p for part in parts])
    iou_p = np.concatenate([part.iou_p for part in parts])
    order_p = np.lexsort((-label_p, -iou_p, detection_p))
    return Overlaps(detection_p[order_p], label_p[order_p], iou_p[order_p])


def _chunks(count_l: Ints) -> list[Ints]:
    """Label indices in runs of about `PAIRS_AT_ONCE` candidate pairs."""
    if not len(count_l):
        return []
    run_l = np.cumsum(count_l) // PAIRS_AT_ONCE
    cuts = np.flatnonzero(np.diff(run_l)) + 1
    return list(np.split(np.arange(len(count_l), dtype=np.int64), cuts))


def _pairs(
    chunk: Ints, first_l: Ints, count_l: Ints, label_box_l4: Floats, box_d4: Floats, floor: float
) -> Overlaps:
    """The pairs of some labels with all the detections of their images."""
    count = count_l[chunk]
    label_p = np.repeat(chunk, count)
    offset_p = np.arange(len(label_p)) - np.repeat(np.cumsum(count) - count, count)
    detection_p = np.repeat(first_l[chunk], count) + offset_p
    iou_p = paired_iou(box_d4[detection_p], label_box_l4[label_p])
    keep_p = iou_p >= floor
    return Overlaps(detection_p[keep_p], label_p[keep_p], iou_p[keep_p])
