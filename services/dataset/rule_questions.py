"""Questions about the rules themselves, answered at once: see `libs/common/asks.py`."""

from typing import Any

import orjson

from libs.common.asks import Answer
from libs.common.errors import BadInput
from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.overrides import complaints
from services.dataset.domain.wording import rules_told


async def _rules(_: dict[str, Any]) -> bytes:
    return orjson.dumps(rules_told())


async def _check_rules(fields: dict[str, Any]) -> bytes:
    wishes = fields.get("rules")
    if not isinstance(wishes, dict):
        raise BadInput("rules: give {rule_id: {severity, threshold}}.", code="bad_rules")
    if wrong := complaints(CATALOGUE, wishes):
        raise BadInput(" ".join(wrong[:20]), code="bad_rules")
    return b"{}"


RULE_QUESTIONS: dict[str, Answer] = {"rules": _rules, "check_rules": _check_rules}
"""`rules`: the catalogue with its texts. `check_rules` {rules}: BadInput names what is wrong."""
