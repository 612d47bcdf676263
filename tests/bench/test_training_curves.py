"""The preset `auto` against what `yolo detect train` does unasked, and transfer against scratch.

About eight minutes on two idle cores; one test at a time can be chosen.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.demo import BASE_MODEL
from libs.synthetic import DEMO_SPEC
from tests.bench.paired_training import Cost, by_us, by_yolo, drawn, planned

WEIGHTS = Path(__file__).parents[2] / "weights" / f"{BASE_MODEL}.pt"
EPOCHS, STOCK_EPOCHS = 20, 30
GOAL, STOCK_BELOW = 0.5, 0.2  # the one run by script saw 0.22: the second is not reached
UNASKED = ("model", "pretrained", "imgsz", "epochs", "device", "seed")
"""What is said to the command: everything else is its default."""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn(tmp_path_factory.mktemp("drawn") / "demo", DEMO_SPEC.size, 160, 60)


def asked(**more: Any) -> dict[str, Any]:
    """A request in which nobody chose more than this."""
    fields = {"model_architecture": "yolov8n", "imgsz": DEMO_SPEC.size, **more}
    return {**fields, "given": tuple(sorted(fields))}


@pytest.fixture(scope="module")
def scratch(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Cost:
    folder = tmp_path_factory.mktemp("scratch")
    plan, data = planned(dataset, folder / "run", None, **asked(mode="full", epochs=EPOCHS))
    return by_us(plan, data, folder / "run", folder / "home")


def curve(title: str, cost: Cost) -> None:
    print(f"\n{title}, mAP50 by epoch: {' '.join(f'{each:.2f}' for each in cost.map50)}")


@pytest.mark.timeout(1800)
def test_the_preset_reaches_a_half_from_scratch_where_the_command_does_not(
    dataset: Path, scratch: Cost, tmp_path: Path
) -> None:
    plan, data = planned(dataset, tmp_path / "run", None, **asked(mode="full", epochs=STOCK_EPOCHS))
    unasked = {name: plan.overrides[name] for name in UNASKED}
    stock = by_yolo(replace(plan, overrides=unasked), data, tmp_path / "run", tmp_path / "home")
    curve("preset auto", scratch)
    curve("yolo detect train, its defaults", stock)
    assert max(scratch.map50) >= GOAL
    assert stock.map50[-1] < STOCK_BELOW


@pytest.mark.timeout(1800)
def test_transfer_is_ahead_of_scratch_after_every_epoch(
    dataset: Path, scratch: Cost, tmp_path: Path
) -> None:
    fields = asked(mode="transfer", epochs=EPOCHS)
    plan, data = planned(dataset, tmp_path / "run", WEIGHTS, **fields)
    transfer = by_us(plan, data, tmp_path / "run", tmp_path / "home")
    curve("transfer", transfer)
    curve("scratch", scratch)
    assert all(one > other for one, other in zip(transfer.map50, scratch.map50, strict=True))
