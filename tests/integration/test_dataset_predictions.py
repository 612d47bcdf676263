"""A check of a dataset with the predictions of a model validation, on a whole stack."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT, Stack
from tests.unit.services.dataset.conftest import make_dataset, put, tree_hash

CUP, BAG = "0 0.3 0.3 0.2 0.2\n", "1 0.7 0.7 0.2 0.2\n"
MEANING = {
    "class_label_suspect": ("labels/val/val00.txt", 1, "cup", "swapped score 0.90"),
    "missing_box_suspect": ("labels/val/val01.txt", None, "0.7000 0.7000", "overlooked score 0.90"),
    "box_misplaced_suspect": ("labels/val/val02.txt", 2, "0.7000 0.7000", "badly located score"),
    "spurious_box_suspect": ("labels/val/val03.txt", 3, "bag", "unseen score"),
}


@pytest.fixture(scope="module")
def doubtful(stack: Stack) -> Path:
    """Four wrong labels in val; beside it what a model that is right about them would say."""
    root = make_dataset(stack.home.parent / "doubtful", train=4, val=40)
    for index in range(40):
        seen = "0 0.3 0.3 0.2 0.2 0.9\n1 0.7 0.7 0.2 0.2 0.9\n0 0.1 0.9 0.1 0.1 0.06\n"
        put(root.parent / f"said/val{index:02d}.txt", seen)
    put(root / "labels/val/val00.txt", CUP.replace("0 ", "1 ", 1) + BAG)
    put(root / "labels/val/val01.txt", CUP)
    put(root / "labels/val/val02.txt", CUP + BAG.replace("0.7 0.7", "0.8 0.7"))
    put(root / "labels/val/val03.txt", CUP + BAG + "1 0.7 0.2 0.2 0.2\n")
    return root


@pytest.fixture
def judged(http: httpx.Client, doubtful: Path) -> str:
    """The id of a validation of those predictions; asked for again it is the same."""
    answer = http.post(
        "/model/validate",
        json={"predictions_path": f"{doubtful.parent}/said", "test_dataset_path": str(doubtful)},
        headers={"Idempotency-Key": "doubtful"},
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["validation_id"])


def check(http: httpx.Client, path: Path, **more: Any) -> dict[str, Any]:
    answer = http.post("/dataset/validate", json={"dataset_path": str(path)} | more)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


@pytest.mark.parametrize("mode", ["fast", "full"])
def test_labels_that_a_judged_model_contradicts_are_named_with_the_score(
    http: httpx.Client, doubtful: Path, judged: str, mode: str
) -> None:
    before = tree_hash(doubtful)
    report = check(http, doubtful, predictions=judged, mode=mode)
    found = {each["rule"]: each for each in report["findings"] if each["rule"] in MEANING}
    assert {rule: report["summary"].get(rule) for rule in MEANING} == dict.fromkeys(MEANING, 1)
    for rule, (file, line, value, says) in MEANING.items():
        assert (found[rule]["file"], found[rule]["line"]) == (file, line)
        assert found[rule]["value"].startswith(value)
        assert says in found[rule]["message"]
    assert report["predictions"] == {
        "name": judged,
        "images": 40,
        "images_changed": 0,
        "images_of_others": 0,
        "from_confidence": pytest.approx(0.9),
        "note": None,
    }
    assert tree_hash(doubtful) == before


def test_without_predictions_nothing_is_said_of_them(http: httpx.Client, doubtful: Path) -> None:
    report = check(http, doubtful)
    assert "predictions" not in report
    assert not MEANING.keys() & report["summary"].keys()


def test_predictions_must_be_those_of_a_model_validation_of_these_images(
    http: httpx.Client, stack: Stack, doubtful: Path, judged: str
) -> None:
    other = make_dataset(stack.home.parent / "other-images", train=1, val=1)
    for path, text in ((doubtful, "nothing"), (doubtful, check(http, other)["validation_id"])):
        answer = http.post(
            "/dataset/validate", json={"dataset_path": str(path)} | {"predictions": text}
        )
        assert answer.status_code == 404
        assert "no model validation with the id" in answer.json()["detail"]
    answer = http.post(
        "/dataset/validate",
        json={"dataset_path": str(doubtful), "predictions": judged, "check_labels": False},
    )
    assert answer.status_code == 422
    assert "leave check_labels on" in answer.text
    put(other / "images/val/val00.jpg", b"other bytes")
    answer = http.post(
        "/dataset/validate", json={"dataset_path": str(other), "predictions": judged}
    )
    assert answer.status_code == 422, answer.text
    assert "has none of the images" in answer.json()["detail"]


def test_the_command_takes_the_id_of_a_validation(
    stack: Stack, doubtful: Path, judged: str
) -> None:
    command = [sys.executable, "-m", "libs.client.cli", "validate", str(doubtful)]
    more = ["--predictions", judged, "--mode", "fast", "--format", "json", "--url", stack.url]
    ended = subprocess.run([*command, *more], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["summary"]["missing_box_suspect"] == 1
