"""Findings as SARIF 2.1.0 (OASIS, 2020), which code hosts show beside the files."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from libs.client.show import Json
from libs.common.version import VERSION

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"E": "error", "W": "warning", "I": "note"}
ROOT = "SRCROOT"
"""Files are given relative to this, which the reader maps to its checkout."""
_DESCRIPTION = "data.yaml"
"""Where a finding on the whole dataset is shown: SARIF viewers drop what has no file."""


def sarif(
    report: Json, findings: Sequence[Json], rules: Sequence[Json], *, lang: str = "en"
) -> Json:
    """One run with its rules and results.

    Args:
        report: of the check; `dataset_path` and `valid` are read.
        findings: all of them: rule, severity, split, file, line, message, value, fix.
        rules: the catalogue, as `GET /dataset/rules` gives it.
        lang: of the rules' texts, `en` or `ja`.

    Returns:
        The log, ready for JSON. Rules without a finding are left out.
    """
    found = list(dict.fromkeys(str(finding["rule"]) for finding in findings))
    told = {str(rule["rule"]): rule for rule in rules}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "Shirushi",
                "semanticVersion": VERSION,
                "rules": [_rule(rule_id, told.get(rule_id, {}), lang) for rule_id in found],
            }
        },
        "originalUriBaseIds": {
            ROOT: {"description": {"text": f"the dataset {report.get('dataset_path')}"}}
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "results": [_result(finding, found.index(str(finding["rule"]))) for finding in findings],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule_id: str, rule: Mapping[str, Any], lang: str) -> Json:
    title = (rule.get("title") or {}).get(lang) or rule_id
    sentence = (rule.get("sentence") or {}).get(lang) or title
    shown: dict[str, Any] = {
        "id": rule_id,
        "name": "".join(word.capitalize() for word in rule_id.split("_")),
        "shortDescription": {"text": title},
        "fullDescription": {"text": sentence},
        "help": {"text": sentence},
        "defaultConfiguration": {"level": LEVELS.get(str(rule.get("severity")), "warning")},
    }
    if group := rule.get("group"):
        shown["properties"] = {"tags": [group]}
    return shown


def _result(finding: Json, index: int) -> Json:
    file, line = finding.get("file"), finding.get("line")
    place: dict[str, Any] = {
        "artifactLocation": {"uri": uri(str(file or _DESCRIPTION)), "uriBaseId": ROOT}
    }
    if line:
        place["region"] = {"startLine": int(line)}
    properties = {
        name: finding[name] for name in ("split", "value", "fix") if finding.get(name) is not None
    }
    return {
        "ruleId": finding["rule"],
        "ruleIndex": index,
        "level": LEVELS.get(str(finding.get("severity")), "warning"),
        "message": {"text": str(finding.get("message") or finding["rule"])},
        "locations": [{"physicalLocation": place}],
        **({"properties": properties} if properties else {}),
    }


def uri(file: str) -> str:
    """A relative path as a URI reference; a colon in its first part would read as a scheme."""
    escaped = quote(file.replace("\\", "/").lstrip("/"), safe="/-._~!$&'()*+,;=@")
    return escaped or _DESCRIPTION
