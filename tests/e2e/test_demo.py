"""`make demo`, shortened: everything is real but the number of epochs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ENDED_S = 280
FILES = (
    "weights/best.pt",
    "weights/last.pt",
    "results.csv",
    "confusion_matrix.png",
    "training_config.yaml",
    "args.yaml",
    "events.jsonl",
)


def demo(home: Path, *options: str) -> subprocess.Popen[str]:
    variables = {
        "SHIRUSHI_HOME": str(home),
        "SHIRUSHI_PORT": "0",
        "SHIRUSHI_OUTPUTS": str(home / "ml_outputs"),
        "NO_COLOR": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.demo", *options],
        cwd=ROOT,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code and what it said since it was last read."""
    try:
        said, _ = process.communicate(timeout=ENDED_S)
    finally:
        process.kill()
    return process.returncode, said


def said_until(process: subprocess.Popen[str], phrase: str) -> str:
    """What it says, up to the line with `phrase`; fails if it ends before."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if phrase in line:
            return "".join(said)
    raise AssertionError("".join(said))


def left_behind(home: Path) -> list[str]:
    """Command lines of processes that still know the home of a stack."""
    found = []
    for process in psutil.process_iter(["environ", "cmdline"]):
        environment = process.info["environ"] or {}
        if environment.get("SHIRUSHI_HOME") == str(home):
            found.append(" ".join(process.info["cmdline"] or []))
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


def test_the_demo_goes_from_nothing_to_a_judged_model(home: Path) -> None:
    code, said = ended(demo(home, "--exit", "--epochs", "2", "--min-map50", "0"))
    assert code == 0, said
    for stage in ("Draw", "Start", "Validate", "Train", "Judge", "total", "/ui/ml"):
        assert stage in said
    [run] = (home / "ml_outputs/trainings/demo").iterdir()
    assert [name for name in FILES if not (run / name).is_file()] == []
    judged = list((home / "ml_outputs/validations").iterdir())
    assert len(judged) == 3, "on val and on test unasked, and what the demo asked for"
    for name in ("confusion_matrix.png", "report.json", "matches.parquet", "predictions.json"):
        assert all((each / name).is_file() for each in judged)
    [drawn] = (home / "ml_outputs/visualizations").iterdir()
    for name in ("training_curves", "class_metrics", "pr_curve", "f1_curve", "confusion_matrix"):
        assert (drawn / f"{name}.png").is_file()
    assert left_behind(home) == []


def test_it_stays_up_for_a_second_one_until_it_is_told_to_stop(home: Path) -> None:
    with demo(home, "--epochs", "1", "--min-map50", "0") as first:
        try:
            said_until(first, "stays up")
            code, said = ended(demo(home, "--exit", "--epochs", "1", "--min-map50", "0.999"))
            assert "already there" in said, "the first one drew the dataset"
            assert "is up already" in said
            assert code == 1, "a model that is not good enough is a failure"
            assert left_behind(home) != []
            first.send_signal(signal.SIGINT)
            assert ended(first)[0] == 0
            assert left_behind(home) == []
        finally:
            first.terminate()
