"""The command `shirushi` against a whole stack, as a shell would call it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from libs.client import Client
from tests.conftest import ROOT, Stack
from tests.e2e.tiny import TRAINED_S, tiny_dataset

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def shirushi(stack: Stack, *words: str, code: int = 0) -> str:
    """Its stdout; fails with all it said if it does not exit with `code`."""
    finished = subprocess.run(
        [sys.executable, "-m", "libs.client.cli", *words, "--url", stack.url],
        cwd=ROOT,
        capture_output=True,
        timeout=TRAINED_S,
        text=True,
        check=False,
    )
    assert finished.returncode == code, finished.stdout + finished.stderr
    return finished.stdout


def as_json(stack: Stack, *words: str, code: int = 0) -> Any:
    return json.loads(shirushi(stack, *words, "--json", code=code))


@pytest.fixture(scope="module")
def trained(stack: Stack) -> dict[str, Any]:
    """A training started and watched from the command line."""
    dataset = str(tiny_dataset(stack))
    small = ("--imgsz", "64", "--batch-size", "4", "--model-architecture", "yolov8n")
    state: dict[str, Any] = as_json(
        stack, "train", dataset, "--mode", "full", "--epochs", "2", *small, "--watch"
    )
    return state


def test_train_watch_ends_with_the_training(trained: dict[str, Any]) -> None:
    assert trained["status"] == "completed"
    assert trained["current_epoch"] == 2
    assert trained["request"]["arguments"]["imgsz"] == 64


def test_train_watch_shows_each_epoch_as_a_line_where_there_is_no_terminal(stack: Stack) -> None:
    said = shirushi(
        stack, "train", str(tiny_dataset(stack)), "--mode", "transfer",
        "--base-model-path", "shirushi-logo-n", "--model-architecture", "yolov8n",
        "--imgsz", "64", "--batch-size", "4", "--epochs", "2", "--watch",
    )  # fmt: skip
    assert "epoch 1/2" in said
    assert "epoch 2/2" in said
    assert "completed: 2 epochs" in said


def test_validate_says_whether_and_why(stack: Stack) -> None:
    report = as_json(stack, "validate", str(tiny_dataset(stack)))
    assert report["valid"]
    assert report["total_images"] == 20
    assert "adidas" in report["classes"]
    refused = as_json(stack, "validate", str(stack.home.parent / "no-such-folder"), code=1)
    assert "no-such-folder" in refused["error"]


def test_evaluate_and_visualize_take_the_weights_of_a_run(
    stack: Stack, trained: dict[str, Any]
) -> None:
    weights = trained["best_model_path"]
    judged = as_json(stack, "evaluate", weights, str(tiny_dataset(stack)))
    assert judged["total_images"] == 4
    assert 0 <= judged["map50"] <= 1
    assert set(judged["class_metrics"]) <= {"adidas", "nike"}
    drawn = as_json(stack, "visualize", weights)
    assert drawn["confusion_matrix_path"]


def test_compare_judges_what_is_missing_and_follows_the_boxes(
    stack: Stack, trained: dict[str, Any]
) -> None:
    dataset = str(tiny_dataset(stack))
    pair = (trained["best_model_path"], trained["last_model_path"])
    answer = as_json(stack, "compare", *pair, "--dataset", dataset, "--resamples", "100")
    [candidate] = answer["candidates"]
    assert candidate["verdict"] == "cannot_tell"  # four images tell nobody apart
    assert candidate["reason"] in {"too_few", "identical"}
    base = answer["base"]["validation_id"]
    said = shirushi(stack, "compare", base, candidate["validation_id"], "--resamples", "100")
    assert "cannot tell" in said
    assert "mAP50-95" in said
    with Client(stack.url) as client:
        page = client.changed_boxes(answer["comparison_id"], of="label")
        assert page["total"] == sum(candidate["boxes"]["labels"].values()) == answer["labels"]
        chosen = client.choose_thresholds(base, kind="max_f1")
        assert set(chosen["thresholds"]) == {"adidas", "nike"}
    refused = as_json(stack, "compare", base, "no-such-id", code=1)
    assert "no-such-id" in refused["error"]


def test_the_boxes_behind_a_number_are_listed_and_saved(
    stack: Stack, trained: dict[str, Any], tmp_path: Path
) -> None:
    judged = as_json(stack, "evaluate", trained["best_model_path"], str(tiny_dataset(stack)))
    name = judged["validation_id"]
    assert "mAP50" in shirushi(stack, "report", name)
    moved = as_json(stack, "report", name, "--confidence", "0.9", "--iou", "0.6")
    assert moved["recall"] <= judged["recall"]
    causes = judged["error_analysis"]["causes"]
    cause = max(causes, key=causes.__getitem__)
    boxes = as_json(stack, "matches", name, "--cause", cause, "--limit", "1000")
    assert len(boxes) == causes[cause] > 0
    files = as_json(stack, "errors", name, "--cause", cause, "--out", str(tmp_path), "--limit", "3")
    assert len(files) == min(3, causes[cause])
    assert all(Path(file).read_bytes()[:3] == b"\xff\xd8\xff" for file in files)


def test_lists_name_what_is_there(stack: Stack, trained: dict[str, Any]) -> None:
    names = {model["name"] for model in as_json(stack, "models")}
    assert "shirushi-logo-n" in names
    assert any(trained["experiment_name"] in name for name in names)
    datasets = {dataset["name"]: dataset for dataset in as_json(stack, "datasets")}
    assert datasets["tiny"]["has_test"]
    assert "trainer" in shirushi(stack, "status")


def test_events_tail_replays_the_log(stack: Stack, trained: dict[str, Any]) -> None:
    lines = shirushi(
        stack, "events", "tail", "--topics", "training.>", "--limit", "4", "--json"
    ).splitlines()
    frames = [json.loads(line) for line in lines]
    assert frames[0]["type"] == "training.requested.v1"
    assert frames[0]["specversion"] == "1.0"
    sequences = [frame["seq"] for frame in frames]
    assert sequences == sorted(set(sequences))


def test_ci_check_lets_a_model_through_or_stops_it(
    stack: Stack, trained: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    model, dataset = trained["best_model_path"], str(tiny_dataset(stack))
    passed = as_json(
        stack, "ci", "check", model, dataset, "--require", "map50>=0", "--against", model
    )
    assert passed["passed"]
    assert passed["against"] == "cannot_tell"
    stopped = as_json(
        stack, "ci", "check", model, dataset, "--sure", "--require", "map50>=1.5", code=1
    )
    assert not stopped["bounds"][0]["held"]
    said = summary.read_text(encoding="utf-8")
    assert "| map50>=0 |" in said
    assert "| map50>=1.5 |" in said
    assert "**no**" in said
