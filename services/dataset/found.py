"""Where a check found what: its findings by rule, as far as they were stored."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from libs.common.artifacts import ArtifactStore
from libs.common.errors import BadInput, NotFound
from services.dataset.domain.report import report_key


@dataclass(frozen=True, slots=True)
class Place:
    """One finding, without its sentence."""

    split: str | None
    file: str | None
    line: int | None
    value: str | None


@dataclass(slots=True)
class Places:
    """All findings of a check."""

    by_rule: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    """Findings per rule, those that were not kept included."""
    fix_of: dict[str, str] = field(default_factory=dict)
    """`auto` or `opt` by rule, of the rules that have a fix."""

    def complete(self, rule: str) -> bool:
        """Whether every finding of a rule is listed."""
        return len(self.by_rule[rule]) >= self.counts[rule]

    def files(self, rules: Iterable[str]) -> set[str] | None:
        """The files that rules fire on; None if they are not all known: look at every file."""
        found: set[str] = set()
        for rule in rules:
            if not self.complete(rule) or any(not place.file for place in self.by_rule[rule]):
                return None
            found |= {place.file for place in self.by_rule[rule] if place.file}
        return found


async def read_places(artifacts: ArtifactStore, validation_id: str) -> Places:
    """The findings of a check by its id.

    Raises:
        BadInput: there is no report of it.
    """
    try:
        report: dict[str, Any] = orjson.loads(await artifacts.get_bytes(report_key(validation_id)))
    except NotFound as error:
        raise BadInput(
            f"The check {validation_id} has no report: validate the dataset first.",
            code="no_report",
        ) from error
    places = Places(counts=Counter(report.get("summary") or {}))
    for finding in report.get("findings") or []:
        place = Place(*(finding.get(name) for name in ("split", "file", "line", "value")))
        places.by_rule[finding["rule"]].append(place)
        if finding.get("fix"):
            places.fix_of[finding["rule"]] = finding["fix"]
    return places
