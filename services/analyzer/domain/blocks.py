"""Blocks of a report beyond the older clients' fields, as plain values; null where undefined."""

import math
from typing import Any

import numpy as np

from services.analyzer.domain.accuracies import label_accuracy, presence
from services.analyzer.domain.area_ranges import AREAS
from services.analyzer.domain.average_precision import CocoAp, coco_ap, mean
from services.analyzer.domain.boxes import Floats, Ints
from services.analyzer.domain.calibration import (
    FROM_CONFIDENCE,
    Calibration,
    Reliability,
    calibration,
)
from services.analyzer.domain.errors import CAUSES
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.lrp import TAU, Lrp, optimal_lrp
from services.analyzer.domain.matching import Matches
from services.analyzer.domain.operating_point import OperatingPoint
from services.analyzer.domain.tide import MAX_DETECTIONS, Tide
from services.analyzer.domain.yolo_val import (
    UltralyticsAp,
    ultralytics_ap,
    ultralytics_confusion,
)

COCO_DETECTIONS = 100
"""Detections per image and class that COCO prints its numbers with."""
Block = dict[str, Any]
SIZES = tuple(area.name for area in AREAS[1:])


def further(
    data: Evidence, matches: Matches, point: OperatingPoint, ap: CocoAp, causes: Tide
) -> Block:
    """All of them.

    Args:
        data: labels and detections.
        matches: of the same evidence.
        point: the operating point.
        ap: with 300 detections per image and class.
        causes: of all detections.
    """
    crowded = (data.ranking.in_image_d >= COCO_DETECTIONS).any()
    at_100 = coco_ap(data, matches, max_detections=COCO_DETECTIONS) if crowded else ap
    matrix_cc = ultralytics_confusion(data, matches.pairs, confidence=point.confidence)
    seen = presence(data, point)
    return {
        "coco": coco_block(data.classes, at_100, ap),
        "ultralytics": ultralytics_block(data.classes, ultralytics_ap(data, matches), matrix_cc),
        "tide": tide_block(data, causes),
        "lrp": lrp_block(data.classes, optimal_lrp(data, matches)),
        "calibration": calibration_block(calibration(data, matches)),
        "label_accuracy": label_accuracy(data, matches, point),
        "presence_accuracy": seen.accuracy,
        "presence": {"tp": seen.tp, "fp": seen.fp, "fn": seen.fn, "tn": seen.tn},
    }


def coco_block(classes: tuple[str, ...], at_100: CocoAp, at_300: CocoAp) -> Block:
    """COCO's 12 numbers as it prints them, with 100 detections per image and class, and with 300.

    `stats` are the same 12 in COCO's order, with its -1 where no label is of the size.
    """
    return {
        "summary": at_100.summary,
        "stats": at_100.stats,
        "summary_300": at_300.summary,
        "by_class": dict(zip(classes, _coco_rows(at_100), strict=True)),
    }


def _coco_rows(ap: CocoAp) -> list[Block]:
    """COCO's numbers of each class; null for a class without labels of the size."""
    by_area, recall_by_area = ap.ap_act.mean(axis=2), ap.recall_act.mean(axis=2)
    few = ap.recall_few_mct.mean(axis=2)
    columns = {
        "ap": by_area[0],
        "ap50": ap.ap_ct[:, 0],
        "ap75": ap.ap_ct[:, 5],
        **{f"ap_{size}": by_area[a + 1] for a, size in enumerate(SIZES)},
        "ar1": few[0],
        "ar10": few[1],
        "ar100": recall_by_area[0],
        **{f"ar_{size}": recall_by_area[a + 1] for a, size in enumerate(SIZES)},
    }
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    return [
        {
            name: None if math.isnan(value) else value
            for name, value in zip(columns, row, strict=True)
        }
        for row in rows
    ]


