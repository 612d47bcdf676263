"""Is the second model better than the first? A verdict that says how sure it is.

The rule: two numbers decide, mAP50-95 (higher is better) and, where the set has images without a
logo, false alarms per 1,000 of them (lower is better). A number speaks if its two-sided bootstrap
p-value, corrected by Holm for the two, is below 0.05 and the difference is not too small to matter
(0.001 and 0.5). Of fewer than 30 labels, or 30 clean images, a number does not speak. `better`:
one speaks for the second model and none against it; `worse`: one speaks against it and none for
it; else `cannot_tell`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from services.analyzer.domain.bootstrap import HEADLINE, Resampler, Sample, Tell, resample
from services.analyzer.domain.changes import KINDS, Changes, Judged, changes
from services.analyzer.domain.significance import (
    ALPHA,
    Difference,
    benjamini_hochberg,
    difference,
    holm,
)
from services.analyzer.domain.wording import Sentence, verdict_sentence

Verdict = Literal["better", "worse", "cannot_tell"]
PRIMARY = ("map50_95", "false_alarms_per_1000")
SMALLEST = {"map50_95": 0.001, "false_alarms_per_1000": 0.5}
"""A smaller difference matters to nobody, however sure it is: many images make anything sure."""
LOWER_IS_BETTER = frozenset({"false_alarms_per_1000"})
FEWEST_LABELS = 30
"""A class with fewer labels gets no verdict of its own, a set with fewer none by mAP50-95."""
FEWEST_CLEAN_IMAGES = 30
"""A set with fewer images without a logo gets no verdict by its false alarms."""
RULE = (
    "mAP50-95 and false alarms per 1,000 clean images decide. A number speaks if its two-sided "
    "bootstrap p-value, corrected by Holm for the two, is below 0.05 and it differs by at least "
    "0.001 (mAP50-95) or 0.5 (false alarms); of fewer than 30 labels, or 30 clean images, it does "
    "not speak. better: at least one speaks for the candidate, none against it; worse: the other "
    "way round; else cannot_tell."
)
NOTE = (
    "p-values of classes are corrected by Benjamini and Hochberg over the classes with 30 labels "
    "or more: of the wins and losses listed, 5 % are expected to be false"
)


@dataclass(frozen=True)
class Comparison:
    """The second model against the first."""

    verdict: Verdict
    reason: str
    sentence: Sentence
    metrics: dict[str, dict[str, Any] | None]
    per_class: list[dict[str, Any]]
    boxes: Changes


def compare(
    models: Sequence[Judged], *, resamples: int, seed: int, tell: Tell | None = None
) -> list[Comparison]:
    """Compare each further model with the first, all over the same resamples.

    Args:
        models: two or more, aligned, see `alignment.align`.
        resamples: of the bootstrap.
        seed: of the draws.
        tell: told resamples done and in all.

    Returns:
        One comparison per further model.
    """
    own = [Resampler(each.data, each.matches, each.point) for each in models]
    wholes = [each.whole() for each in own]
    samples = resample(own, resamples=resamples, seed=seed, tell=tell)
    return [
        _comparison(models[0], models[at], (wholes[0], samples[0]), (wholes[at], samples[at]))
        for at in range(1, len(models))
    ]


def _comparison(
    base: Judged, other: Judged, ours: tuple[Sample, Sample], theirs: tuple[Sample, Sample]
) -> Comparison:
    found = {
        name: difference(
            float(ours[0].headline[name][0]),
            float(theirs[0].headline[name][0]),
            ours[1].headline[name],
            theirs[1].headline[name],
        )
        for name in HEADLINE
    }
    data = base.data
    verdict, reason, corrected = decide(
        found, labels=data.labels, clean_images=int(data.without_labels_i.sum())
    )
    boxes = changes(base, other)
    return Comparison(
        verdict=verdict,
        reason=reason,
        sentence=verdict_sentence(verdict, reason, found),
        metrics={name: _metric(name, each, corrected) for name, each in found.items()},
        per_class=_per_class(base, ours, theirs, boxes),
        boxes=boxes,
    )


def decide(
    found: dict[str, Difference | None], *, labels: int, clean_images: int
) -> tuple[Verdict, str, dict[str, float]]:
    """Verdict, the reason as a word, and the corrected p-values, by the rule above.

    Reasons: `accuracy`, `false_alarms` or `both` speak; `mixed`: they contradict each other;
    `within_noise`: none is sure; `too_small`: none that is sure matters; `identical`: all numbers
    are the same; `too_few`: the set is too small for any to speak.
    """
    enough = {
        "map50_95": labels >= FEWEST_LABELS,
        "false_alarms_per_1000": clean_images >= FEWEST_CLEAN_IMAGES,
    }
    present = [(name, each) for name in PRIMARY if (each := found.get(name)) and enough[name]]
    corrected = dict(
        zip(
            (name for name, _ in present),
            holm([each.p for _, each in present]) if present else [],
            strict=True,
        )
    )
    sure = {name: each for name, each in present if corrected[name] < ALPHA}
    speaks = {
        name: (each.delta < 0) == (name in LOWER_IS_BETTER)
        for name, each in sure.items()
        if abs(each.delta) >= SMALLEST[name]
    }
    if not speaks:
        same = all(each.delta == 0 for each in found.values() if each)
        reason = "too_small" if sure else "within_noise" if present else "too_few"
        return "cannot_tell", "identical" if same else reason, corrected
    if len(set(speaks.values())) == 2:
        return "cannot_tell", "mixed", corrected
    words = {"map50_95": "accuracy", "false_alarms_per_1000": "false_alarms"}
    reason = "both" if len(speaks) == 2 else words[next(iter(speaks))]
    return ("better" if next(iter(speaks.values())) else "worse"), reason, corrected


def _metric(
    name: str, each: Difference | None, corrected: dict[str, float]
) -> dict[str, Any] | None:
    if each is None:
        return None
    return _row(each) | {
        "primary": name in PRIMARY,
        "p_corrected": corrected.get(name),
        "better_is": "lower" if name in LOWER_IS_BETTER else "higher",
    }


def _row(each: Difference) -> dict[str, Any]:
    return {
        "base": each.base,
        "candidate": each.other,
        "delta": each.delta,
        "low": each.bounds.low,
        "high": each.bounds.high,
        "standard_error": each.bounds.standard_error,
        "wrong_side": each.wrong_side,
        "p": each.p,
    }


def _per_class(
    base: Judged, ours: tuple[Sample, Sample], theirs: tuple[Sample, Sample], boxes: Changes
) -> list[dict[str, Any]]:
    """One row per class with labels: those with enough for an outcome first, then by difference."""
    data, labels_n = base.data, boxes.label_n >= 0
    rows, tested = [], []
    for c in np.flatnonzero(data.support_c).tolist():
        found = {
            name: difference(
                float(ours[0].per_class[name][0, c]),
                float(theirs[0].per_class[name][0, c]),
                ours[1].per_class[name][:, c],
                theirs[1].per_class[name][:, c],
            )
            for name in ("ap50_95", "recall")
        }
        seen = np.bincount(
            boxes.kind_n[labels_n & (boxes.class_n == c)], minlength=len(KINDS)
        ).tolist()
        row: dict[str, Any] = {
            "class": data.classes[c],
            "support": int(data.support_c[c]),
            **{name: _row(each) if each else None for name, each in found.items()},
            "boxes": dict(zip(KINDS, seen, strict=True)),
            "outcome": "too_few_labels",
            "p_corrected": None,
        }
        rows.append(row)
        if row["support"] >= FEWEST_LABELS and found["ap50_95"]:
            tested.append(row)
    for row, p in zip(
        tested, benjamini_hochberg([row["ap50_95"]["p"] for row in tested]), strict=True
    ):
        won = row["ap50_95"]["delta"] > 0
        row["p_corrected"] = p
        row["outcome"] = "cannot_tell" if p >= ALPHA else "win" if won else "loss"
    return sorted(
        rows,
        key=lambda row: (
            row["outcome"] == "too_few_labels",
            -abs((row["ap50_95"] or {}).get("delta", 0)),
            row["class"],
        ),
    )
