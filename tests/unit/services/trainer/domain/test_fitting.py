from typing import Any

import pytest

from libs.common.events import TrainingArguments
from services.trainer.domain.plan import DataFacts, Plan, plan_training

FEW, MANY = DataFacts(160, 60, ("a",)), DataFacts(50_000, 500, ("a",))


def plan(facts: DataFacts = FEW, **given: Any) -> Plan:
    """As the gateway asks: what is sent is what was chosen."""
    fields = {"mode": "full", **given}
    arguments = TrainingArguments(**fields, given=tuple(sorted(given)))
    weights = None if fields["mode"] == "full" else "w.pt"
    return plan_training(arguments, facts, weights=weights, device="cpu")


def told(made: Plan) -> dict[str, Any]:
    return {each.argument: each.value for each in made.fitted}


def test_few_images_get_many_small_steps_and_each_choice_has_a_reason() -> None:
    made = plan()
    expected = {
        "optimizer": "AdamW",
        "lr0": 0.002,
        "batch": 8,
        "nbs": 8,
        "momentum": 0.9,
        "warmup_epochs": 1.0,
        "warmup_bias_lr": 0.0,
    }
    assert {name: made.overrides[name] for name in expected} == expected
    assert told(made).keys() >= {"optimizer", "learning_rate", "batch_size", "nbs", "momentum"}
    assert all(each.reason for each in made.fitted)


@pytest.mark.parametrize(
    ("given", "argument", "value"),
    [
        ({"optimizer": "SGD"}, "optimizer", "SGD"),
        ({"optimizer": "SGD"}, "lr0", 0.01),
        ({"learning_rate": 0.01}, "lr0", 0.01),
        ({"learning_rate": 0.01}, "optimizer", "SGD"),
        ({"batch_size": 16}, "batch", 16),
        ({"extra": {"nbs": 64}}, "nbs", 64),
        ({"extra": {"momentum": 0.8}}, "momentum", 0.8),
        ({"mode": "transfer", "freeze": 0}, "freeze", 0),
    ],
)
def test_a_value_that_was_sent_is_kept_even_if_it_is_the_default(
    given: dict[str, Any], argument: str, value: object
) -> None:
    made = plan(**given)
    assert made.overrides[argument] == value
    assert argument not in told(made)


def test_many_images_keep_the_defaults_of_the_contract() -> None:
    made = plan(MANY)
    assert (made.overrides["optimizer"], made.overrides["lr0"], made.overrides["batch"]) == (
        "SGD",
        0.01,
        16,
    )
    assert made.fitted == ()


def test_transfer_keeps_the_backbone_and_says_so() -> None:
    assert told(plan(mode="transfer"))["freeze"] == 10


def test_the_preset_stock_sets_nothing() -> None:
    for mode in ("full", "transfer"):
        made = plan(mode=mode, preset="stock", epochs=9)
        assert made.fitted == ()
        assert "nbs" not in made.overrides
        assert (made.overrides["optimizer"], made.overrides["freeze"]) == ("SGD", None)
        assert "close_mosaic" not in made.overrides


def test_a_request_that_does_not_tell_what_was_chosen_chose_everything() -> None:
    arguments = TrainingArguments(mode="full")
    made = plan_training(arguments, FEW, weights=None, device="cpu")
    assert made.overrides["optimizer"] == "SGD"
    assert made.overrides["batch"] == 16
