"""What a check finds: a hit of a rule, and the finding it becomes under the request's settings."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Severity = Literal["E", "W", "I"]
"""E = the trainer would drop, misread or crash on it; W = warning; I = note."""

Fix = Literal["auto", "opt"]
"""auto = safe and reversible; opt = on request."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of the catalogue."""

    id: str
    severity: Severity
    fix: Fix | None = None
    threshold: float | None = None
    """Of the rules that have one."""
    unit: str | None = None
    """Of the threshold."""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule function says about the thing it was given."""

    rule: str
    message: str
    line: int | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A hit with its place and weight: the entries of `findings[]` in the answer."""

    rule: str
    severity: Severity
    split: str | None
    file: str | None
    line: int | None
    message: str
    value: str | None
    fix: Fix | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


class Rules:
    """The catalogue under the settings of one request."""

    def __init__(self, catalogue: Iterable[Rule], overrides: Mapping[str, Any] | None = None):
        self._rules = {rule.id: rule for rule in catalogue}
        for rule_id, wish in (overrides or {}).items():
            if rule_id in self._rules and isinstance(wish, Mapping):
                self._rules[rule_id] = _overridden(self._rules[rule_id], wish)

    def __getitem__(self, rule_id: str) -> Rule:
        return self._rules[rule_id]

    def threshold(self, rule_id: str) -> float:
        """The threshold of a rule that has one."""
        value = self._rules[rule_id].threshold
        if value is None:
            raise LookupError(rule_id)
        return value

    def finding(self, hit: Hit, *, split: str | None, file: str | None) -> Finding | None:
        """The finding of a hit, or None when its rule is switched off."""
        rule = self._rules[hit.rule]
        if not rule.enabled:
            return None
        value = hit.value[:200] if hit.value is not None else None
        return Finding(rule.id, rule.severity, split, file, hit.line, hit.message, value, rule.fix)


def _overridden(rule: Rule, wish: Mapping[str, Any]) -> Rule:
    severity, threshold = wish.get("severity"), wish.get("threshold")
    if severity in ("E", "W", "I"):
        rule = replace(rule, severity=severity)
    elif severity == "off":
        rule = replace(rule, enabled=False)
    if isinstance(threshold, int | float) and rule.threshold is not None:
        rule = replace(rule, threshold=float(threshold))
    return rule


@dataclass(slots=True)
class Findings:
    """Findings of any number of files: true counts, and a bounded number of examples per rule."""

    max_examples: int
    examples: dict[str, list[Finding]] = field(default_factory=dict)
    counts: Counter[tuple[str, Severity, str | None]] = field(default_factory=Counter)
    """By rule, severity and split."""

    def add(self, finding: Finding | None) -> None:
        """Count a finding; keep it while there are few of its rule."""
        if finding is None:
            return
        self.counts[finding.rule, finding.severity, finding.split] += 1
        examples = self.examples.setdefault(finding.rule, [])
        if len(examples) < self.max_examples:
            examples.append(finding)

    def merge(self, other: "Findings") -> None:
        """Add the findings of another part of the dataset."""
        self.counts.update(other.counts)
        for rule, examples in other.examples.items():
            mine = self.examples.setdefault(rule, [])
            mine += examples[: self.max_examples - len(mine)]

    def of(self, severity: Severity) -> int:
        """How many findings have this severity."""
        return sum(n for (_, weight, _), n in self.counts.items() if weight == severity)

    def summary(self) -> dict[str, int]:
        """Findings per rule."""
        total: Counter[str] = Counter()
        for (rule, _, _), count in self.counts.items():
            total[rule] += count
        return dict(sorted(total.items()))

    def listed(self) -> list[Finding]:
        """All examples, the heaviest first, then by rule and place."""
        found = [finding for examples in self.examples.values() for finding in examples]
        return sorted(
            found, key=lambda f: ("EWI".index(f.severity), f.rule, f.file or "", f.line or 0)
        )
