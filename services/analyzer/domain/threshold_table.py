"""Chosen thresholds as a table: per class, where it was chosen and where it was measured."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import Matches
from services.analyzer.domain.thresholds import (
    FEWEST_LABELS,
    Marks,
    Measured,
    Target,
    choose,
    halves,
    marks,
    measure,
)

FOR_REPORTS = (Target("max_f1"), Target("false_alarms", 2.0))
OTHER_HALF = "the other half of the same images"
ONE_HALF = "one half of the images, by the hash of their paths"
FROM_ALL = "all classes together: fewer than {} labels where it was chosen"

Json = dict[str, Any]


def table(
    classes: Sequence[str], chosen_on: Marks, measured_on: Marks, target: Target, confidence: float
) -> Json:
    """Choose on some images, measure on others, and say both.

    Args:
        classes: names.
        chosen_on: the images to choose on.
        measured_on: others.
        target: what for.
        confidence: the single threshold in use, for comparison.
    """
    choices = choose(chosen_on, target)
    confidence_c = np.array([each.confidence for each in choices])
    there, here = measure(chosen_on, confidence_c), measure(measured_on, confidence_c)
    before = measure(measured_on, np.full(len(choices), confidence))
    return {
        "target": {"kind": target.kind, "value": target.value},
        "thresholds": {name: each.confidence for name, each in zip(classes, choices, strict=True)},
        "per_class": [
            {
                "class": name,
                "threshold": choice.confidence,
                "target_met": choice.met,
                "from": "its own boxes" if choice.own else FROM_ALL.format(FEWEST_LABELS),
                "labels": {"chosen_on": int(n), "measured_on": int(m)},
                "chosen_on": _shown(there[c]),
                "measured_on": _shown(here[c]),
                "with_one_threshold": _shown(before[c]),
            }
            for c, (name, choice, n, m) in enumerate(
                zip(classes, choices, chosen_on.support_c, measured_on.support_c, strict=True)
            )
        ],
        "total": {
            "chosen_on": _shown(there[-1]),
            "measured_on": _shown(here[-1]),
            "with_one_threshold": _shown(before[-1]) | {"threshold": confidence},
        },
        "images": {
            "chosen_on": {"images": chosen_on.images, "clean": chosen_on.clean_images},
            "measured_on": {"images": measured_on.images, "clean": measured_on.clean_images},
        },
    }


def tables_by_halves(
    data: Evidence, matches: Matches, paths: Sequence[str], confidence: float
) -> list[Json]:
    """The tables of a report: one set only, so one half chooses and the other measures."""
    first_i = halves(paths, data.without_labels_i)
    chosen_on, measured_on = marks(data, matches, first_i), marks(data, matches, ~first_i)
    targets = FOR_REPORTS if chosen_on.clean_images else FOR_REPORTS[:1]
    return [
        table(data.classes, chosen_on, measured_on, target, confidence)
        | {"chosen_on": ONE_HALF, "measured_on": OTHER_HALF}
        for target in targets
    ]


def _shown(each: Measured) -> Json:
    counts = each.counts
    return {
        "tp": counts.tp,
        "fp": counts.fp,
        "fn": counts.fn,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "false_alarms_per_1000": each.alarms_per_1000,
    }
