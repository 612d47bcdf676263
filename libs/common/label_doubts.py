"""Labels that a confident model contradicts: overlooked, swapped or badly placed, the worst first.

What the analyzer says of a judged set and the dataset service of a checked one, by the same scores.
Shapes in names: `l` labels, `d` detections, `p` overlapping pairs.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]

TRUSTED = 0.8
"""A detection may contradict a label if, of those at least as sure, this share is right."""
LEAST_SURE = 0.5
FEWEST = 20
"""Detections that the share rests on."""
NEAR_IOU = 0.1
SAME_PLACE_IOU = 0.5
WELL_PLACED_IOU = 0.75
NONE = -1

Kind = Literal["overlooked", "swapped", "badly_placed"]


@dataclass(frozen=True, slots=True)
class Compared:
    """Labels and detections of a set of images, and which of them overlap."""

    label_class_l: Ints
    image_d: Ints
    class_d: Ints
    score_d: Floats
    box_d4: Floats
    """Corners x1, y1, x2, y2, in any unit."""
    label_d: Ints
    """The label of its class that a detection found, each label being found once; or -1."""
    detection_p: Ints
    label_p: Ints
    iou_p: Floats
    """Of all pairs of one image from an IoU of 0.1, whatever their classes."""


@dataclass(frozen=True)
class Suspect:
    """One doubt. `label` is -1 for an overlooked logo; `suspicion` in (0, 1] ranks."""

    kind: Kind
    suspicion: float
    label: int
    detection: int
    iou: float


@dataclass(frozen=True)
class Suspects:
    """The doubts, the strongest first; `from_confidence` None: the model is too unsure to doubt."""

    found: tuple[Suspect, ...]
    from_confidence: float | None


def doubted(data: Compared) -> Suspects:
    """Hold labels against detections that are sure enough.

    With s the score of a detection that may contradict: `overlooked`, no label is near it (IoU
    below 0.1), suspicion s; `swapped`, it lies on a label of another class (IoU q from 0.5) and
    is the surest there, those left out that have found another label, suspicion s q;
    `badly_placed`, it is the surest one of its class about a label that it overlaps with q in
    [0.1, 0.75), suspicion s (1 - q). Each detection contradicts once; the surest of several that
    say the same is kept.

    The scores follow ObjectLab, with two changes: trust is earned on this very set, not fixed at a
    probability of 0.95 that detectors seldom give; and nearness is IoU alone, not pixels.

    Source: Tkachenko et al., ObjectLab: Automated Diagnosis of Mislabeled Images in Object
    Detection Data, arXiv 2309.00832, section 3.
    """
    trusted = _trusted(data.score_d, data.label_d != NONE)
    if trusted is None:
        return Suspects((), None)
    sure_d = data.score_d >= trusted
    found = [
        *_overlooked(data, sure_d),
        *_contradicted(data, sure_d),
    ]
    found.sort(key=lambda each: (-each.suspicion, each.label, each.detection))
    return Suspects(tuple(found), trusted)


def _trusted(score_d: Floats, right_d: Bools) -> float | None:
    """The lowest score from which on enough detections are right; None if there is none."""
    order = np.argsort(-score_d, kind="stable")
    score_n, right_n = score_d[order], np.cumsum(right_d[order])
    said_n = np.arange(1, len(order) + 1)
    ends_n = np.append(np.diff(score_n) != 0, True)[: len(score_n)]
    fits_n = ends_n & (right_n >= TRUSTED * said_n) & (said_n >= FEWEST)
    if not fits_n.any():
        return None
    return max(LEAST_SURE, float(score_n[np.flatnonzero(fits_n)[-1]]))


def _overlooked(data: Compared, sure_d: Bools) -> list[Suspect]:
    """Sure detections far from every label; one per place, the surest."""
    near_d = np.zeros(len(data.score_d))
    np.maximum.at(near_d, data.detection_p, data.iou_p)
    far = np.flatnonzero(sure_d & (near_d < NEAR_IOU))
    kept: dict[int, list[int]] = {}
    for d in far[np.argsort(-data.score_d[far], kind="stable")].tolist():
        others = kept.setdefault(int(data.image_d[d]), [])
        if all(_iou(data.box_d4[d], data.box_d4[other]) < SAME_PLACE_IOU for other in others):
            others.append(d)
    return [
        Suspect("overlooked", float(data.score_d[d]), NONE, d, 0.0)
        for own in kept.values()
        for d in own
    ]


def _contradicted(data: Compared, sure_d: Bools) -> list[Suspect]:
    """Labels whose surest detection says another class or another place."""
    iou_p, label_p, detection_p = data.iou_p, data.label_p, data.detection_p
    same_p = data.class_d[detection_p] == data.label_class_l[label_p]
    own_p = data.label_d[detection_p] == label_p
    of_another_p = (data.label_d[detection_p] != NONE) & ~own_p
    on_it_p = (iou_p >= SAME_PLACE_IOU) & ~of_another_p
    speaks_p = same_p & (iou_p >= NEAR_IOU) & _is_about(data, label_p, detection_p, iou_p)
    surest_l = _surest(data, label_p[on_it_p], detection_p[on_it_p])
    own_l = _surest(data, label_p[speaks_p], detection_p[speaks_p])
    iou_of = dict(
        zip(zip(detection_p.tolist(), label_p.tolist(), strict=True), iou_p.tolist(), strict=True)
    )
    found = []
    for label in range(len(data.label_class_l)):
        on, own = int(surest_l[label]), int(own_l[label])
        if on != NONE and sure_d[on] and data.class_d[on] != data.label_class_l[label]:
            iou = iou_of[on, label]
            found.append(Suspect("swapped", float(data.score_d[on]) * iou, label, on, iou))
        elif own != NONE and sure_d[own] and iou_of[own, label] < WELL_PLACED_IOU:
            iou = iou_of[own, label]
            score = float(data.score_d[own]) * (1 - iou)
            found.append(Suspect("badly_placed", score, label, own, iou))
    return found


def _is_about(data: Compared, label_p: Ints, detection_p: Ints, iou_p: Floats) -> Bools:
    """Whether the label is the nearest one of its class to the detection."""
    same_p = data.class_d[detection_p] == data.label_class_l[label_p]
    best_d = np.zeros(len(data.score_d))
    np.maximum.at(best_d, detection_p[same_p], iou_p[same_p])
    nearest: Bools = iou_p >= best_d[detection_p]
    return nearest


def _surest(data: Compared, label_p: Ints, detection_p: Ints) -> Ints:
    """The detection with the highest score of each label's pairs, or -1; shape (l,)."""
    order = np.argsort(data.score_d[detection_p], kind="stable")
    surest_l = np.full(len(data.label_class_l), NONE, dtype=np.int64)
    surest_l[label_p[order]] = detection_p[order]
    return surest_l


def _iou(a: Floats, b: Floats) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return float(shared / union) if union > 0 else 0.0
