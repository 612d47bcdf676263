"""SARIF and JUnit made from a report: read back by parsing, as a CI system would."""

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from libs.client.reports import junit, sarif, too_bad
from libs.client.reports.sarif import uri

REPORT: dict[str, Any] = {"dataset_path": "logos <old>", "valid": False, "processing_time": 1.5}


def rule(name: str, group: str, severity: str, en: str, ja: str) -> dict[str, Any]:
    return {
        "rule": name, "group": group, "severity": severity,
        "title": {"en": en, "ja": ja}, "sentence": {"en": f"{en}.", "ja": f"{ja}。"},
    }  # fmt: skip


RULES = [
    rule("tiny_box", "labels", "W", "Small", "小さい"),
    rule("nan_value", "labels", "E", "Nan", "nan です"),
    rule("unused_class", "classes", "W", "Unused", "未使用"),
]


def found(rule: str, severity: str, file: str | None, line: int | None = None) -> dict[str, Any]:
    return {
        "rule": rule, "severity": severity, "split": "train", "file": file, "line": line,
        "message": f"{rule} <here> & \x07now", "value": None, "fix": "opt",
    }  # fmt: skip


FINDINGS = [
    found("nan_value", "E", "labels/train/写真 #1.txt", 3),
    found("nan_value", "E", "labels/train/b.txt", 1),
    found("tiny_box", "W", "labels/train/c:d.txt", 2),
    found("class_of_tomorrow", "I", None),
]


def test_sarif_names_rules_files_lines_and_levels() -> None:
    log = json.loads(json.dumps(sarif(REPORT, FINDINGS, RULES, lang="ja")))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["nan_value", "tiny_box", "class_of_tomorrow"]
    assert rules[0]["help"]["text"] == "nan です。"
    assert rules[1]["defaultConfiguration"]["level"] == "warning"
    results = run["results"]
    assert [result["level"] for result in results] == ["error", "error", "warning", "note"]
    for result, finding in zip(results, FINDINGS, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding["rule"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
        assert place.get("region", {}).get("startLine") == finding["line"]
    first = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert first == "labels/train/%E5%86%99%E7%9C%9F%20%231.txt"


@pytest.mark.parametrize(
    ("file", "reference"),
    [
        ("a:b.txt", "a%3Ab.txt"),
        ("/abs/x.jpg", "abs/x.jpg"),
        ("a\\b?.txt", "a/b%3F.txt"),
        ("", "data.yaml"),
    ],
)
def test_a_file_is_a_relative_reference(file: str, reference: str) -> None:
    assert uri(file) == reference


def test_junit_has_a_test_per_rule_and_fails_those_that_stop_the_pipeline() -> None:
    text = junit(REPORT, FINDINGS, RULES, fail_on="E")
    suites = ET.fromstring(text.encode())  # noqa: S314 (our own)
    (suite,) = suites
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")
    cases = {case.get("name"): case for case in suite}
    assert set(cases) == {"nan_value", "tiny_box", "unused_class", "class_of_tomorrow"}
    failure = cases["nan_value"].find("failure")
    assert failure is not None
    assert failure.get("message") == "Nan: 2"
    assert "labels/train/写真 #1.txt:3: nan_value <here> & \\x07now" in (failure.text or "")
    assert cases["tiny_box"].find("failure") is None
    assert cases["tiny_box"].find("system-out") is not None
    assert len(cases["unused_class"]) == 0
    assert suite.get("name") == "logos <old>"


@pytest.mark.parametrize(("fail_on", "failures"), [("E", "1"), ("W", "2"), ("never", "0")])
def test_junit_fails_as_the_exit_code_does(fail_on: str, failures: str) -> None:
    text = junit(REPORT, FINDINGS, RULES, fail_on=fail_on)
    suites = ET.fromstring(text.encode())  # noqa: S314 (our own)
    assert suites.get("failures") == failures


@pytest.mark.parametrize(
    ("report", "stops"),
    [
        ({"valid": True, "errors": [], "warnings": []}, []),
        ({"valid": True, "errors": [], "warnings": ["a"]}, ["W"]),
        ({"valid": False, "errors": ["a"], "warnings": []}, ["E", "W"]),
    ],
)
def test_a_pipeline_is_stopped_by_what_is_at_or_above_its_limit(
    report: dict[str, Any], stops: list[str]
) -> None:
    assert [limit for limit in ("E", "W", "never") if too_bad(report, limit)] == stops
