"""All panels of a report at one operating point; each number with a reference to its boxes.

A reference is a query relative to the validation (`matches?kind=tp&…`), so it can be followed from
the panels' own address.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.analyzer.domain.average_precision import coco_ap
from services.analyzer.domain.boxes import Bools, Floats
from services.analyzer.domain.errors import CAUSES
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import match
from services.analyzer.domain.operating_point import Counts
from services.analyzer.domain.refer import Refer
from services.analyzer.domain.tide import tide
from services.analyzer.domain.view import Filters, View, crossed, scope

CURVE_POINTS = 101
MOST_CELLS = 20_000
Json = dict[str, Any]


@dataclass(frozen=True)
class Fixed:
    """What no operating point changes: COCO's AP, and AP that mending each cause would give.

    `ap50_c` and `ap50_95_c` are NaN for a class without labels.
    """

    map50: float
    map50_95: float
    ap50_c: Floats
    ap50_95_c: Floats
    delta_ap: dict[str, float]


def fixed(data: Evidence) -> Fixed:
    """Compute it once per pass; see `average_precision.coco_ap` and `tide.tide`."""
    matches = match(data)
    ap = coco_ap(data, matches)
    cost = tide(data, matches).cost
    none_c = np.where(data.support_c > 0, 0.0, np.nan)
    return Fixed(
        map50=ap.map50,
        map50_95=ap.map50_95,
        ap50_c=ap.ap_ct[:, 0] + none_c,
        ap50_95_c=ap.ap_ct.mean(axis=1) + none_c,
        delta_ap={cause: cost[cause] for cause in CAUSES},
    )


def panels(seen: View, filters: Filters, whole: Fixed) -> Json:
    """Headline, classes, matrix, causes, false alarms and the curve over confidence.

    Args:
        seen: the view at a confidence and an IoU.
        filters: `class_index` and `size` narrow every panel down; the others are not used.
        whole: of the same pass; AP and its gains are told as they are, whatever the filters.

    Returns:
        Plain values; `boxes` anywhere is where the boxes behind a number are.
    """
    in_l, in_d = scope(seen, filters)
    refer = Refer(seen, filters)
    return {
        "confidence": seen.point.confidence,
        "iou": seen.matches.match_iou,
        "class": _name(seen, filters.class_index),
        "size": filters.size,
        "headline": headline(seen, in_l, in_d) | {"boxes": refer.kinds()},
        "map50": whole.map50,
        "map50_95": whole.map50_95,
        "class_metrics": class_table(seen, in_l, in_d, refer, whole, only=filters.class_index),
        "confusion": matrix(seen, in_l, in_d, refer),
        "causes": causes(seen, in_l, in_d, refer, whole),
        "false_alarms": alarms(seen, in_d),
        "curve": curve(seen, in_l, in_d),
    }


def headline(seen: View, in_l: Bools, in_d: Bools) -> Json:
    """Micro counts and rates of the boxes in scope, and how many images are wholly right."""
    data, point = seen.data, seen.point
    false_d, missed_l = seen.false_d & in_d, ~point.found_l & in_l
    counts = Counts(int((point.true_d & in_d).sum()), int(false_d.sum()), int(missed_l.sum()))
    wrong_i = np.bincount(data.image_d[false_d], minlength=data.images) + np.bincount(
        data.label_image_l[missed_l], minlength=data.images
    )
    correct = int((wrong_i == 0).sum())
    return {
        "precision": counts.precision,
        "recall": counts.recall,
        "f1_score": counts.f1,
        "detection_accuracy": counts.threat_score,
        "accuracy": correct / data.images if data.images else 1.0,
        "correct_images": correct,
        "images": data.images,
        "labels": int(in_l.sum()),
        "detections": int((point.kept_d & in_d).sum()),
        "tp": counts.tp,
        "fp": counts.fp,
        "fn": counts.fn,
        "undefined": list(counts.undefined),
    }


def class_table(
    seen: View, in_l: Bools, in_d: Bools, refer: Refer, whole: Fixed, *, only: int | None = None
) -> dict[str, Json]:
    """Counts and rates of the boxes in scope, by class; of one class alone if `only` names it."""
    data, point, size = seen.data, seen.point, len(seen.data.classes)
    true_d = point.true_d & in_d
    tp_c = np.bincount(data.class_d[true_d], minlength=size)
    fp_c = np.bincount(data.class_d[seen.false_d & in_d], minlength=size)
    fn_c = np.bincount(data.label_class_l[~point.found_l & in_l], minlength=size)
    iou_c = np.bincount(data.class_d[true_d], seen.matches.iou_d[true_d], minlength=size)
    rows: dict[str, Json] = {}
    for c, name in enumerate(data.classes):
        if only not in {None, c}:
            continue
        counts = Counts(int(tp_c[c]), int(fp_c[c]), int(fn_c[c]))
        rows[name] = {
            "precision": counts.precision,
            "recall": counts.recall,
            "f1": counts.f1,
            "support": counts.tp + counts.fn,
            "tp": counts.tp,
            "fp": counts.fp,
            "fn": counts.fn,
            "ap50": _known(whole.ap50_c[c]),
            "ap50_95": _known(whole.ap50_95_c[c]),
            "average_iou": float(iou_c[c] / tp_c[c]) if tp_c[c] else None,
            "boxes": refer.kinds(**{"class": name}),
        }
    return rows


def matrix(seen: View, in_l: Bools, in_d: Bools, refer: Refer) -> Json:
    """The confusion matrix as its cells that are not zero: [row, column, boxes], biggest first.

    A class in scope shows its row and its column.
    """
    size = len(seen.data.classes) + 1
    alone_l, counted_d, true_d = crossed(seen, in_l, in_d)
    places = (
        seen.data.class_d[counted_d] * size + true_d[counted_d],
        (size - 1) * size + seen.data.label_class_l[alone_l],
    )
    cells = np.bincount(np.concatenate(places), minlength=size * size)
    shown = np.flatnonzero(cells)
    shown = shown[np.argsort(-cells[shown], kind="stable")]
    rows = zip(shown // size, shown % size, cells[shown], strict=True)
    return {
        "names": list(seen.table.names),
        "rows": "predicted",
        "columns": "true",
        "cells": [[int(r), int(c), int(n)] for r, c, n in list(rows)[:MOST_CELLS]],
        "cells_left_out": max(0, len(shown) - MOST_CELLS),
        "boxes": refer.cell(),
    }


def causes(seen: View, in_l: Bools, in_d: Bools, refer: Refer, whole: Fixed) -> dict[str, Json]:
    """How many errors of the boxes in scope have each cause, and what mending all of it gives."""
    found = seen.errors
    rows: dict[str, Json] = {}
    for cause in CAUSES:
        wrong = (
            (found.cause_l == cause) & in_l if cause == "miss" else (found.cause_d == cause) & in_d
        )
        rows[cause] = {
            "count": int(wrong.sum()),
            "delta_ap": whole.delta_ap[cause],
            "boxes": refer.to(cause=cause),
        }
    return rows


def alarms(seen: View, in_d: Bools) -> Json:
    """Detections in scope on images that hold no label."""
    data = seen.data
    clean_i = data.without_labels_i
    alarm_d = seen.point.kept_d & in_d & clean_i[data.image_d]
    clean, count = int(clean_i.sum()), int(alarm_d.sum())
    by_class = np.bincount(data.class_d[alarm_d], minlength=len(data.classes))
    return {
        "clean_images": clean,
        "alarms": count,
        "per_1000_images": 1000 * count / clean if clean else None,
        "alarms_by_class": {
            name: int(n) for name, n in zip(data.classes, by_class, strict=True) if n
        },
        "note": None if clean else "the set has no image without a logo",
    }


def curve(seen: View, in_l: Bools, in_d: Bools) -> dict[str, list[float]]:
    """Micro precision, recall and F1 of the boxes in scope at 101 confidences, at this IoU."""
    grid = np.linspace(0.0, 1.0, CURVE_POINTS)
    score = seen.data.score_d[in_d]
    order = np.argsort(score)
    right = (seen.matches.label_d[in_d] >= 0)[order]
    at = np.searchsorted(score[order], grid, side="left")
    tp = np.append(np.cumsum(right[::-1])[::-1], 0)[at].astype(np.float64)
    said, support = len(score) - at, int(in_l.sum())
    precision = np.divide(tp, said, out=np.ones_like(tp), where=said > 0)
    recall = tp / support if support else np.zeros_like(tp)
    f1 = np.divide(2 * tp, said + support, out=np.zeros_like(tp), where=said + support > 0)
    return {
        "confidence": grid.round(2).tolist(),
        "precision": precision.round(4).tolist(),
        "recall": recall.round(4).tolist(),
        "f1": f1.round(4).tolist(),
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _name(seen: View, class_index: int | None) -> str | None:
    return None if class_index is None else seen.data.classes[class_index]
