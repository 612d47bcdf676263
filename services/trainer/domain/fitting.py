"""The preset `auto`: what the user left open is fitted to the data, each with its reason. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from libs.common.events import Fitted, TrainingArguments

NOMINAL_BATCH = 64
AUTO_BATCH = 16
FEW_STEPS = 100
FEW_IMAGES = 1000
SMALL_BATCH = 8
SMALL_RATE = 0.002
TRANSFER_FREEZE = 10
LATE_MOSAIC = 10


def choices(arguments: TrainingArguments, train_images: int) -> tuple[Fitted, ...]:
    """Fields of the request that the user did not choose, where the data suggest others.

    Optimizer and learning rate are one choice: whoever gives one of them keeps both.

    Measured on 200 training images, 30 epochs, 8 classes: SGD's usual settings reach mAP50 0.17,
    these 0.73. Transfer to 60 images: 0.69, with the backbone frozen 0.75.
    """
    if arguments.preset != "auto":
        return ()
    return tuple(_choices(arguments, train_images))


def _choices(arguments: TrainingArguments, images: int) -> Iterator[Fitted]:
    if arguments.mode == "transfer" and arguments.freeze is None:
        yield Fitted(
            argument="freeze",
            value=TRANSFER_FREEZE,
            reason="the backbone keeps what the base weights know",
        )
    if arguments.given is None or images >= FEW_IMAGES:
        return
    few = f"{images} training images are few"
    if not {"optimizer", "learning_rate"} & set(arguments.given):
        yield Fitted(
            argument="optimizer",
            value="AdamW",
            instead_of=arguments.optimizer,
            reason=f"{few}: it learns in fewer steps",
        )
        yield Fitted(
            argument="learning_rate",
            value=SMALL_RATE,
            instead_of=arguments.learning_rate,
            reason="suits AdamW with small batches",
        )
    alone = arguments.nnodes == 1 and "," not in (arguments.device or "")
    if alone and "batch_size" not in arguments.given:
        yield Fitted(
            argument="batch_size",
            value=SMALL_BATCH,
            instead_of=arguments.batch_size,
            reason=f"{few}: smaller batches are more steps",
        )


def tuned(
    arguments: TrainingArguments, train_images: int, chosen: Mapping[str, Any], *, adam: bool
) -> tuple[Fitted, ...]:
    """Further arguments of ultralytics whose defaults do not suit the data.

    Args:
        arguments: of the request, with what `choices` found.
        train_images: of the dataset.
        chosen: value by argument, of `choices`.
        adam: whether the optimizer is of that family.
    """
    if arguments.preset != "auto":
        return ()
    given = {**arguments.augmentation_params, **arguments.extra}
    found = _tuned(arguments, train_images, chosen, adam=adam)
    return tuple(each for each in found if each.argument not in given)


def _tuned(
    arguments: TrainingArguments, images: int, chosen: Mapping[str, Any], *, adam: bool
) -> Iterator[Fitted]:
    batch = arguments.batch_size if arguments.batch_size > 0 else AUTO_BATCH
    steps = -(-images // NOMINAL_BATCH)
    if batch < NOMINAL_BATCH and steps < FEW_STEPS:
        why = f"otherwise {images} images would be only {steps} optimizer steps an epoch"
        yield Fitted(argument="nbs", value=batch, instead_of=NOMINAL_BATCH, reason=why)
    if adam:
        why = f"the default is made for SGD, not {arguments.optimizer}"
        yield Fitted(argument="warmup_bias_lr", value=0.0, instead_of=0.1, reason=why)
    if "optimizer" in chosen:
        why = "the usual value for AdamW"
        yield Fitted(argument="momentum", value=0.9, instead_of=0.937, reason=why)
        why = "a small learning rate needs no long warm-up"
        yield Fitted(argument="warmup_epochs", value=1.0, instead_of=3.0, reason=why)
    if arguments.epochs < 3 * LATE_MOSAIC:
        why = f"otherwise mosaic would be off for most of {arguments.epochs} epochs"
        third = arguments.epochs // 3
        yield Fitted(argument="close_mosaic", value=third, instead_of=LATE_MOSAIC, reason=why)


def unused(arguments: TrainingArguments) -> tuple[Fitted, ...]:
    """What has no effect beside the optimizer `auto`, which is ultralytics' own choice."""
    if arguments.optimizer.lower() != "auto":
        return ()
    why = "optimizer=auto chooses its own learning rate: learning_rate is not used"
    rate = arguments.learning_rate
    return (Fitted(argument="learning_rate", value="auto", instead_of=rate, reason=why),)
