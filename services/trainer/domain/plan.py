"""From a request and facts about its data to the exact arguments of ultralytics: pure."""

from dataclasses import dataclass
from typing import Any

from libs.common.errors import BadInput
from libs.common.events import Fitted, TrainingArguments
from services.trainer.domain.arguments import (
    ADAM_LIKE,
    AUGMENTATIONS,
    EXTRAS,
    checked,
    optimizer_named,
)
from services.trainer.domain.devices import device_count
from services.trainer.domain.fitting import AUTO_BATCH, choices, tuned, unused
from services.trainer.domain.samples import period_of

MEET_S = 600.0
"""How long the hosts of a training may take to find each other, unless it is said."""


@dataclass(frozen=True)
class DataFacts:
    """What the plan must know of the dataset."""

    train_images: int
    val_images: int
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """One run of ultralytics, before it is known where its files lie."""

    overrides: dict[str, Any]
    weights: str | None
    memory_share: float
    sample_period: int
    fitted: tuple[Fitted, ...]
    ranks: int = 1
    """Processes of this host that train together, one for each device."""
    nodes: int = 1
    """Hosts that train together, each with as many devices."""
    endpoint: str | None = None

    def order(self, *, data: str, save_dir: str, resume: str | None) -> dict[str, Any]:
        """The line that the child reads: the plan, and the paths of this attempt.

        Args:
            data: the data.yaml that the service wrote itself.
            save_dir: an empty folder for the run's files.
            resume: a folder with state.pt (and last.pt, best.pt); None = from the start.
        """
        return {
            "overrides": {**self.overrides, "data": data, "save_dir": save_dir},
            "run_dir": save_dir,
            "ranks": self.ranks,
            "nodes": self.nodes,
            "node": 0,
            "meet_s": MEET_S,
            "endpoint": self.endpoint,
            "weights": self.weights,
            "memory_share": self.memory_share,
            "sample_period": self.sample_period,
            "resume": resume,
            "extends": False,
        }


def plan_training(
    arguments: TrainingArguments, facts: DataFacts, *, weights: str | None, device: str
) -> Plan:
    """Decide every argument of the run.

    What the user gave is never changed; what the user left open is fitted to the data, each
    with a reason in `fitted`.

    Args:
        arguments: of the request.
        facts: of the dataset.
        weights: path of the start weights or checkpoint; None for mode `full`.
        device: `cpu` or the index of a GPU; several, as in `0,1` or `cpu,cpu`, train together.

    Raises:
        BadInput: an argument is unknown or out of range, or the data cannot be trained on.
    """
    local = device_count(device)
    ranks = local * arguments.nnodes
    _check_data(facts)
    found = choices(arguments, facts.train_images)
    chosen = {each.argument: each.value for each in found}
    arguments = arguments.model_copy(update=chosen)
    _check_ranks(ranks, arguments, facts)
    overrides: dict[str, Any] = {
        "task": "detect",
        "mode": "train",
        **_start(arguments, weights),
        "epochs": arguments.epochs,
        "batch": _batch(arguments, ranks),
        "lr0": arguments.learning_rate,
        "imgsz": arguments.imgsz,
        "optimizer": optimizer_named(arguments.optimizer),
        "patience": arguments.patience,
        "save_period": arguments.save_period,
        "seed": arguments.seed,
        "cache": arguments.cache,
        "workers": arguments.workers,
        "amp": arguments.amp,
        "device": "cpu" if device.startswith("cpu") else device,
        "plots": False,
        "exist_ok": True,
    }
    adam = overrides["optimizer"] in ADAM_LIKE
    further = tuned(arguments, facts.train_images, chosen, adam=adam)
    overrides |= {each.argument: each.value for each in further}
    overrides |= checked(arguments.augmentation_params, AUGMENTATIONS, field="augmentation_params")
    overrides |= checked(arguments.extra, EXTRAS, field="extra")
    samples = period_of(arguments.sample_period, arguments.epochs)
    told = (*found, *further, *unused(arguments))
    hosts = (arguments.nnodes, arguments.rdzv_endpoint)
    return Plan(overrides, weights, arguments.gpu_load_rate, samples, told, local, *hosts)


def _check_data(facts: DataFacts) -> None:
    if not facts.classes:
        raise BadInput("the dataset names no classes: give `names` in its data.yaml")
    if facts.train_images == 0:
        raise BadInput("the dataset has no training images: check `train` in its data.yaml")
    if facts.val_images == 0:
        raise BadInput(
            "the dataset has no validation images: check `val` in its data.yaml, or split it"
        )


def _check_ranks(ranks: int, arguments: TrainingArguments, facts: DataFacts) -> None:
    """Each rank needs an image in every batch."""
    if arguments.nnodes > 1 and not arguments.rdzv_endpoint:
        raise BadInput(
            "several hosts find each other at rdzv_endpoint: give address:port of the first",
            code="endpoint_missing",
        )
    least = min(facts.train_images, arguments.batch_size if arguments.batch_size > 0 else ranks)
    if least < ranks:
        raise BadInput(
            f"{ranks} devices share each batch, and need at least one image each: give a larger "
            "batch_size, more training images, or fewer devices",
            code="batch_too_small",
        )


def _batch(arguments: TrainingArguments, ranks: int) -> int:
    """Images of all ranks per step; ultralytics finds out itself only for a single one."""
    found = arguments.batch_size < 1 and ranks > 1
    return AUTO_BATCH * ranks if found else arguments.batch_size


def _start(arguments: TrainingArguments, weights: str | None) -> dict[str, Any]:
    """Where the weights come from. ultralytics replaces the class head where classes differ."""
    if arguments.mode == "full":
        return {
            "model": f"{arguments.model_architecture}.yaml",
            "pretrained": False,
            "freeze": arguments.freeze,
        }
    if weights is None:
        raise BadInput(
            f"mode '{arguments.mode}' starts from weights: give base_model_path",
            code="base_model_missing",
        )
    return {"model": weights, "pretrained": True, "freeze": arguments.freeze}
