"""Findings as JUnit XML, which every CI system shows as tests: one test case per rule."""

from collections import defaultdict
from collections.abc import Sequence
from xml.etree import ElementTree as ET  # only written here; nothing is parsed

from libs.client.reports.gate import is_bad
from libs.client.show import Json

MOST_LINES = 200
"""Findings told in the text of one test case; the count is always the true one."""


def junit(
    report: Json, findings: Sequence[Json], rules: Sequence[Json], *, fail_on: str, lang: str = "en"
) -> str:
    """One suite for the check: a rule with a finding at or above `fail_on` is a failed test.

    Args:
        report: of the check; `dataset_path` and `processing_time` are read.
        findings: all of them.
        rules: the catalogue; each of its rules is a test case, in this order.
        fail_on: E, W or never.
        lang: of the rules' texts, `en` or `ja`.
    """
    by_rule: dict[str, list[Json]] = defaultdict(list)
    for finding in findings:
        by_rule[str(finding["rule"])].append(finding)
    bad = {str(each["rule"]) for each in findings if is_bad(each, fail_on)}
    told = {str(rule["rule"]): rule for rule in rules}
    names = [*told, *(rule for rule in by_rule if rule not in told)]
    counts = {"tests": str(len(names)), "failures": str(len(bad)), "errors": "0", "skipped": "0"}
    seconds = f"{float(report.get('processing_time') or 0):.3f}"
    suites = ET.Element("testsuites", {"name": "shirushi validate", **counts, "time": seconds})
    title = _clean(str(report.get("dataset_path") or "dataset"))
    suite = ET.SubElement(suites, "testsuite", {"name": title, **counts, "time": seconds})
    for name in names:
        rule = told.get(name, {})
        group = str(rule.get("group") or "rules")
        case = ET.SubElement(
            suite, "testcase", {"name": name, "classname": f"shirushi.{group}", "time": "0"}
        )
        if found := by_rule.get(name):
            _tell(case, name, rule, found, lang, failed=name in bad)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _tell(
    case: ET.Element, name: str, rule: Json, found: list[Json], lang: str, *, failed: bool
) -> None:
    title = (rule.get("title") or {}).get(lang) or name
    lines = [_line(finding) for finding in found[:MOST_LINES]]
    if len(found) > MOST_LINES:
        lines.append(f"… {len(found) - MOST_LINES} more")
    text = _clean("\n".join(lines))
    if failed:
        severity = str(found[0].get("severity"))
        message = _clean(f"{title}: {len(found)}")
        ET.SubElement(case, "failure", {"message": message, "type": severity}).text = text
    else:
        ET.SubElement(case, "system-out").text = text


def _line(finding: Json) -> str:
    where = ":".join(str(finding[part]) for part in ("file", "line") if finding.get(part))
    place = where or finding.get("split") or "dataset"
    return f"{finding.get('severity')} {place}: {finding.get('message')}"


def _clean(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold, which file names may have."""
    return "".join(
        char
        if char in "\t\n\r"
        or "\x20" <= char <= "\ud7ff"
        or "\ue000" <= char <= "\ufffd"
        or char >= "\U00010000"
        else f"\\x{ord(char):02x}"
        for char in text
    )
