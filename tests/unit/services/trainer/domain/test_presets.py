"""Presets: what they set for which data and machine, and that each choice can be asked for."""

from dataclasses import replace
from typing import Any

import pytest

from libs.common.events import TrainingArguments
from services.gateway.schemas.trainings import StartTraining
from services.trainer.domain.fitting import choices
from services.trainer.domain.presets import NAMES, Situation, preset

GPU = Situation(
    mode="transfer",
    train_images=5000,
    small_boxes=0.1,
    images_under_px=1024,
    gpu=True,
    largest_batch=lambda imgsz: 64 if imgsz <= 640 else 8,
    memory_free_bytes=2**36,
    cores=16,
)
CPU = replace(GPU, gpu=False, train_images=40, small_boxes=None, images_under_px=90, cores=2)


def values(seen: Situation, name: Any = "auto") -> dict[str, Any]:
    return {each.field: each.value for each in preset(name, seen)}


@pytest.mark.parametrize("seen", [GPU, CPU, replace(CPU, train_images=None, mode="full")])
@pytest.mark.parametrize("name", NAMES)
def test_every_choice_can_be_asked_for_and_has_a_reason_in_both_languages(
    seen: Situation, name: Any
) -> None:
    found = preset(name, seen)
    body = {each.field: each.value for each in found}
    StartTraining.model_validate(
        {"mode": "transfer", "dataset_path": "d", "base_model_path": "m"} | body
    )
    assert len(body) == len(found)
    for each in found:
        assert each.why["en"]
        assert any(ord(sign) > 0x3000 for sign in each.why["ja"])


def test_small_boxes_ask_for_a_larger_image_and_the_memory_then_decides_the_batch() -> None:
    assert values(GPU)["imgsz"] == 640
    small = values(replace(GPU, small_boxes=0.5))
    assert (small["imgsz"], small["batch_size"]) == (960, 8)


def test_images_are_not_enlarged() -> None:
    assert values(CPU)["imgsz"] == 64
    assert values(replace(CPU, images_under_px=362))["imgsz"] == 352


def test_few_images_get_small_batches_many_epochs_and_a_frozen_backbone() -> None:
    few, many = values(CPU), values(GPU)
    assert few["batch_size"] < many["batch_size"]
    assert few["epochs"] > many["epochs"]
    assert (few["freeze"], many["freeze"]) == (10, 0)


def test_what_was_trained_before_is_changed_in_small_steps() -> None:
    assert values(GPU)["learning_rate"] < values(replace(GPU, mode="full"))["learning_rate"]


@pytest.mark.parametrize("mode", ["full", "transfer"])
def test_few_images_get_the_optimizer_that_an_open_request_gets(mode: Any) -> None:
    seen = replace(CPU, mode=mode)
    asked = TrainingArguments(mode=mode, given=("mode",))
    fitted = {each.argument: each.value for each in choices(asked, seen.train_images or 0)}
    for name in ("optimizer", "learning_rate"):
        assert values(seen)[name] == fitted[name]


def test_images_are_kept_in_memory_only_where_it_is_large_enough() -> None:
    assert values(GPU)["cache"] == "ram"
    assert "cache" not in values(replace(GPU, memory_free_bytes=2**30))
