"""The smallest dataset that trains, and the fields of a training that takes seconds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from libs.synthetic import DatasetSpec, write_dataset
from tests.conftest import Stack

TINY = DatasetSpec(
    classes=("adidas", "nike"),
    counts={"train": 12, "val": 4, "test": 4},
    size=64,
    seed=3,
    empty_share=0.25,
    logo_share=(0.3, 0.6),
)
QUICK: Mapping[str, Any] = {
    "model_architecture": "yolov8n",
    "imgsz": 64,
    "batch_size": 4,
    "device": "cpu",
    "project_name": "e2e",
}
TRAINED_S = 180.0


def tiny_dataset(stack: Stack) -> Path:
    """The dataset's folder, under the roots of `stack`; drawn once per session."""
    return write_dataset(stack.home.parent / "tiny", TINY).folder
