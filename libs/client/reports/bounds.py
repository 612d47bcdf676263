"""Bounds on a judgement's numbers, such as `map50>=0.85`: what a pipeline lets through."""

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BOUND = re.compile(r"^\s*([a-z0-9_]+)\s*(>=|<=)\s*(-?\d+(?:\.\d+)?)\s*$")
NAMES = (
    *("map50", "map50_95", "precision", "recall", "f1_score", "accuracy"),
    "false_alarms_per_1000",
)
_HOLDS = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True)
class Bound:
    """One number of the judgement against one limit."""

    name: str
    sign: str
    """`>=` or `<=`."""
    limit: float

    def __str__(self) -> str:
        return f"{self.name}{self.sign}{self.limit:g}"


@dataclass(frozen=True)
class Verdict:
    """What became of one bound; `value` is None where the judgement could not measure it."""

    bound: Bound
    value: float | None
    held: bool


def bound(text: str) -> Bound:
    """The bound that `text` says.

    Raises:
        ValueError: it says none; the message lists the names.
    """
    found = BOUND.match(text)
    if not found or found[1] not in NAMES:
        raise ValueError(f"{text!r} is no bound: write NAME>=X or NAME<=X, of {', '.join(NAMES)}")
    return Bound(found[1], found[2], float(found[3]))


def checked(report: Mapping[str, Any], bounds: list[Bound], *, sure: bool) -> list[Verdict]:
    """Each bound against the judgement `report`.

    Args:
        report: as `GET /model/report/{validation_id}` answers.
        bounds: what must hold.
        sure: the worse end of the 95 % interval must hold too, where there is one.

    A number that could not be measured holds no bound: nobody knows.
    """
    intervals = (report.get("uncertainty") or {}).get("intervals") or {}
    alarms = (report.get("false_alarms") or {}).get("per_1000_images")
    values = {**report, "false_alarms_per_1000": alarms}
    verdicts = []
    for each in bounds:
        value = values.get(each.name)
        if sure and value is not None and each.name in intervals:
            value = intervals[each.name]["low" if each.sign == ">=" else "high"]
        held = value is not None and _HOLDS[each.sign](value, each.limit)
        verdicts.append(Verdict(each, None if value is None else float(value), bool(held)))
    return verdicts


def markdown(title: str, verdicts: list[Verdict]) -> str:
    """A table for a pull request or a job summary."""
    rows = [
        f"| {each.bound} | {'not measured' if each.value is None else f'{each.value:.4g}'} "
        f"| {'yes' if each.held else '**no**'} |"
        for each in verdicts
    ]
    return "\n".join(
        [f"### {title}", "", "| bound | measured | held |", "| --- | --- | --- |", *rows]
    )
