"""Findings in the reader's language. What is stored has English sentences and the value seen.

The Japanese message is the rule's own sentence and the value, so that every rule has one, whoever
wrote its function; see docs/decisions/0010.
"""

from collections.abc import Mapping
from typing import Any

from services.dataset.domain.catalogue import GROUPS
from services.dataset.domain.texts import TEXTS, Lang

GROUP_OF = {rule.id: group for group, rules in GROUPS.items() for rule in rules}


def in_language(finding: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    """A finding as it is stored, with its message in `lang`."""
    text = TEXTS.get(str(finding["rule"]))
    if lang == "en" or text is None:
        return dict(finding)
    seen = finding.get("value")
    message = text.sentence(lang) + (f"(値: {seen})" if seen else "")
    return {**finding, "message": message}


def rules_told() -> list[dict[str, Any]]:
    """The whole catalogue, for people and programs, in its own order."""
    return [
        {
            "rule": rule.id,
            "group": group,
            "severity": rule.severity,
            "threshold": rule.threshold,
            "unit": rule.unit,
            "fix": rule.fix,
            "title": {"en": TEXTS[rule.id].title_en, "ja": TEXTS[rule.id].title_ja},
            "sentence": {"en": TEXTS[rule.id].sentence_en, "ja": TEXTS[rule.id].sentence_ja},
        }
        for group, rules in GROUPS.items()
        for rule in rules
    ]
