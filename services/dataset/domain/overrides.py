"""Severities and thresholds that a request, or a dataset's own file, sets for rules."""

import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from services.dataset.domain.findings import Rule

WEIGHTS = ("E", "W", "I", "off")


def complaints(catalogue: Iterable[Rule], wishes: Mapping[Any, Any]) -> list[str]:
    """What is wrong with `{rule_id: {severity, threshold}}`: one sentence per mistake."""
    known = {rule.id: rule for rule in catalogue}
    return [text for name, wish in wishes.items() for text in _of_rule(str(name), wish, known)]


def _of_rule(name: str, wish: Any, known: Mapping[str, Rule]) -> Iterable[str]:
    rule = known.get(name)
    if rule is None:
        near = get_close_matches(name, known, 1)
        yield f"There is no rule '{name[:80]}'" + (f"; '{near[0]}'?" if near else ".")
        return
    if not isinstance(wish, Mapping):
        yield f"{name}: give severity, threshold, or both."
        return
    if unknown := [str(key)[:40] for key in wish if key not in ("severity", "threshold")]:
        yield f"{name}: '{unknown[0]}' is neither severity nor threshold."
    severity, threshold = wish.get("severity"), wish.get("threshold")
    if severity is not None and severity not in WEIGHTS:
        yield f"{name}: severity must be one of E, W, I and off, not {str(severity)[:40]!r}."
    if threshold is None:
        return
    if rule.threshold is None:
        yield f"{name} has no threshold."
    elif isinstance(threshold, bool) or not isinstance(threshold, int | float):
        yield f"{name}: the threshold must be a number, not {str(threshold)[:40]!r}."
    elif not (math.isfinite(threshold) and threshold >= 0):
        yield f"{name}: the threshold must be a number from 0 on, not {threshold}."
