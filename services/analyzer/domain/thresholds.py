"""A confidence threshold per class, solved for a target on some images and measured on others.

A threshold looks best on the images it was chosen on. So both numbers are given, and where there
is one set only, it is chosen on one half of the images and measured on the other.

Shapes in names: `c` classes, `d` detections, `i` images, `n` detections of one class.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.analyzer.domain.boxes import Bools, Floats, Ints
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import Matches
from services.analyzer.domain.operating_point import Counts

FEWEST_LABELS = 10
"""A class with fewer labels takes the threshold that all classes together would."""


@dataclass(frozen=True)
class Target:
    """What a threshold is chosen for: of those that meet it, the one with the highest F1.

    `max_f1` always holds; `precision`: at least `value`; `false_alarms`: at most `value` detections
    of the class per 1,000 images without a label.
    """

    kind: Literal["max_f1", "precision", "false_alarms"] = "max_f1"
    value: float = 0.0


@dataclass(frozen=True)
class Marks:
    """Detections of some images with what they are worth, by falling score."""

    class_d: Ints
    score_d: Floats
    true_d: Bools
    alarm_d: Bools
    support_c: Ints
    images: int
    clean_images: int


@dataclass(frozen=True)
class Choice:
    """The threshold of one class: whether it meets the target there, and whose boxes it is from."""

    confidence: float
    met: bool
    own: bool


@dataclass(frozen=True)
class Measured:
    """Counts at a threshold, and alarms per 1,000 clean images (None without clean images)."""

    counts: Counts
    alarms_per_1000: float | None


def marks(data: Evidence, matches: Matches, keep_i: Bools | None = None) -> Marks:
    """What thresholds are chosen from: all images, or those that `keep_i` marks."""
    keep_i = np.ones(data.images, dtype=bool) if keep_i is None else keep_i
    clean_i = data.without_labels_i
    kept_d = np.flatnonzero(keep_i[data.image_d])
    kept_d = kept_d[np.argsort(-data.score_d[kept_d], kind="stable")]
    kept_l = keep_i[data.label_image_l]
    return Marks(
        class_d=data.class_d[kept_d],
        score_d=data.score_d[kept_d],
        true_d=matches.label_d[kept_d] >= 0,
        alarm_d=clean_i[data.image_d[kept_d]],
        support_c=np.bincount(data.label_class_l[kept_l], minlength=len(data.classes)),
        images=int(keep_i.sum()),
        clean_images=int((keep_i & clean_i).sum()),
    )


def halves(paths: Sequence[str], clean_i: Bools) -> Bools:
    """Which images are in the first half: by the hash of the path, clean images shared out evenly.

    The same paths give the same halves, whatever their order.
    """
    order = sorted(
        range(len(paths)),
        key=lambda at: (bool(clean_i[at]), hashlib.sha256(paths[at].encode()).digest()),
    )
    first_i = np.zeros(len(paths), dtype=bool)
    first_i[order[::2]] = True
    return first_i


def choose(seen: Marks, target: Target) -> tuple[Choice, ...]:
    """The threshold of each class.

    Args:
        seen: the images to choose on.
        target: what for.

    Returns:
        One choice per class. Where no threshold meets the target, the one with the highest
        precision is taken and `met` is false.
    """
    everything = _solve(seen, np.ones(len(seen.class_d), dtype=bool), seen.support_c.sum(), target)
    return tuple(
        Choice(*_solve(seen, seen.class_d == c, support, target), own=True)
        if support >= FEWEST_LABELS
        else Choice(*everything, own=False)
        for c, support in enumerate(seen.support_c.tolist())
    )


def measure(seen: Marks, confidence_c: Floats) -> tuple[Measured, ...]:
    """What the thresholds give on some images: each class, then all together."""
    kept_d = seen.score_d >= confidence_c[seen.class_d]
    classes = len(seen.support_c)
    tp_c, fp_c, alarms_c = (
        np.bincount(seen.class_d[kept_d & which_d], minlength=classes)
        for which_d in (seen.true_d, ~seen.true_d, seen.alarm_d)
    )
    rows = [
        *zip(tp_c.tolist(), fp_c.tolist(), seen.support_c.tolist(), alarms_c.tolist(), strict=True),
        tuple(int(each.sum()) for each in (tp_c, fp_c, seen.support_c, alarms_c)),
    ]
    return tuple(
        Measured(
            Counts(tp, fp, support - tp),
            1000 * alarms / seen.clean_images if seen.clean_images else None,
        )
        for tp, fp, support, alarms in rows
    )


def _solve(seen: Marks, own_d: Bools, support: int, target: Target) -> tuple[float, bool]:
    """The threshold for some detections, and whether it meets the target."""
    score_n, true_n, alarm_n = seen.score_d[own_d], seen.true_d[own_d], seen.alarm_d[own_d]
    if not len(score_n):
        return 1.0, True
    ends = np.flatnonzero(np.append(np.diff(score_n) != 0, True))
    tp_n, said_n = np.cumsum(true_n)[ends], ends + 1
    precision_n, f1_n = tp_n / said_n, 2 * tp_n / (said_n + support)
    if target.kind == "precision":
        fits_n = precision_n >= target.value
    elif target.kind == "false_alarms":
        allowed = target.value * seen.clean_images / 1000
        fits_n = np.cumsum(alarm_n)[ends] <= allowed
    else:
        fits_n = np.ones(len(ends), dtype=bool)
    if fits_n.any():
        best = int(np.where(fits_n, f1_n, -1.0).argmax())
        return float(score_n[ends[best]]), True
    if target.kind == "false_alarms":  # even the surest detection is one alarm too many
        return float(np.nextafter(score_n[0], 2.0)), True
    return float(score_n[ends[int(precision_n.argmax())]]), False
