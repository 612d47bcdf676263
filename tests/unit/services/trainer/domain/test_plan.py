"""From a request to the arguments of ultralytics."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import yaml

from libs.common.errors import BadInput
from libs.common.events import TrainingArguments
from services.trainer.domain.arguments import AUGMENTATIONS, EXTRAS
from services.trainer.domain.plan import DataFacts, Plan, plan_training

SMALL = DataFacts(200, 50, ("logo",))
LARGE = DataFacts(20_000, 500, ("logo",))


def plan(facts: DataFacts = SMALL, weights: str | None = None, **given: Any) -> Plan:
    arguments = TrainingArguments(**{"mode": "full", **given})
    return plan_training(arguments, facts, weights=weights, device="cpu")


def test_full_is_an_architecture_and_no_weights() -> None:
    made = plan(model_architecture="yolov8m").overrides
    assert (made["model"], made["pretrained"], made["freeze"]) == ("yolov8m.yaml", False, None)


def test_transfer_freezes_the_backbone_unless_told_otherwise() -> None:
    assert plan(weights="w.pt", mode="transfer").overrides["freeze"] == 10
    assert plan(weights="w.pt", mode="transfer", freeze=0).overrides["freeze"] == 0
    assert plan(weights="w.pt", mode="continue").overrides["freeze"] is None
    assert plan(weights="w.pt", mode="transfer").overrides["model"] == "w.pt"


@pytest.mark.parametrize("mode", ["transfer", "continue"])
def test_a_start_from_weights_needs_weights(mode: str) -> None:
    with pytest.raises(BadInput, match="base_model_path") as caught:
        plan(mode=mode)
    assert caught.value.code == "base_model_missing"


def test_a_small_set_steps_after_every_batch_and_says_why() -> None:
    made = plan(batch_size=8)
    assert made.overrides["nbs"] == 8
    assert any(each.argument == "nbs" and "optimizer steps" in each.reason for each in made.fitted)
    assert "nbs" not in plan(LARGE, batch_size=8).overrides


def test_what_the_user_gives_always_wins() -> None:
    given = {"nbs": 64, "warmup_bias_lr": 0.05}
    made = plan(optimizer="AdamW", epochs=9, extra=given, augmentation_params={"close_mosaic": 1})
    assert made.overrides["nbs"] == 64
    assert made.overrides["warmup_bias_lr"] == 0.05
    assert made.overrides["close_mosaic"] == 1
    assert made.fitted == ()


def test_a_short_run_keeps_mosaic_for_two_thirds() -> None:
    assert plan(epochs=9).overrides["close_mosaic"] == 3
    assert "close_mosaic" not in plan(epochs=100).overrides


def test_optimizers_are_spelt_as_ultralytics_spells_them() -> None:
    assert plan(optimizer="adamw").overrides["optimizer"] == "AdamW"
    with pytest.raises(BadInput, match="Valid optimizers: SGD, MuSGD, Adam,"):
        plan(optimizer="Lion")


def test_auto_says_that_the_learning_rate_is_not_used() -> None:
    told = plan(optimizer="auto").fitted
    assert any("learning_rate is not used" in each.reason for each in told)


@pytest.mark.parametrize(
    ("field", "given", "sentence"),
    [
        ("augmentation_params", {"flip": 1}, "has no 'flip'. Valid names: bgr, close_mosaic,"),
        ("augmentation_params", {"mosaic": 1.5}, "mosaic is 1.5; give a number from 0 to 1"),
        ("augmentation_params", {"mosaic": True}, "mosaic is True; give a number from 0 to 1"),
        ("augmentation_params", {"hsv_h": float("nan")}, "hsv_h is nan; give a number"),
        ("extra", {"save_dir": "/etc"}, "extra has no 'save_dir'"),
        ("extra", {"nbs": 1.5}, "nbs is 1.5; give a whole number from 1 to 1024"),
        ("extra", {"cos_lr": 1}, "cos_lr is 1; give true or false"),
    ],
)
def test_an_argument_that_cannot_be_is_refused_with_what_could(
    field: str, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadInput) as caught:
        plan(SMALL, None, **{field: given})
    assert sentence in caught.value.message


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (DataFacts(0, 5, ("a",)), "no training images"),
        (DataFacts(5, 0, ("a",)), "no validation images"),
        (DataFacts(5, 5, ()), "names no classes"),
    ],
)
def test_data_that_cannot_be_trained_on_is_refused(facts: DataFacts, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        plan(facts)


def test_every_argument_is_one_of_ultralytics() -> None:
    spec = importlib.util.find_spec("ultralytics")
    assert spec is not None
    assert spec.origin is not None
    known = yaml.safe_load((Path(spec.origin).parent / "cfg/default.yaml").read_text())
    order = plan().order(data="d", save_dir="s", resume=None)
    names = {*order["overrides"], *AUGMENTATIONS, *EXTRAS} - {"save_dir"}
    assert names <= set(known)
