"""What the analyzer's tests share: an environment in which ultralytics calls nobody."""

import os
import shutil
from pathlib import Path

import matplotlib as mpl
import pytest


@pytest.fixture(scope="session")
def yolo_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Offline, one thread, its settings in a folder of this test run."""
    home = tmp_path_factory.mktemp("yolo")
    font = Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    (home / "Ultralytics").mkdir()
    for name in ("Arial.ttf", "Arial.Unicode.ttf"):
        shutil.copy(font, home / "Ultralytics" / name)
    return {
        **os.environ,
        "YOLO_OFFLINE": "1",
        "YOLO_AUTOINSTALL": "0",
        "YOLO_CONFIG_DIR": str(home),
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "passive",
    }
