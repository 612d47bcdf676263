"""Rules over the boxes of one image against each other: doubles, contradictions, corners."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.scanned import Place, Scanned, Table

MOST_NEIGHBOURS = 1000
"""Each box is compared with so many others of its image, the nearest from the left first."""
LEAVING_SHARE = 0.1
"""Of all boxes, where the whole dataset is written in corners: more than slips ever make."""

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]


def check_overlaps(scanned: Scanned, rules: Rules) -> Iterator[Place]:
    """Pairs of boxes of one image that cover nearly the same place."""
    boxes = scanned.boxes
    double, apart = rules.threshold("near_duplicate_box"), rules.threshold("same_box_two_classes")
    heavy = rules.threshold("heavy_overlap_same_class")
    for a, b, iou in overlapping(boxes, min(double, apart, heavy)):
        same = boxes["class"][a] == boxes["class"][b]
        if same and iou > double:
            rule, harm = "near_duplicate_box", "the object counts double. Remove one."
        elif not same and iou > apart:
            rule, harm = "same_box_two_classes", "one place has two classes. Keep the right one."
        elif same and iou > heavy:
            rule, harm = "heavy_overlap_same_class", "look whether they are one object."
        else:
            continue
        first, second = sorted((int(boxes["line"][a]), int(boxes["line"][b])))
        text = f"The boxes of lines {first} and {second} overlap by {iou:.0%} (IoU): {harm}"
        row = int(boxes["image"][a])
        hit = Hit(rule, text, second, f"{iou:.3f}")
        yield scanned.split_of(row), scanned.label_file_of(row), hit


def overlapping(boxes: Table, least: float) -> Iterator[tuple[int, int, float]]:
    """Rows of two boxes of one image, and their IoU where it is above `least`.

    Two boxes can only have an IoU of t if their centres are at most (1 - t) of the wider one
    apart: sorted by their centres, only neighbours are compared.

    Args:
        boxes: (M,) of BOX.
        least: in (0, 1).
    """
    along = boxes["image"] * 4.0 + boxes["x"]  # quicker than a sort by two columns
    order: Ints = np.argsort(along, kind="stable")
    image, x, width = (boxes[name][order] for name in ("image", "x", "width"))
    found: list[tuple[int, int, float]] = []
    for step in range(1, min(len(order), MOST_NEIGHBOURS + 1)):
        together = image[:-step] == image[step:]
        if not together.any():
            break
        reach = (1 - least) * np.maximum(width[:-step], width[step:]) + 1e-6
        near = np.flatnonzero(together & (x[step:] - x[:-step] <= reach))
        first, second = order[near], order[near + step]
        iou = _iou(boxes[first], boxes[second])
        above = np.flatnonzero(iou > least)
        found += zip(
            first[above].tolist(), second[above].tolist(), iou[above].tolist(), strict=True
        )
    yield from sorted(found)


def _iou(a: Table, b: Table) -> Floats:
    """Intersection over union of each row of `a` with the same row of `b`, both (K,) of BOX."""
    shared = np.ones(len(a), np.float64)
    for centre, side in (("x", "width"), ("y", "height")):
        low = np.maximum(a[centre] - a[side] / 2, b[centre] - b[side] / 2)
        high = np.minimum(a[centre] + a[side] / 2, b[centre] + b[side] / 2)
        shared *= np.clip(high - low, 0, None)
    areas = [t["width"].astype(np.float64) * t["height"] for t in (a, b)]
    union = areas[0] + areas[1] - shared
    iou: Floats = np.divide(shared, union, out=np.zeros(len(a)), where=union > 0)
    return iou


def check_corners(scanned: Scanned, rules: Rules) -> Iterator[Place]:
    """Label files whose rows make sense as two corners, but not as centre and size.

    In `x1 y1 x2 y2` the last two are always above the first two, and read as centre and size such
    a row often leaves the image. A file is suspected when all of its rows are of the first kind
    and one of the second, or when most of the dataset's are and many leave the image.
    """
    boxes = scanned.boxes
    if not len(boxes):
        return
    slack = rules.threshold("box_out_of_image")
    corner = (boxes["width"] > boxes["x"]) & (boxes["height"] > boxes["y"])
    leaves = np.zeros(len(boxes), bool)
    for centre, side in (("x", "width"), ("y", "height")):
        half = boxes[side] / 2
        leaves |= (boxes[centre] - half < -slack) | (boxes[centre] + half > 1 + slack)
    everywhere = (
        corner.mean() > rules.threshold("xyxy_format_suspected")
        and (corner & leaves).mean() > LEAVING_SHARE
    )
    count = len(scanned.images)
    rows = np.bincount(boxes["image"], minlength=count)
    all_corners = (np.bincount(boxes["image"], weights=corner, minlength=count) == rows) & (
        rows > 0
    )
    one_leaves = np.bincount(boxes["image"], weights=leaves, minlength=count) > 0
    for row in np.flatnonzero(all_corners & (one_leaves | everywhere)).tolist():
        box = boxes[scanned.first_box[row]]
        values = " ".join(f"{box[name]:.4g}" for name in ("x", "y", "width", "height"))
        text = (
            "The rows look like two corners (x1 y1 x2 y2), not like centre and size: the trainer "
            "learns wrong boxes without notice. Convert them."
        )
        hit = Hit("xyxy_format_suspected", text, int(box["line"]) or None, values)
        yield scanned.split_of(row), scanned.label_file_of(row), hit
