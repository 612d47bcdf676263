"""Checks of datasets by REST and from the command line, on a whole stack."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from tests.answers import promised
from tests.conftest import ROOT, Stack
from tests.planted import roboflow
from tests.planted.base import make, put, text

BOXES = "".join(f"{2 + i} 0.5 0.5 0.1 0.1\n" for i in range(40))


@pytest.fixture(scope="module")
def faulty(stack: Stack) -> Path:
    """41 errors, a warning and a note."""
    root = make(stack.home.parent / "faulty")
    put(text(root, 3), BOXES)
    put(text(root, 4), "0 nan 0.5 0.1 0.1\n")
    text(root, 5).unlink()
    put(root / "images/train/notes.md", "hello")
    return root


@pytest.fixture
def report(http: httpx.Client, faulty: Path) -> dict[str, Any]:
    """Of one check; asked for again it is the same."""
    answer = http.post(
        "/dataset/validate",
        json={"dataset_path": str(faulty), "max_examples": 5},
        headers={"Idempotency-Key": "faulty"},
    )
    found: dict[str, Any] = promised(answer)
    return found


def test_every_rule_is_listed_with_both_languages(http: httpx.Client) -> None:
    answer = http.get("/dataset/rules")
    rules = promised(answer)
    assert len(rules) == len({rule["rule"] for rule in rules}) == 129
    for rule in rules:
        assert rule["severity"] in ("E", "W", "I")
        assert rule["fix"] in (None, "auto", "opt")
        assert (rule["threshold"] is None) == (rule["unit"] is None)
        assert all(rule[part][lang] for part in ("title", "sentence") for lang in ("en", "ja"))
    again = http.get("/dataset/rules", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"tiny_bx": {"severity": "E"}}, "'tiny_bx'; 'tiny_box'?"),
        ({"tiny_box": {"severity": "fatal"}}, "tiny_box: severity must be one of E, W, I and off"),
        ({"tiny_box": {"threshold": "big"}}, "tiny_box: the threshold must be a number"),
        ({"nan_value": {"threshold": 1}}, "nan_value has no threshold"),
        ({"tiny_box": {"weight": 1}}, "'weight' is neither severity nor threshold"),
    ],
)
def test_wrong_settings_of_rules_are_refused_by_name(
    http: httpx.Client, faulty: Path, rules: dict[str, Any], named: str
) -> None:
    answer = http.post("/dataset/validate", json={"dataset_path": str(faulty), "rules": rules})
    assert answer.status_code == 422
    assert named in answer.json()["detail"]


def test_findings_are_paged_filtered_and_all_there(
    http: httpx.Client, report: dict[str, Any]
) -> None:
    url = f"/dataset/validate/{report['validation_id']}/findings"
    seen: list[dict[str, Any]] = []
    query: dict[str, Any] | None = {"rule": "class_out_of_range", "limit": 15}
    while True:
        page = http.get(url, params=query)
        assert page.headers["X-Total-Count"] == "40"
        seen += page.json()
        if "next" not in page.links:
            break
        url, query = str(page.url.join(page.links["next"]["url"])), None
    assert [finding["line"] for finding in seen] == list(range(1, 41))
    assert {finding["file"] for finding in seen} == {"labels/train/t03.txt"}
    url = f"/dataset/validate/{report['validation_id']}/findings"
    every = http.get(url, params={"limit": 500}).json()
    assert len(every) == sum(report["summary"].values())
    heavy = http.get(url, params={"severity": ["E", "W"], "split": "train"}).json()
    assert {finding["severity"] for finding in heavy} == {"E", "W"}
    assert http.get(url, params={"limit": 501}).status_code == 422
    assert http.get("/dataset/validate/none/findings").status_code == 404


def test_messages_come_in_the_readers_language(http: httpx.Client, report: dict[str, Any]) -> None:
    url = f"/dataset/validate/{report['validation_id']}"
    japanese = http.get(url, headers={"Accept-Language": "ja-JP, en;q=0.8"})
    assert japanese.headers["Vary"] == "Accept-Language"
    told = japanese.json()
    nan = next(each for each in told["findings"] if each["rule"] == "nan_value")
    assert nan["message"].startswith("値が nan(数でない)です。")
    assert "labels/train/t04.txt, 1 行目" in " ".join(told["errors"])
    assert told["summary"] == report["summary"]
    assert http.get(url).json()["findings"] == report["findings"]
    page = http.get(f"{url}/findings", params={"lang": "ja", "rule": "nan_value"}).json()
    assert page[0]["message"] == nan["message"]


def shirushi(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "libs.client.cli", "validate", *words, "--url", stack.url],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_command_gates_a_pipeline(stack: Stack, faulty: Path, tmp_path: Path) -> None:
    path = str(faulty)
    log = tmp_path / "out/found.sarif"
    ended = shirushi(stack, path, "--format", "sarif", "--output", str(log), "--lang", "ja")
    assert ended.returncode == 1, ended.stderr
    (run,) = json.loads(log.read_text())["runs"]
    assert sum(result["level"] == "error" for result in run["results"]) == 41
    ended = shirushi(stack, path, "--format", "junit", "--fail-on", "never", "--mode", "fast")
    assert ended.returncode == 0, ended.stderr
    assert ET.fromstring(ended.stdout.encode()).get("failures") == "0"  # noqa: S314 (our own)
    rules = put(
        tmp_path / "rules.yaml", "class_out_of_range: {severity: off}\nnan_value: {severity: W}\n"
    )
    common = (path, "--rules", str(rules), "--mode", "fast")
    assert shirushi(stack, *common).returncode == 0
    assert shirushi(stack, *common, "--fail-on", "W").returncode == 1
    put(rules, "no_such_rule: {severity: W}\n")
    ended = shirushi(stack, *common)
    assert ended.returncode == 1
    assert "no_such_rule" in ended.stderr


def test_the_pipeline_of_the_readme_stops_at_a_faulty_dataset(
    stack: Stack, faulty: Path, tmp_path: Path
) -> None:
    script = "examples/ci_gate.sh"
    assert f"sh {script} " in (ROOT / "README.md").read_text(encoding="utf-8")
    sound = make(stack.home.parent / "sound set")
    environment = os.environ | {
        "PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
        "SHIRUSHI_URL": stack.url,
    }

    def gate(*folders: Path, **more: str) -> int:
        words = ["sh", str(ROOT / script), *map(str, folders)]
        ended = subprocess.run(
            words, cwd=tmp_path, env=environment | more, timeout=120, check=False
        )
        return ended.returncode

    assert gate(sound, FAIL_ON="W") == 0
    assert gate(sound, faulty) == 1
    (run,) = json.loads((tmp_path / "found/faulty.sarif").read_text())["runs"]
    assert {result["level"] for result in run["results"]} == {"error", "warning", "note"}
    assert (tmp_path / "found/sound set.xml").read_text().startswith("<?xml")


def test_an_export_is_in_order_after_the_proposed_fixes(stack: Stack, http: httpx.Client) -> None:
    root = roboflow.make(stack.home.parent / "exported")
    report = http.post("/dataset/validate", json={"dataset_path": str(root)}).json()
    assert report["summary"]["segments_in_detection_set"] == roboflow.POLYGONS
    url = f"/dataset/validate/{report['validation_id']}/fix"
    fixed = http.post(url, json={"rules": []})
    assert fixed.status_code == 200, fixed.text
    name = fixed.json()["name"]
    again = http.post("/dataset/validate", json={"dataset_path": name}).json()
    assert again["valid"]
    assert [each for each in again["findings"] if each["severity"] in "EW"] == []
    assert again["total_images"] == report["total_images"]
    assert again["class_distribution"] == report["class_distribution"]
