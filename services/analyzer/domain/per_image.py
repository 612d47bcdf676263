"""One entry per image for `prediction_results`, and the boxes worth showing as error samples."""

from collections import Counter
from typing import Any

import numpy as np

from services.analyzer.domain.boxes import Ints
from services.analyzer.domain.errors import CAUSES, KINDS
from services.analyzer.domain.report import Analysis
from services.analyzer.domain.rows import corners, detection_id, label_id, of_image

WORST_FIRST = ("false_negative", "misclassification", "mislocalization", "false_positive")
SAMPLES_PER_CAUSE = 8
MOST_BOXES = 100_000
"""Listed in `prediction_results`, so that a report stays readable at any confidence."""

Rows = list[tuple[int, int, int]]
"""Boxes to show: image, detection or -1, label or -1."""


def listed_images(found: Analysis, most: int) -> Ints:
    """The images that `prediction_results` lists, by index: all, or those with the most errors.

    Args:
        found: the analysis.
        most: how many images at most; fewer if they have over 100,000 boxes.
    """
    data = found.data
    boxes_i = np.bincount(data.label_image_l, minlength=data.images) + np.bincount(
        data.image_d[found.point.kept_d], minlength=data.images
    )
    order = np.argsort(-found.point.wrong_i, kind="stable")
    fit = int(np.searchsorted(np.cumsum(boxes_i[order]), MOST_BOXES, side="right"))
    return np.sort(order[: min(most, fit)])


def prediction_results(
    found: Analysis, paths: tuple[str, ...], listed: Ints
) -> list[dict[str, Any]]:
    """What was there and what was said, image by image, at the operating point.

    `error_type` is the gravest of the image's errors (missing, wrong class, wrong place, too much),
    null where every box is right; `error_details` lists each wrong box with its cause.

    Args:
        found: the analysis.
        paths: of the images, by index.
        listed: indices of the images to list.
    """
    data, names = found.data, found.data.classes
    rows = []
    for image in listed.tolist():
        own_l, own_d = _boxes_of(found, image)
        truth = [
            {
                "id": label_id(at),
                "class": names[data.label_class_l[at]],
                "bbox": corners(data.label_box_l4[at]),
            }
            for at in own_l
        ]
        said = [
            {
                "id": detection_id(at),
                "class": names[data.class_d[at]],
                "confidence": float(data.score_d[at]),
                "bbox": corners(data.box_d4[at]),
                "iou": float(found.matches.iou_d[at]),
                "cause": str(found.errors.cause_d[at]) or None,
            }
            for at in own_d
        ]
        details = _details(found, own_l, own_d)
        kinds = Counter(row["error_type"] for row in details)
        rows.append(
            {
                "image": image,
                "image_path": paths[image],
                "ground_truth": truth,
                "predictions": said,
                "correct": not details,
                "confidence_scores": [row["confidence"] for row in said],
                "iou_scores": [row["iou"] for row in said],
                "error_type": next((kind for kind in WORST_FIRST if kinds[kind]), None),
                "error_details": {"counts": dict(kinds), "boxes": details} if details else None,
            }
        )
    return rows


def samples(found: Analysis) -> dict[str, Rows]:
    """Boxes to show per cause, the surest mistakes first."""
    data, chosen = found.data, {}
    for cause in CAUSES:
        if cause == "miss":
            missed = np.flatnonzero(found.errors.cause_l == cause)
            rows = [(int(data.label_image_l[at]), -1, int(at)) for at in missed]
        else:
            wrong = np.flatnonzero(found.errors.cause_d == cause)
            wrong = wrong[np.argsort(-data.score_d[wrong], kind="stable")]
            rows = [(int(data.image_d[d]), int(d), int(found.errors.label_d[d])) for d in wrong]
        if rows:
            chosen[cause] = rows[:SAMPLES_PER_CAUSE]
    return chosen


def coco_predictions(found: Analysis, paths: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every stored detection in COCO's results format: ids are indices, boxes x, y, w, h."""
    data = found.data
    size_d2 = data.box_d4[:, 2:] - data.box_d4[:, :2]
    boxes = np.concatenate([data.box_d4[:, :2], size_d2], axis=1).tolist()
    return [
        {
            "image_id": image,
            "file_name": paths[image],
            "category_id": kind,
            "bbox": box,
            "score": score,
        }
        for image, kind, box, score in zip(
            data.image_d.tolist(), data.class_d.tolist(), boxes, data.score_d.tolist(), strict=True
        )
    ]


def _details(found: Analysis, own_l: list[int], own_d: list[int]) -> list[dict[str, Any]]:
    """Each wrong box of one image; a label that a wrong detection explains is not told again."""
    data, names = found.data, found.data.classes
    details = []
    for at in own_d:
        cause, about = str(found.errors.cause_d[at]), int(found.errors.label_d[at])
        if cause:
            details.append(
                {
                    "error_type": KINDS[cause],
                    "cause": cause,
                    "class": names[data.class_d[at]],
                    "confidence": float(data.score_d[at]),
                    "bbox": corners(data.box_d4[at]),
                    "true_class": names[data.label_class_l[about]] if about >= 0 else None,
                    "gt_found": bool(found.point.found_l[about]) if about >= 0 else None,
                }
            )
    details += [
        {
            "error_type": KINDS["miss"],
            "cause": "miss",
            "class": names[data.label_class_l[at]],
            "bbox": corners(data.label_box_l4[at]),
        }
        for at in own_l
        if found.errors.cause_l[at] == "miss"
    ]
    return details


def _boxes_of(found: Analysis, image: int) -> tuple[list[int], list[int]]:
    """Labels, and detections that count, of one image."""
    own_l = of_image(found.data.label_image_l, image)
    own_d = of_image(found.data.image_d, image)
    kept = own_d.start + np.flatnonzero(found.point.kept_d[own_d])
    return list(range(own_l.start, own_l.stop)), kept.tolist()
