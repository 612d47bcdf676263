"""The answer to `POST /model/validate`, computed from evidence: plain values for JSON."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from services.analyzer.domain.average_precision import CocoAp, coco_ap
from services.analyzer.domain.blocks import further
from services.analyzer.domain.confusion import Confusion, confusion
from services.analyzer.domain.curves import (
    ConfidenceCurves,
    best_f1_confidence,
    confidence_curves,
)
from services.analyzer.domain.errors import Errors, errors
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.false_alarms import FalseAlarms, false_alarms
from services.analyzer.domain.matching import Matches, match
from services.analyzer.domain.operating_point import OperatingPoint, operating_point
from services.analyzer.domain.size_recall import size_recall
from services.analyzer.domain.tide import Tide, tide


@dataclass(frozen=True)
class Analysis:
    """Everything that is known of one pass at one operating point."""

    data: Evidence
    matches: Matches
    point: OperatingPoint
    ap: CocoAp
    table: Confusion
    errors: Errors
    curves: ConfidenceCurves
    alarms: FalseAlarms

    @cached_property
    def tide(self) -> Tide:
        """Causes of all detections, whatever their confidence, and what each costs."""
        return tide(self.data, self.matches)


def analyse(data: Evidence, *, confidence: float, match_iou: float) -> Analysis:
    """Compute it all from one matching pass.

    Args:
        data: labels and detections.
        confidence: threshold of the operating point, in [0, 1].
        match_iou: IoU from which a detection is right, in (0, 1].
    """
    matches = match(data, match_iou=match_iou)
    point = operating_point(data, matches, confidence=confidence)
    return Analysis(
        data=data,
        matches=matches,
        point=point,
        ap=coco_ap(data, matches),
        table=confusion(data, matches, point),
        errors=errors(data, matches, point),
        curves=confidence_curves(data, matches),
        alarms=false_alarms(data, point),
    )


def headline(found: Analysis) -> dict[str, float]:
    """The numbers at the top of a report, each in [0, 1]; see the functions they come from."""
    micro = found.point.micro
    return {
        "accuracy": found.point.accuracy,
        "precision": micro.precision,
        "recall": micro.recall,
        "f1_score": micro.f1,
        "map50": found.ap.map50,
        "map50_95": found.ap.map50_95,
        "map75": found.ap.map75,
        "average_recall": found.ap.average_recall,
        "detection_accuracy": micro.threat_score,
    }


def class_metrics(found: Analysis) -> dict[str, dict[str, float | int | None]]:
    """Per class; AP is null for a class without labels, `best_confidence` without a right box."""
    rows: dict[str, dict[str, float | int | None]] = {}
    data, true_d = found.data, found.point.true_d
    iou_c = np.bincount(
        data.class_d[true_d], found.matches.iou_d[true_d], minlength=len(data.classes)
    )
    for c, name in enumerate(found.data.classes):
        counts, ap_t = found.point.per_class[c], found.ap.ap_ct[c]
        labelled = bool(found.point.support_c[c])
        rows[name] = {
            "precision": counts.precision,
            "recall": counts.recall,
            "f1": counts.f1,
            "ap50": float(ap_t[0]) if labelled else None,
            "ap50_95": float(ap_t.mean()) if labelled else None,
            "support": int(found.point.support_c[c]),
            "tp": counts.tp,
            "fp": counts.fp,
            "fn": counts.fn,
            "average_iou": float(iou_c[c] / counts.tp) if counts.tp else None,
            "best_confidence": best_f1_confidence(found.data, found.matches, c),
        }
    return rows


def confusion_data(table: Confusion) -> dict[str, Any]:
    """The matrix as data: rows predicted, columns true."""
    return {
        "names": list(table.names),
        "counts": table.counts_cc.tolist(),
        "normalised_by_column": table.normalised_cc.round(6).tolist(),
    }


def curve_data(found: Analysis) -> dict[str, Any]:
    """The curves as data: PR at IoU 0.50 on 101 recall points, rates on 201 confidences."""
    names, curves = found.data.classes, found.curves
    best_f1, best_confidence = curves.best
    labelled = np.flatnonzero(found.point.support_c)
    return {
        "pr": {
            "recall": np.linspace(0, 1, 101).round(2).tolist(),
            "precision": {
                names[c]: found.ap.precision_ctr[c, 0].round(6).tolist() for c in labelled
            },
            "mean": (
                found.ap.precision_ctr[labelled, 0].mean(axis=0).round(6).tolist()
                if len(labelled)
                else []
            ),
            "ap50": {names[c]: float(found.ap.ap_ct[c, 0]) for c in labelled},
            "map50": found.ap.map50,
        },
        "confidence": {
            "confidence": curves.confidence_k.round(3).tolist(),
            "f1": curves.f1_k.round(6).tolist(),
            "precision": curves.precision_k.round(6).tolist(),
            "recall": curves.recall_k.round(6).tolist(),
            **{
                f"{rate}_by_class": {names[c]: row_ck[c].round(4).tolist() for c in labelled}
                for rate, row_ck in (
                    ("f1", curves.f1_ck),
                    ("precision", curves.precision_ck),
                    ("recall", curves.recall_ck),
                )
            },
            "best_f1": best_f1,
            "best_confidence": best_confidence,
        },
    }


def error_analysis(found: Analysis) -> dict[str, Any]:
    """Errors by older clients' types, and by TIDE's causes beside them."""
    kinds = found.errors.kinds
    return {
        "error_counts": kinds,
        "error_by_class": found.errors.kinds_by_class,
        "total_errors": sum(kinds.values()),
        "causes": found.errors.causes,
        "causes_by_class": found.errors.causes_by_class,
    }


def extras(found: Analysis) -> dict[str, Any]:
    """What analysis.md asks for beyond the older clients' fields."""
    alarms = found.alarms
    return {
        "macro": found.point.macro,
        "undefined": list(found.point.micro.undefined),
        "false_alarms": {
            "clean_images": alarms.clean_images,
            "alarms": alarms.alarms,
            "per_1000_images": alarms.per_1000_images,
            "per_1000_images_by_class": alarms.per_1000_images_by_class,
            "note": None if alarms.clean_images else "the set has no image without a logo",
        },
        **further(found.data, found.matches, found.point, found.ap, found.tide),
        "confusion_matrix": confusion_data(found.table),
        "curves": curve_data(found),
        "size_recall": size_recall(found.data, found.point),
    }


def match_columns(found: Analysis) -> dict[str, list[Any]]:
    """Columns of matches.parquet: labels first, then detections; rows count within their kind.

    `match` is the row of the label found (or of the detection that found it), at `match_iou` and
    any confidence, or -1; `iou` its overlap; `cause` why a box is wrong at the operating point;
    `tide_cause` the same among all detections that TIDE counts.
    """
    data, matches = found.data, found.matches
    by_l = np.full(data.labels, -1, dtype=np.int64)
    hits = np.flatnonzero(matches.label_d >= 0)
    by_l[matches.label_d[hits]] = hits
    iou_l = np.where(by_l >= 0, matches.iou_d[by_l] if data.detections else 0.0, 0.0)
    return {
        "match": by_l.tolist() + matches.label_d.tolist(),
        "iou": iou_l.tolist() + matches.iou_d.tolist(),
        "cause": found.errors.cause_l.tolist() + found.errors.cause_d.tolist(),
        "tide_cause": found.tide.names_l.tolist() + found.tide.names_d.tolist(),
        "about_label": [-1] * data.labels + found.errors.label_d.tolist(),
    }
