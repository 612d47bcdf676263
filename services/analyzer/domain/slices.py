"""Where a model is weak: its numbers on parts of the set, each with its interval.

A part is worth naming if it does worse than all the rest, surely. Parts overlap between
dimensions, so their p-values are corrected together.

Shapes in names: `r` resamples, `i` images, `p` parts, `l` labels, `d` detections.
"""

from typing import Any

import numpy as np

from services.analyzer.domain.bootstrap import Interval, draws, interval
from services.analyzer.domain.boxes import Floats, Ints
from services.analyzer.domain.dimensions import OUTSIDE, Dimension, Looks, dimensions
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import Matches
from services.analyzer.domain.operating_point import OperatingPoint
from services.analyzer.domain.resampled_ap import ResampledAp, Weights
from services.analyzer.domain.significance import ALPHA, benjamini_hochberg, difference
from services.analyzer.domain.wording import weak_slice

RESAMPLES = 400
CELLS_AT_ONCE = 1_000_000
"""Weights of detections held together."""
FEWEST_LABELS = 30
FEWEST_SAID = 30
"""Detections that a precision rests on."""

Json = dict[str, Any]


def slices(
    data: Evidence, matches: Matches, point: OperatingPoint, looks: Looks, *, seed: int = 0
) -> Json:
    """Recall, precision and AP of every part of every dimension, and the weak parts in words.

    A detection that found a label belongs to that label's part, any other one to its own. AP is
    over all classes together, at `match_iou`: parts are too small for a mean over classes.

    Args:
        data: labels and detections.
        matches: of the same evidence.
        point: the operating point.
        looks: sizes and appearance of the images.
        seed: of the resamples.

    Returns:
        `parts`: a row each; `weakest`: those surely worse than the rest of the set, the widest gap
        first, with a sentence.
    """
    [weight_ri] = draws(data.images, RESAMPLES, seed, at_once=RESAMPLES)
    weights = np.concatenate([np.ones((1, data.images), dtype=np.int32), weight_ri])
    rows = [
        row
        for dimension in dimensions(data, looks)
        for row in _rows(data, matches, point, dimension, weights)
    ]
    tested = [
        (row, name) for row in rows for name in ("recall", "precision") if row["_p"].get(name)
    ]
    corrected = benjamini_hochberg([row["_p"][name].p for row, name in tested])
    weakest = []
    for (row, name), p in zip(tested, corrected, strict=True):
        gap = row["_p"][name]
        if p < ALPHA and gap.delta < 0:
            weakest.append(
                {
                    "dimension": row["dimension"],
                    "part": row["part"],
                    "metric": name,
                    "labels": row["labels"],
                    **row[name],
                    "rest": gap.base,
                    "gap": gap.delta,
                    "p_corrected": p,
                    "sentence": weak_slice(row["words"], name, row[name], gap.base, row["labels"]),
                }
            )
    for row in rows:
        del row["_p"]
    return {
        "parts": rows,
        "weakest": sorted(weakest, key=lambda each: each["gap"]),
        "note": f"parts with fewer than {FEWEST_LABELS} labels are listed, never called weak",
    }


def _rows(
    data: Evidence, matches: Matches, point: OperatingPoint, dimension: Dimension, weights: Weights
) -> list[Json]:
    """One row per part that has boxes; `_p` holds the differences from the rest."""
    found_d = matches.label_d >= 0
    part_d = dimension.detection_d.copy()
    part_d[found_d] = dimension.label_l[matches.label_d[found_d]]
    parts = len(dimension.parts)
    counts = _counts(data, point, dimension.label_l, part_d, parts)
    tp_rp, fp_rp, fn_rp = (weights @ each for each in counts)
    ap_of = ResampledAp(
        image_d=data.image_d,
        score_d=data.score_d,
        group_d=part_d,
        found_td=found_d[None],
        labels=(data.label_image_l, dimension.label_l),
        groups=parts,
    )
    chunks = max(1, len(weights) * ap_of.cells // CELLS_AT_ONCE)
    ap_rp = np.concatenate([ap_of(chunk)[:, :, 0] for chunk in np.array_split(weights, chunks)])
    recall, precision = _rates(tp_rp, fn_rp), _rates(tp_rp, fp_rp)
    support_p = np.bincount(dimension.label_l[dimension.label_l != OUTSIDE], minlength=parts)
    rows = []
    for p in np.flatnonzero(support_p + (part_d[:, None] == np.arange(parts)).sum(axis=0)).tolist():
        said = tp_rp[0, p] + fp_rp[0, p]
        enough = support_p[p] >= FEWEST_LABELS
        rows.append(
            {
                "dimension": dimension.name,
                "part": dimension.parts[p],
                "words": dimension.words[p],
                "labels": int(support_p[p]),
                "detections": int(said),
                "enough": bool(enough),
                "recall": _shown(recall[0][:, p]),
                "precision": _shown(precision[0][:, p]),
                "ap": _shown(ap_rp[:, p]),
                "_p": {
                    "recall": _gap(recall, p) if enough else None,
                    "precision": _gap(precision, p) if enough and said >= FEWEST_SAID else None,
                },
            }
        )
    return rows


def _counts(
    data: Evidence, point: OperatingPoint, part_l: Ints, part_d: Ints, parts: int
) -> tuple[Floats, Floats, Floats]:
    """True and false positives and false negatives per image and part, each of shape (i, p)."""

    def table(image_n: Ints, part_n: Ints) -> Floats:
        own_n = part_n != OUTSIDE
        cells = np.bincount(image_n[own_n] * parts + part_n[own_n], minlength=data.images * parts)
        return cells.reshape(data.images, parts).astype(np.float64)

    false_d, missed_l = point.kept_d & ~point.true_d, ~point.found_l
    return (
        table(data.image_d[point.true_d], part_d[point.true_d]),
        table(data.image_d[false_d], part_d[false_d]),
        table(data.label_image_l[missed_l], part_l[missed_l]),
    )


def _rates(hit_rp: Floats, other_rp: Floats) -> tuple[Floats, Floats]:
    """The rate within each part, and within all other parts of the dimension together."""
    rest_hit, rest_other = (each.sum(axis=1, keepdims=True) - each for each in (hit_rp, other_rp))
    return _share(hit_rp, other_rp), _share(rest_hit, rest_other)


def _share(hit: Floats, other: Floats) -> Floats:
    share = np.full(hit.shape, np.nan)
    np.divide(hit, hit + other, out=share, where=hit + other > 0)
    return share


def _gap(rates: tuple[Floats, Floats], p: int) -> Any:
    """A part against the rest; None where either is undefined."""
    own_r, rest_r = rates[0][:, p], rates[1][:, p]
    return difference(float(rest_r[0]), float(own_r[0]), rest_r[1:], own_r[1:])


def _shown(value_r: Floats) -> Json | None:
    """A number of the set and its interval."""
    found: Interval | None = interval(float(value_r[0]), value_r[1:])
    return None if found is None else {"value": found.value, "low": found.low, "high": found.high}
