"""Boxes and images as rows for people: each with its id, what became of it, and what it is about.

An id is `l` or `d` and the row of the label or detection in `matches.parquet`, counted within its
kind from 0; ids of one validation never change.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from libs.common.errors import BadInput, NotFound
from services.analyzer.domain.boxes import Ints
from services.analyzer.domain.errors import CAUSES
from services.analyzer.domain.view import View

Json = dict[str, Any]
DIGITS_MOST = 9


def label_id(row: int) -> str:
    """The id of a label."""
    return f"l{row}"


def detection_id(row: int) -> str:
    """The id of a detection."""
    return f"d{row}"


def parse_id(seen: View, text: str) -> tuple[str, int]:
    """Kind (`l` or `d`) and row of an id.

    Raises:
        BadInput: it is none.
        NotFound: the validation has no such box.
    """
    kind, number = text[:1], text[1:]
    if kind not in {"l", "d"} or not number.isdecimal() or len(number) > DIGITS_MOST:
        raise BadInput("a box's id is l or d and a number, e.g. d12", code="bad_box_id")
    row, end = int(number), seen.data.labels if kind == "l" else seen.data.detections
    if row >= end:
        raise NotFound(f"this validation has no box {text}", code="no_such_box")
    return kind, row


def label_row(seen: View, row: int) -> Json:
    """One label; `detection` is the box that found it, or the surest wrong box about it."""
    data = seen.data
    found = bool(seen.point.found_l[row])
    own_d = of_image(data.image_d, int(data.label_image_l[row]))
    pointing = (
        seen.point.true_d[own_d] & (seen.matches.label_d[own_d] == row)
        if found
        else seen.false_d[own_d] & (seen.errors.label_d[own_d] == row)
    )
    partner = own_d.start + int(pointing.argmax()) if pointing.any() else None
    return {
        "id": label_id(row),
        "kind": "tp" if found else "fn",
        "class": data.classes[data.label_class_l[row]],
        "bbox": corners(data.label_box_l4[row]),
        "cause": str(seen.errors.cause_l[row]) or None,
        "image": int(data.label_image_l[row]),
        "detection": None if partner is None else detection_id(partner),
    }


def detection_row(seen: View, row: int) -> Json:
    """One detection; `label` is the one it found, or the one its error is about."""
    data = seen.data
    found, kept = int(seen.matches.label_d[row]), bool(seen.point.kept_d[row])
    about = found if found >= 0 else int(seen.errors.label_d[row])
    return {
        "id": detection_id(row),
        "kind": None if not kept else "tp" if found >= 0 else "fp",
        "class": data.classes[data.class_d[row]],
        "confidence": float(data.score_d[row]),
        "bbox": corners(data.box_d4[row]),
        "iou": round(float(seen.matches.iou_d[row]), 4),
        "cause": str(seen.errors.cause_d[row]) or None,
        "image": int(data.image_d[row]),
        "label": None if about < 0 else label_id(about),
        "true_class": None if about < 0 else data.classes[data.label_class_l[about]],
    }


def image_boxes(seen: View, image: int) -> tuple[list[Json], list[Json]]:
    """Labels, and detections that count, of one image."""
    data = seen.data
    own_l, own_d = of_image(data.label_image_l, image), of_image(data.image_d, image)
    kept = own_d.start + np.flatnonzero(seen.point.kept_d[own_d])
    return (
        [label_row(seen, row) for row in range(own_l.start, own_l.stop)],
        [detection_row(seen, row) for row in kept.tolist()],
    )


def of_image(image_n: Ints, image: int) -> slice:
    """The rows of one image in an array of image indices that never falls."""
    start, stop = np.searchsorted(image_n, [image, image + 1]).tolist()
    return slice(start, stop)


def image_order(
    seen: View, *, correct: bool | None, cause: str | None, class_index: int | None, worst: bool
) -> Ints:
    """Images that fit, by index, or those with the most wrong boxes first.

    Args:
        seen: the view.
        correct: only images with every box right, or only the others.
        cause: only images with an error of this cause.
        class_index: only images with a label, or a detection that counts, of this class.
        worst: the order.
    """
    data = seen.data
    fits_i = np.ones(data.images, dtype=bool)
    if correct is not None:
        fits_i &= (seen.point.wrong_i == 0) == correct
    if cause is not None:
        has_i = np.zeros(data.images, dtype=bool)
        has_i[data.image_d[seen.errors.cause_d == cause]] = True
        if cause == "miss":
            has_i[data.label_image_l[seen.errors.cause_l == cause]] = True
        fits_i &= has_i
    if class_index is not None:
        has_i = np.zeros(data.images, dtype=bool)
        has_i[data.label_image_l[data.label_class_l == class_index]] = True
        has_i[data.image_d[seen.point.kept_d & (data.class_d == class_index)]] = True
        fits_i &= has_i
    rows = np.flatnonzero(fits_i)
    return rows[np.argsort(-seen.point.wrong_i[rows], kind="stable")] if worst else rows


def image_table(seen: View, images: Sequence[int]) -> list[Json]:
    """Counts and causes of some images."""
    data, point = seen.data, seen.point
    table = []
    for image in images:
        own_l, own_d = of_image(data.label_image_l, image), of_image(data.image_d, image)
        seen_causes = Counter(seen.errors.cause_d[own_d].tolist())
        missed = int((seen.errors.cause_l[own_l] == "miss").sum())
        tp, kept = int(point.true_d[own_d].sum()), int(point.kept_d[own_d].sum())
        labels = own_l.stop - own_l.start
        table.append(
            {
                "image": int(image),
                "correct": bool(point.wrong_i[image] == 0),
                "labels": int(labels),
                "predictions": kept,
                "tp": tp,
                "fp": kept - tp,
                "fn": int(labels - tp),
                "causes": {
                    cause: count
                    for cause in CAUSES
                    if (count := missed if cause == "miss" else seen_causes[cause])
                },
            }
        )
    return table


def corners(box: Any) -> list[float]:
    """x1, y1, x2, y2 in pixels of the original image, to a hundredth."""
    return [round(float(each), 2) for each in box]
