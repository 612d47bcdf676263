"""Labels against what a model said of the same images: another class, another place, nothing, more.

Shapes in names: `l` labels, `d` detections, `p` overlapping pairs, `n` images.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from libs.common.label_doubts import (
    FEWEST,
    NEAR_IOU,
    SAME_PLACE_IOU,
    Compared,
    Kind,
    Suspect,
    doubted,
)
from services.dataset.domain.doubted import Contradiction, Judged
from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.scanned import Label, Place, Scanned, Table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEAST_SEEN = 0.05
"""Detections of less confidence see nothing."""
FAINT = 0.25
"""Predictions that were cut at more than this say nothing about boxes that they do not have."""
FOUND = 0.9
"""Share of a class's labels that the model must find before one that it does not see is doubted."""
PAIRS_AT_ONCE = 1_000_000

RULE_OF: dict[Kind, str] = {
    "overlooked": "missing_box_suspect",
    "swapped": "class_label_suspect",
    "badly_placed": "box_misplaced_suspect",
}


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a model said of some images of a dataset, by the numbers that the scan gives them."""

    seen_n: Bools
    """Images that the model was asked about."""
    image_d: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """Not falling."""
    class_d: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """-1 for a class that the dataset does not have."""
    score_d: Floats = field(default_factory=lambda: np.zeros(0))
    box_d4: Floats = field(default_factory=lambda: np.zeros((0, 4)))
    """Corners x1, y1, x2, y2 as shares of the upright image, 0 to 1."""


def judge(scanned: Scanned, predicted: Predicted) -> Judged:
    """Hold the labels of the images that a model has seen against its detections.

    An image that the trainer drops is left out: its labels have a finding already. A model that is
    not sure enough on this very set judges nothing; see `label_doubts`.
    """
    seen_n = predicted.seen_n & (scanned.images["label"] != Label.DROPPED)
    row_l = np.flatnonzero(seen_n[scanned.boxes["image"]])
    labels = scanned.boxes[row_l]
    both = _compared(labels, predicted, seen_n)
    suspects = doubted(both)
    sure = suspects.from_confidence
    if sure is None:
        return Judged(np.zeros(len(seen_n), bool), None)
    told = [
        _contradiction(each, both, row_l)
        for each in suspects.found
        if both.class_d[each.detection] >= 0
    ]
    certain_l = np.zeros(len(labels), bool)
    certain_l[both.label_d[(both.label_d >= 0) & (both.score_d >= sure)]] = True
    unseen_l = np.bincount(both.label_p, minlength=len(labels)) == 0
    floor = max(LEAST_SEEN, float(both.score_d.min()))
    if floor <= FAINT:
        told += _unseen(labels, row_l, certain_l, unseen_l, floor)
    return Judged(seen_n, sure, tuple(told))


def _compared(labels: Table, predicted: Predicted, seen_n: Bools) -> Compared:
    """Labels and detections of the images that count."""
    keep_d = np.flatnonzero(seen_n[predicted.image_d])
    image_d, class_d = predicted.image_d[keep_d], predicted.class_d[keep_d]
    score_d, box_d4 = predicted.score_d[keep_d], predicted.box_d4[keep_d]
    label_class_l = labels["class"].astype(np.int64)
    pairs = _pairs(labels["image"].astype(np.int64), corners(labels), image_d, box_d4)
    label_d = _matched(label_class_l, class_d, score_d, pairs)
    return Compared(label_class_l, image_d, class_d, score_d, box_d4, label_d, *pairs)


def _contradiction(each: Suspect, both: Compared, row_l: Ints) -> Contradiction:
    d = each.detection
    x1, y1, x2, y2 = both.box_d4[d].tolist()
    return Contradiction(
        RULE_OF[each.kind],
        int(both.image_d[d]),
        int(row_l[each.label]) if each.label >= 0 else -1,
        int(both.class_d[d]),
        ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1),
        float(both.score_d[d]),
        each.suspicion,
        each.iou,
    )


def _unseen(
    labels: Table, row_l: Ints, certain_l: Bools, unseen_l: Bools, floor: float
) -> Iterator[Contradiction]:
    """Boxes where the model sees nothing at all, of classes that it finds nearly everywhere.

    The score is the share of the class's boxes that it finds for certain.
    """
    kinds = labels["class"]
    sizes = np.bincount(kinds)
    found = np.bincount(kinds, certain_l, minlength=len(sizes)) / np.maximum(1, sizes)
    reliable = (sizes >= FEWEST) & (found >= FOUND)
    for at in np.flatnonzero(unseen_l & reliable[kinds]).tolist():
        kind, place = int(kinds[at]), labels[["x", "y", "width", "height"]][at]
        yield Contradiction(
            "spurious_box_suspect",
            int(labels["image"][at]),
            int(row_l[at]),
            kind,
            tuple(float(value) for value in place),
            floor,
            float(found[kind]),
            0.0,
        )


def corners(boxes: Table) -> Floats:
    """(l, 4): x1, y1, x2, y2 of rows of BOX, shares of the image."""
    half = np.column_stack([boxes["width"], boxes["height"]]).astype(np.float64) / 2
    centre = np.column_stack([boxes["x"], boxes["y"]]).astype(np.float64)
    return np.concatenate([centre - half, centre + half], axis=1)


def _pairs(
    image_l: Ints, box_l4: Floats, image_d: Ints, box_d4: Floats
) -> tuple[Ints, Ints, Floats]:
    """Detection, label and IoU of all pairs of one image from `NEAR_IOU`; both sorted by image."""
    first_d = np.searchsorted(image_l, image_d)
    count_d = np.searchsorted(image_l, image_d, side="right") - first_d
    run_d = np.cumsum(count_d) // PAIRS_AT_ONCE
    told: list[tuple[Ints, Ints, Floats]] = [(np.zeros(0, int), np.zeros(0, int), np.zeros(0))]
    for part in np.split(np.arange(len(image_d)), np.flatnonzero(np.diff(run_d)) + 1):
        count = count_d[part]
        detection_p = np.repeat(part, count)
        behind = np.repeat(first_d[part] - (np.cumsum(count) - count), count)
        label_p = np.arange(len(detection_p)) + behind
        iou_p = _iou(box_d4[detection_p], box_l4[label_p])
        near = np.flatnonzero(iou_p >= NEAR_IOU)
        told.append((detection_p[near], label_p[near], iou_p[near]))
    detections, labels, ious = zip(*told, strict=True)
    return np.concatenate(detections), np.concatenate(labels), np.concatenate(ious)


def _iou(a_p4: Floats, b_p4: Floats) -> Floats:
    sides = np.minimum(a_p4[:, 2:], b_p4[:, 2:]) - np.maximum(a_p4[:, :2], b_p4[:, :2])
    shared_p = np.maximum(sides, 0).prod(axis=1)
    areas_p = sum((box[:, 2:] - box[:, :2]).prod(axis=1) for box in (a_p4, b_p4))
    iou_p: Floats = shared_p / np.maximum(1e-12, areas_p - shared_p)
    return iou_p


def _matched(
    label_class_l: Ints, class_d: Ints, score_d: Floats, pairs: tuple[Ints, Ints, Floats]
) -> Ints:
    """The label that each detection takes, or -1: the surest first, each label once.

    Source: Lin et al., Microsoft COCO, ECCV 2014: greedy matching at an IoU of 0.5.
    """
    detection_p, label_p, iou_p = pairs
    own = (class_d[detection_p] == label_class_l[label_p]) & (iou_p >= SAME_PLACE_IOU)
    detection_p, label_p, iou_p = detection_p[own], label_p[own], iou_p[own]
    order = np.lexsort((-iou_p, detection_p, -score_d[detection_p]))
    label_d = np.full(len(score_d), -1, np.int64)
    taken: set[int] = set()
    for d, label in zip(detection_p[order].tolist(), label_p[order].tolist(), strict=True):
        if label_d[d] < 0 and label not in taken:
            label_d[d] = label
            taken.add(label)
    return label_d


_TEXTS = {
    "class_label_suspect": "The box is labelled '{said}', but the model sees '{kind}' on it with a "
    "confidence of {confidence:.2f} (swapped score {score:.2f}, IoU {iou:.2f}). Look at it, and "
    "correct its class.",
    "missing_box_suspect": "The model sees '{kind}' with a confidence of {confidence:.2f} where no "
    "box is (overlooked score {score:.2f}). Look at it, and add the box.",
    "box_misplaced_suspect": "The model puts this '{kind}' elsewhere with a confidence of "
    "{confidence:.2f} (badly located score {score:.2f}, IoU {iou:.2f}). Look at it, and move the "
    "box.",
    "spurious_box_suspect": "The model sees nothing on this box, not even with a confidence of "
    "{confidence:.2f}, though it finds '{kind}' elsewhere (unseen score {score:.2f}: the share of "
    "its boxes). Look at it; remove it if nothing is there.",
}


def check_against_predictions(scanned: Scanned, _: Rules) -> Iterator[Place]:
    """Boxes that a model contradicts, and those that it misses, the surest doubts first."""
    if scanned.judged is None:
        return
    names = scanned.names
    for each in scanned.judged.found:
        own = scanned.boxes[each.box] if each.box >= 0 else None
        said = names[int(own["class"])] if own is not None else ""
        text = _TEXTS[each.rule].format(
            said=said,
            kind=names[each.kind],
            confidence=each.confidence,
            score=each.score,
            iou=each.iou,
        )
        by_name = each.rule in ("class_label_suspect", "spurious_box_suspect")
        where = " ".join(f"{value:.4f}" for value in each.place)
        hit = Hit(
            each.rule,
            text,
            line=int(own["line"]) if own is not None else None,
            value=names[each.kind] if by_name else where,
        )
        yield scanned.split_of(each.image), scanned.label_file_of(each.image), hit
