"""What the examples of the client show works."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT, Stack
from tests.e2e.tiny import base_dataset, tiny_dataset

pytestmark = pytest.mark.e2e


def example(stack: Stack, name: str, *words: str) -> str:
    """What an example prints."""
    done = subprocess.run(
        [sys.executable, f"examples/{name}.py", *words],
        cwd=ROOT,
        env=os.environ | {"SHIRUSHI_URL": stack.url, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_client_trains_once_however_often_it_is_run(stack: Stack) -> None:
    dataset = str(tiny_dataset(stack))
    first = example(stack, "client", dataset)
    assert "20 images" in first
    assert "epoch 2" in first
    assert "mAP50" in first.splitlines()[-1]
    again = example(stack, "client", dataset)
    assert again.count("epoch") == first.count("epoch")


def test_the_async_client_judges_side_by_side_and_reads_along(stack: Stack) -> None:
    model = "shirushi-logo-n"
    said = example(stack, "async_client", str(base_dataset(stack)), model, model)
    assert said.count(f"{model} mAP50") == 2
    assert said.count("analysis.requested.v1") >= 2  # others may be judged meanwhile
    assert said.count("analysis.validated.v1") >= 2
