"""Blocks of a report that say what its numbers are worth: intervals, slices, doubts, advice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.analyzer.domain.advice import advise
from services.analyzer.domain.bootstrap import (
    LEVEL,
    RESAMPLES,
    Resampler,
    Tell,
    intervals,
    resample,
)
from services.analyzer.domain.boxes import Floats
from services.analyzer.domain.calibration import calibration
from services.analyzer.domain.dimensions import Looks, sizes_px
from services.analyzer.domain.facts import Facts
from services.analyzer.domain.report import Analysis
from services.analyzer.domain.slices import slices
from services.analyzer.domain.suspects import suspects, suspects_table
from services.analyzer.domain.threshold_table import tables_by_halves

Json = dict[str, Any]
SEED = 0


@dataclass(frozen=True)
class Setting:
    """What is known of a judgement beside its boxes; `names` are the images' in the dataset."""

    split: str
    names: Sequence[str]
    paths: Sequence[str]
    looks: Looks


def insight(found: Analysis, setting: Setting, tell: Tell | None = None) -> Json:
    """Uncertainty, slices, thresholds, suspects and advice of one judgement, as plain values.

    Args:
        found: the analysis.
        setting: split, names, sizes and appearance of the images.
        tell: told resamples done and in all.
    """
    data, matches, point = found.data, found.matches, found.point
    bounds = _uncertainty(found, tell)
    parts = slices(data, matches, point, setting.looks, seed=SEED)
    thresholds = tables_by_halves(data, matches, setting.paths, point.confidence)
    doubts = suspects_table(
        data, suspects(data, matches), setting.names, setting.paths, setting.looks.size_i2
    )
    facts = _facts(found, setting, bounds, thresholds, sum(doubts["counts"].values()))
    return {
        "uncertainty": {
            "intervals": bounds,
            "level": LEVEL,
            "resamples": RESAMPLES,
            "seed": SEED,
            "method": "bootstrap over images, percentiles",
        },
        "slices": parts,
        "thresholds": thresholds,
        "suspects": doubts,
        "advice": [
            {"code": each.code, "sentence": {"en": each.en, "ja": each.ja}, "numbers": each.numbers}
            for each in advise(facts)
        ],
    }


def _uncertainty(found: Analysis, tell: Tell | None) -> dict[str, Json | None]:
    model = Resampler(found.data, found.matches, found.point)
    [sample] = resample([model], resamples=RESAMPLES, seed=SEED, tell=tell)
    return {
        name: None if each is None else vars(each)
        for name, each in intervals(model.whole(), sample).items()
    }


def _facts(
    found: Analysis,
    setting: Setting,
    bounds: dict[str, Json | None],
    thresholds: list[Json],
    doubts: int,
) -> Facts:
    """The numbers that advice rests on, by class name."""
    data, point, names = found.data, found.point, found.data.classes
    looks, accuracy = setting.looks, bounds["map50_95"]
    missed = np.flatnonzero(~point.found_l)
    missed_px = sizes_px(data.label_box_l4[missed], data.label_image_l[missed], looks)
    class_n = data.label_class_l[missed]
    best_f1, best_confidence = found.curves.best
    sure = calibration(data, found.matches).sure
    detections = int(sure.count_b.sum())
    gap_b: Floats = sure.count_b * (sure.confidence_b - sure.precision_b)
    return Facts(
        images=data.images,
        clean_images=found.alarms.clean_images,
        split=setting.split,
        imgsz=looks.imgsz,
        confidence=point.confidence,
        support={name: int(n) for name, n in zip(names, point.support_c, strict=True) if n},
        misses={name: each.fn for name, each in zip(names, point.per_class, strict=True)},
        missed_px={name: missed_px[class_n == c].tolist() for c, name in enumerate(names)},
        alarms=found.alarms.alarms_by_class,
        alarm_thresholds=_alarm_thresholds(thresholds),
        map50_95=(accuracy["value"], accuracy["low"], accuracy["high"]) if accuracy else None,
        best_f1=(point.micro.f1, best_f1, best_confidence),
        ece=sure.ece,
        overconfidence=float(gap_b.sum()) / detections if detections else 0.0,
        sure_detections=detections,
        in_train=int(looks.in_train_i.sum()) if looks.in_train_i is not None else 0,
        confused=_confused(found),
        causes=found.errors.causes,
        suspects=doubts,
    )


def _alarm_thresholds(thresholds: list[Json]) -> dict[str, float]:
    """Of the table for few false alarms, if there is one."""
    tables = [each for each in thresholds if each["target"]["kind"] == "false_alarms"]
    return tables[0]["thresholds"] if tables else {}


def _confused(found: Analysis) -> tuple[tuple[str, str, int], ...]:
    """Pairs of classes with the labels of the first that are taken for the second."""
    names = found.data.classes
    counts_cc = found.table.counts_cc[: len(names), : len(names)]
    said, true = np.nonzero(counts_cc * (1 - np.eye(len(names), dtype=np.int64)))
    return tuple(
        (names[t], names[s], int(counts_cc[s, t]))
        for s, t in zip(said.tolist(), true.tolist(), strict=True)
    )
