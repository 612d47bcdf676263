"""`make demo`, shortened: everything is real but the number of epochs."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FILES = (
    "weights/best.pt",
    "weights/last.pt",
    "results.csv",
    "confusion_matrix.png",
    "training_config.yaml",
    "args.yaml",
    "events.jsonl",
)


def demo(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    variables = {
        "SHIRUSHI_HOME": str(home),
        "SHIRUSHI_PORT": "0",
        "SHIRUSHI_OUTPUTS": str(home / "ml_outputs"),
        "NO_COLOR": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "deploy.demo", "--exit", *options],
        cwd=ROOT,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=280,
        text=True,
        check=False,
    )


def left_behind(home: Path) -> list[str]:
    """Command lines of processes that still know the home of a stack."""
    found = []
    for process in psutil.process_iter(["environ", "cmdline"]):
        environment = process.info["environ"] or {}
        if environment.get("SHIRUSHI_HOME") == str(home):
            found.append(" ".join(process.info["cmdline"] or []))
    return found


@pytest.mark.timeout(600)
def test_the_demo_goes_from_nothing_to_a_judged_model_and_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = demo(home, "--epochs", "2", "--min-map50", "0")
    assert first.returncode == 0, first.stdout
    for stage in ("Draw", "Start", "Validate", "Train", "Judge", "total", "/ui/ml"):
        assert stage in first.stdout
    [run] = (home / "ml_outputs/trainings/demo").iterdir()
    assert [name for name in FILES if not (run / name).is_file()] == []
    [judged] = (home / "ml_outputs/validations").iterdir()
    for name in ("confusion_matrix.png", "report.json", "matches.parquet", "predictions.json"):
        assert (judged / name).is_file()
    [drawn] = (home / "ml_outputs/visualizations").iterdir()
    for name in ("training_curves", "class_metrics", "pr_curve", "f1_curve", "confusion_matrix"):
        assert (drawn / f"{name}.png").is_file()
    assert left_behind(home) == []

    second = demo(home, "--epochs", "1", "--min-map50", "0.999")
    assert second.returncode == 1, "a model that is not good enough is a failure"
    assert "already there" in second.stdout
    assert len(list((home / "ml_outputs/trainings/demo").iterdir())) == 2
