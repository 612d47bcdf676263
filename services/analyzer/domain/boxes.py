"""Boxes as arrays: overlap of two sets, and every overlapping pair of a whole labelled set.

Shapes are in the names, in lower case: `n`, `m` any number, `i` images, `l` labels, `d` detections,
`p` pairs.
A box is its corners x1, y1, x2, y2 in pixels of the original image, x1 <= x2 and y1 <= y2.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from libs.common.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PAIRS_AT_ONCE = 250_000
"""Candidate pairs held in memory together: few enough for the processor's caches."""
MOST_PAIRS = 10_000_000
"""Overlapping pairs held for one set: about 2.5 GB while they are sorted."""
_PX_DECIMALS = 9


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
    """Area of each box in square pixels, shape (n,).

    Sides are rounded to 1e-9 pixels. A box that came as x, y, width, height was stored as
    x2 = x + width, and x2 - x differs from the width in the last bit: enough to move a box with an
    IoU of exactly 0.5, or an area of exactly 32 x 32, to the other side of a threshold.
    """
    sides_n2 = np.round(boxes_n4[:, 2:] - boxes_n4[:, :2], _PX_DECIMALS)
    area_n: Floats = sides_n2[:, 0] * sides_n2[:, 1]
    return area_n


@dataclass(frozen=True)
class Overlaps:
    """Every pair of a detection and a label of one image whose IoU reaches a floor.

    Sorted by detection, then falling IoU, then falling label: the first free label in this order
    is the one that COCO's greedy matching takes.
    """

    detection_p: Ints
    label_p: Ints
    iou_p: Floats

    def where(self, keep_p: Bools | Ints) -> "Overlaps":
        """Only the pairs that `keep_p` marks, order kept; or the pairs at these places."""
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
        label_image_l: image index of each label, not falling.
        label_box_l4: the labels' boxes.
        image_d: image index of each detection, not falling.
        box_d4: the detections' boxes.
        floor: smallest IoU kept, in (0, 1].

    Returns:
        The pairs, as `Overlaps` orders them.

    Raises:
        BadInput: `too_many_overlaps`: they would not fit into memory.
    """
    if not len(label_image_l) or not len(image_d):
        return Overlaps(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    images = max(int(label_image_l[-1]), int(image_d[-1])) + 1
    starts_i = np.searchsorted(label_image_l, np.arange(images + 1))
    first_d = starts_i[image_d]
    count_d = starts_i[image_d + 1] - first_d
    labels = (np.ascontiguousarray(label_box_l4.T), areas(label_box_l4))
    boxes = (np.ascontiguousarray(box_d4.T), areas(box_d4))
    parts, held = [], 0
    for chunk in _chunks(count_d):
        parts.append(_pairs(chunk, first_d, count_d, labels, boxes, floor))
        held += len(parts[-1].iou_p)
        if held > MOST_PAIRS:
            raise BadInput(
                f"More than {MOST_PAIRS} pairs of a detection and a label overlap, for too many "
                "lie on one spot. Keep fewer detections per image: 300 are usual.",
                code="too_many_overlaps",
            )
    detection_p = np.concatenate([part.detection_p for part in parts])
    label_p = np.concatenate([part.label_p for part in parts])
    iou_p = np.concatenate([part.iou_p for part in parts])
    return best_first(Overlaps(detection_p, label_p, iou_p))


def _chunks(count_d: Ints) -> list[slice]:
    """Detections in runs of about `PAIRS_AT_ONCE` candidate pairs."""
    run_d = np.cumsum(count_d) // PAIRS_AT_ONCE
    cuts = [0, *(np.flatnonzero(np.diff(run_d)) + 1).tolist(), len(count_d)]
    return [slice(start, end) for start, end in itertools.pairwise(cuts)]


def _pairs(
    chunk: slice,
    first_d: Ints,
    count_d: Ints,
    labels: tuple[Floats, Floats],
    boxes: tuple[Floats, Floats],
    floor: float,
) -> Overlaps:
    """The pairs of some detections with all the labels of their images, by detection, then label.

    Most candidates do not touch, so they are dropped after each axis.
    """
    (label_4l, label_area_l), (box_4d, area_d) = labels, boxes
    count = count_d[chunk]
    ends = np.cumsum(count)
    label_p = np.arange(ends[-1]) + np.repeat(first_d[chunk] - (ends - count), count)
    detection_p = np.repeat(np.arange(chunk.start, chunk.stop), count)
    width_p = np.minimum(box_4d[2, detection_p], label_4l[2, label_p])
    width_p -= np.maximum(box_4d[0, detection_p], label_4l[0, label_p])
    touch_p = np.flatnonzero(width_p > 0)
    detection_p, label_p, width_p = detection_p[touch_p], label_p[touch_p], width_p[touch_p]
    height_p = np.minimum(box_4d[3, detection_p], label_4l[3, label_p])
    height_p -= np.maximum(box_4d[1, detection_p], label_4l[1, label_p])
    touch_p = np.flatnonzero(height_p > 0)
    detection_p, label_p = detection_p[touch_p], label_p[touch_p]
    shared_p = width_p[touch_p] * height_p[touch_p]
    union_p = area_d[detection_p] + label_area_l[label_p] - shared_p
    # A side below the rounding of `areas` has an intersection but no area: no overlap, not 1/0.
    iou_p = np.divide(shared_p, union_p, out=np.zeros_like(shared_p), where=union_p > 0)
    keep_p = np.flatnonzero(iou_p >= floor)
    return Overlaps(detection_p[keep_p], label_p[keep_p], iou_p[keep_p])


def best_first(pairs: Overlaps, *, last_label: bool = True) -> Overlaps:
    """Sort the pairs of each detection by falling IoU; of equal IoUs by falling or rising label.

    Args:
        pairs: by rising detection.
        last_label: whether of two labels with equal IoU the later one comes first, as in
            pycocotools, or the earlier one, as in ultralytics and tidecv.
    """
    same = pairs.detection_p[1:] == pairs.detection_p[:-1]
    several_p = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    some = pairs.where(several_p)
    label = -some.label_p if last_label else some.label_p
    order_p = np.arange(len(pairs.iou_p))
    order_p[several_p] = several_p[np.lexsort((label, -some.iou_p, some.detection_p))]
    return pairs.where(order_p)


def best_of(pairs: Overlaps, detections: int) -> tuple[Floats, Ints]:
    """Highest IoU of each detection among pairs that come best first, and that label, or 0, -1."""
    first_p = np.ones(len(pairs.iou_p), dtype=bool)
    first_p[1:] = pairs.detection_p[1:] != pairs.detection_p[:-1]
    iou_d, label_d = np.zeros(detections), np.full(detections, -1, dtype=np.int64)
    iou_d[pairs.detection_p[first_p]] = pairs.iou_p[first_p]
    label_d[pairs.detection_p[first_p]] = pairs.label_p[first_p]
    return iou_d, label_d
