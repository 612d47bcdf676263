"""The parent process: light, and honest about a host without GPUs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from libs.common.children import FONTS, child_environment
from services.trainer.gpu import read_gpus


def test_the_parent_never_imports_torch() -> None:
    script = (
        "import sys, services.trainer.__main__, services.trainer.handlers\n"
        "print([name for name in ('torch', 'ultralytics', 'cv2', 'matplotlib')"
        " if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="there is a driver")
def test_a_host_without_a_driver_has_no_gpus() -> None:
    assert read_gpus() == ()


def test_a_child_finds_fonts_and_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIRUSHI_S3_SECRET_KEY", "hidden")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    environment = child_environment(tmp_path / "home")
    assert "hidden" not in environment.values()
    assert environment["PATH"] == os.environ["PATH"]
    assert (environment["YOLO_OFFLINE"], environment["ULTRALYTICS_SAFE_LOAD"]) == ("1", "1")
    fonts = [tmp_path / "home" / "Ultralytics" / name for name in FONTS]
    assert all(font.stat().st_size > 100_000 for font in fonts)
