"""The smallest dataset that trains, and the fields of a training that takes seconds."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from libs.synthetic import DatasetSpec, write_dataset
from tests.conftest import ROOT, Stack

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
CARD = ROOT / "weights/shirushi-logo-n.json"
WEIGHTS = ROOT / "weights/shirushi-logo-n.pt"


def base_dataset(stack: Stack) -> Path:
    """Scenes of the base weights' own brands, as a val split; drawn once per session."""
    brands = tuple(json.loads(CARD.read_text())["dataset"]["spec"]["classes"])
    spec = DatasetSpec(classes=brands, counts={"val": 8}, size=192, seed=7)
    return write_dataset(stack.home.parent / "brands", spec).folder


def tiny_dataset(stack: Stack) -> Path:
    """The dataset's folder, under the roots of `stack`; drawn once per session."""
    return write_dataset(stack.home.parent / "tiny", TINY).folder
