"""Scripts of REST users, run as they are in a process of their own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Stack
from tests.e2e.tiny import TRAINED_S, tiny_dataset

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def run_example(name: str, *arguments: str | Path) -> str:
    """Its output; fails with it if the script does."""
    finished = subprocess.run(
        [sys.executable, f"examples/{name}", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TRAINED_S,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


def test_the_script_of_the_system_that_this_one_replaces_runs_to_completed(stack: Stack) -> None:
    said = run_example("legacy_client.py", stack.url, tiny_dataset(stack), "1")
    assert "Dataset valid: True" in said
    assert "Images: 20" in said
    shares = [float(share) for share in re.findall(r"Progress: ([\d.]+)%", said)]
    assert shares == sorted(shares)
    assert shares[-1] == 100.0
    best = re.search(r"Finished: completed, best model: (.+)", said)
    assert best is not None
    assert Path(best[1]).stat().st_size > 10_000_000  # yolov8s in half precision: 22 MB


def test_the_rest_walkthrough_trains_judges_and_draws(stack: Stack) -> None:
    said = run_example("rest_walkthrough.py", stack.url, tiny_dataset(stack), "2", "64")
    assert "valid: True, 20 images, ['adidas', 'nike']" in said
    assert "epoch 2/2" in said
    assert re.search(r"on test: mAP50 [01]\.\d{3}, precision [01]\.\d{3}", said)
    for file in ("weights/best.pt", "results.csv", "confusion_matrix.png", "args.yaml"):
        assert file in said
