"""A training reports to us alone, whatever else is installed beside it."""

import importlib.util
import subprocess
import sys

from tests.conftest import ROOT

PROGRAM = """
import sys
import services.trainer.yolo
from ultralytics.engine.trainer import callbacks

class SomeTrainer:
    callbacks = {}

callbacks.add_integration_callbacks(SomeTrainer())
print(SomeTrainer.callbacks, "mlflow" in sys.modules, "wandb" in sys.modules)
"""


def test_nothing_that_happens_to_be_installed_is_imported_by_a_training() -> None:
    assert importlib.util.find_spec("mlflow")  # it is there to be found
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[-1] == "{} False False"