def ultralytics_block(classes: tuple[str, ...], theirs: UltralyticsAp, matrix_cc: Ints) -> Block:
    """What `yolo val` prints, per class too, and its confusion matrix at our confidence."""
    return {
        "precision_max_f1": theirs.precision,
        "recall_max_f1": theirs.recall,
        "confidence_max_f1": theirs.confidence,
        "map50": theirs.map50,
        "map50_95": theirs.map50_95,
        "by_class": {
            classes[c]: {
                "precision": float(theirs.precision_c[row]),
                "recall": float(theirs.recall_c[row]),
                "f1": float(theirs.f1_c[row]),
                "ap50": float(theirs.ap_ct[row, 0]),
                "ap50_95": float(theirs.ap_ct[row].mean()),
            }
            for row, c in enumerate(theirs.classes)
        },
        "confusion_matrix": {"names": [*classes, "background"], "counts": matrix_cc.tolist()},
    }


def tide_block(data: Evidence, found: Tide) -> Block:
    """Each cause: how often, by class and by size, and what fixing it would give."""
    detected, missed = np.flatnonzero(found.cause_d >= 0), np.flatnonzero(found.missed_l)
    miss = np.full(len(missed), CAUSES.index("miss"))
    cause_n = np.concatenate((found.cause_d[detected], miss))
    class_n = np.concatenate((data.class_d[detected], data.label_class_l[missed]))
    edges = [area.high for area in AREAS[1:3]]
    area_n = np.concatenate((data.area_d[detected], data.area_l[missed]))
    size_n = np.searchsorted(edges, area_n, side="right")
    return {
        "ap50": found.ap50,
        "delta_ap": {cause: found.cost[cause] for cause in CAUSES},
        "delta_ap_false_positive": found.cost["false_positive"],
        "delta_ap_false_negative": found.cost["false_negative"],
        "counts": found.counts,
        "counts_by_class": _tally(cause_n, class_n, data.classes),
        "counts_by_size": _tally(cause_n, size_n, SIZES),
        "detections_per_image": MAX_DETECTIONS,
        "note": "every detection counts here, whatever its confidence",
    }


def _tally(cause_n: Ints, group_n: Ints, groups: tuple[str, ...]) -> dict[str, dict[str, int]]:
    size = len(CAUSES)
    counts = np.bincount(group_n * size + cause_n, minlength=len(groups) * size)
    rows = counts.reshape(len(groups), size).tolist()
    return {
        name: dict(zip(CAUSES, row, strict=True)) for name, row in zip(groups, rows, strict=True)
    }


def lrp_block(classes: tuple[str, ...], found: Lrp) -> Block:
    """Optimal LRP with its parts: the mean over classes, and each class."""
    columns = {
        "error": found.error_c,
        "localization": found.location_c,
        "false_positive": found.false_positive_c,
        "false_negative": found.false_negative_c,
    }
    return {
        "match_iou": TAU,
        **{name: mean(values) for name, values in columns.items()},
        "by_class": {
            name: {
                **{part: _known(values, c) for part, values in columns.items()},
                "confidence": _known(found.confidence_c, c),
            }
            for c, name in enumerate(classes)
        },
    }


def calibration_block(found: Calibration) -> Block:
    """Calibration errors, with the reliability diagram's bars."""
    return {
        "all": _reliability(found.all),
        "from_confidence": FROM_CONFIDENCE,
        "above": _reliability(found.sure),
        "by_class": {name: _gaps(each) for name, each in found.by_class.items()},
        "by_size": {name: _gaps(each) for name, each in found.by_size.items()},
    }


def _gaps(table: Reliability) -> Block:
    return {"ece": table.ece, "mce": table.mce, "detections": int(table.count_b.sum())}


def _reliability(table: Reliability) -> Block:
    bins = zip(
        table.count_b.tolist(),
        table.confidence_b.tolist(),
        table.precision_b.tolist(),
        strict=True,
    )
    width = 1 / len(table.count_b)
    return _gaps(table) | {
        "bins": [
            {
                "from": round(at * width, 6),
                "detections": count,
                "confidence": confidence if count else None,
                "precision": precision if count else None,
            }
            for at, (count, confidence, precision) in enumerate(bins)
        ]
    }


def _known(values: Floats, at: int) -> float | None:
    return None if np.isnan(values[at]) else float(values[at])
