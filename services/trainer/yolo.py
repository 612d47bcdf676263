"""The training itself, by ultralytics.

It runs in a child process. Three differences to a plain `yolo train` make a killed run resumable
to the same bits: samples are seeded by (seed, epoch, index), an epoch ends with an optimizer
step, and state.pt holds what last.pt leaves out or rounds: raw weights, EMA and optimizer in
full precision.
"""
# mypy: allow-untyped-calls

import math
import os
import random
import time
from copy import copy
from pathlib import Path
from threading import Event
from typing import Any, Protocol

import torch
import ultralytics.engine.trainer
from ultralytics.models.yolo.detect import DetectionTrainer, DetectionValidator
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils.torch_utils import ModelEMA, unwrap_model

from libs.common.errors import BadInput, PermanentError
from services.trainer.checkpoint import AtomicPath, snapshot, write_checkpoint
from services.trainer.domain.seeds import mix
from services.trainer.repeatable import repeatable

BATCH_PERIOD_S = 0.25


class Say(Protocol):
    """Sends one message to the parent."""

    def __call__(self, type_: str, **fields: Any) -> None:
        """`type_` names the message, `fields` are JSON values."""


class Validator(DetectionValidator):
    """Counts confusions in every validation, so that the best epoch's need no second one."""

    confusion_matrix: Any

    def update_metrics(self, preds: list[dict[str, torch.Tensor]], batch: dict[str, Any]) -> None:
        """One batch of predictions, boxes in pixels of the network's input."""
        super().update_metrics(preds, batch)
        for image, found in enumerate(preds):
            truth = self._prepare_batch(image, batch)
            self.confusion_matrix.process_batch(self._prepare_pred(found), truth)


class Trainer(DetectionTrainer):
    """One run. `state` is that of the checkpoint it goes on from, or None."""

    model: Any
    ema: Any
    optimizer: Any
    scaler: Any
    validator: Any
    metrics: Any
    tloss: Any

    def __init__(
        self, order: dict[str, Any], state: dict[str, Any] | None, say: Say, finish: Event
    ) -> None:
        self.say, self.finish, self.state = say, finish, state
        self.memory_share = order["memory_share"]
        self.history: list[dict[str, Any]] = list(state["history"]) if state else []
        self.confusion = state["confusion"] if state else None
        self.done_before_s: float = state["elapsed_s"] if state else 0.0
        self.next_epoch = state["epoch"] + 1 if state else 0
        self.batch_index, self.pending, self.said_at, self.cut = 0, 0, 0.0, False
        overrides = dict(order["overrides"])
        if state:
            overrides["resume"] = str(Path(overrides["save_dir"]) / "weights" / "last.pt")
        super().__init__(overrides=overrides)
        self.wdir = AtomicPath(self.wdir)
        self.last, self.best = self.wdir / "last.pt", self.wdir / "best.pt"
        if state:  # the record of what was asked, not of where the checkpoint lay
            (self.save_dir / "args.yaml").write_text(state["args_yaml"], encoding="utf-8")
            self.csv.write_text(state["results_csv"], encoding="utf-8")

    def run_callbacks(self, event: str) -> None:
        """Our hooks are methods; those of ultralytics report to other services."""
        if hook := getattr(self, event, None):
            hook()

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
        """The network. Raises BadInput for weights of another task."""
        if weights is not None and type(weights) is not DetectionModel:
            raise BadInput(
                f"the weights are of a {type(weights).__name__}: give those of a YOLO detector",
                code="not_a_detector",
            )
        return super().get_model(cfg, weights, verbose)

    def get_validator(self) -> Validator:
        """Counts confusions too, and reports to nobody."""
        return Validator(self.test_loader, save_dir=self.save_dir, args=copy(self.args))

    def get_dataloader(
        self, dataset_path: Any, batch_size: int = 16, rank: int = 0, mode: str = "train"
    ) -> Any:
        """Training batches in an order, and augmented in a way, that is a function of the seed."""
        loader = super().get_dataloader(dataset_path, batch_size, rank, mode)
        if mode == "train":
            self.sampler = repeatable(loader, seed=self.args.seed, epoch=self.next_epoch)
        return loader

    def _close_dataloader_mosaic(self) -> None:
        super()._close_dataloader_mosaic()
        self.sampler.epoch = self.epoch  # the loader starts anew, at this epoch

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Scale as stock; with multi_scale the size is drawn from (seed, epoch, batch)."""
        random.seed(mix(self.args.seed, self.epoch, self.batch_index))
        prepared: dict[str, Any] = super().preprocess_batch(batch)
        return prepared

    def resume_training(self, ckpt: Any) -> None:
        """Go on from the checkpoint, from its exact state rather than its rounded one."""
        super().resume_training(ckpt)
        if not self.state:
            return
        if self.state["names"] != self.data["names"]:
            raise BadInput(
                "the dataset's classes changed since this training began: start a new one",
                code="classes_changed",
            )
        unwrap_model(self.model).load_state_dict(self.state["model"])
        self.ema = ModelEMA(self.model)
        self.ema.ema.load_state_dict(self.state["ema"])
        self.ema.updates = self.state["updates"]
        self.optimizer.load_state_dict(self.state["optimizer"])
        self.scaler.load_state_dict(self.state["scaler"])
        self.state = None

    def on_pretrain_routine_end(self) -> None:
        """Use all cores: device selection left one thread on two. Stay within the GPU's share."""
        torch.set_num_threads(len(os.sched_getaffinity(0)))
        if self.device.type == "cuda" and self.memory_share < 1:
            torch.cuda.set_per_process_memory_fraction(self.memory_share, self.device)
        self.say(
            "started",
            device=str(self.device),
            train_images=len(self.train_loader.dataset),
            val_images=len(self.test_loader.dataset),
            start_epoch=self.start_epoch,
            history=self.history,
        )

    def on_train_start(self) -> None:
        """The clock of results.csv goes on where the last attempt's stopped."""
        self.train_time_start -= self.done_before_s

    def on_train_epoch_start(self) -> None:
        """Redone epochs (out of memory, not finite) see their own samples again."""
        if self.epoch != self.next_epoch:
            self.train_loader.reset()
            self.sampler.epoch = self.epoch
        self.next_epoch = self.epoch + 1
        self.batch_index, self.pending, self.epoch_began = 0, 0, time.monotonic()

    def optimizer_step(self) -> None:
        """Called at the pace of ultralytics, which spans epochs: ours is kept below."""

    def on_train_batch_end(self) -> None:
        """Step when enough gradients are there, and at the end of an epoch in any case."""
        self.batch_index += 1
        self.pending += 1
        if self.finish.is_set():
            self.stop = self.cut = True
        if (
            self.pending >= self.accumulate
            or self.batch_index == len(self.train_loader)
            or self.stop
        ):
            super().optimizer_step()
            self.pending = 0
        now = time.monotonic()
        if now - self.said_at >= BATCH_PERIOD_S or self.batch_index == len(self.train_loader):
            self.said_at = now
            images = self.batch_index * self.batch_size
            self.say(
                "batch",
                epoch=self.epoch + 1,
                epochs=self.epochs,
                done=self.batch_index,
                of=len(self.train_loader),
                losses=finite(self.tloss),
                images_per_s=round(images / max(now - self.epoch_began, 1e-6), 2),
            )

    def on_train_epoch_end(self) -> None:
        """A loss that is not finite in the first epoch stays so: ultralytics would go on."""
        if self.epoch == self.start_epoch and len(finite(self.tloss)) < len(self.tloss):
            raise PermanentError(
                f"the loss is not finite in epoch {self.epoch + 1}: lower learning_rate, or check "
                "the labels; with amp, try amp=false",
                code="loss_not_finite",
            )

    def save_model(self) -> bool:
        """Write last.pt, best.pt and state.pt, and tell the epoch."""
        best = bool(self.best_fitness == self.fitness)
        if best:
            self.confusion = torch.from_numpy(self.validator.confusion_matrix.matrix.copy())
        self.history.append(self._record(best))
        super().save_model()
        self.say(
            "epoch",
            **self.history[-1],
            checkpoint=write_checkpoint(self.save_dir, self.epoch + 1, snapshot(self)),
        )
        return True

    def elapsed_s(self) -> float:
        """Wall time of the training so far, earlier attempts included."""
        return time.time() - self.train_time_start

    def final_eval(self) -> None:
        """No second validation: the best epoch's is kept. Publishing strips copies."""

    def _record(self, best: bool) -> dict[str, Any]:
        """The fields of an EpochCompleted."""
        share = {name: _share(self.metrics[key]) for name, key in METRICS.items()}
        validation = {k.removeprefix("val/"): v for k, v in self.metrics.items() if k[:4] == "val/"}
        return {
            "epoch": self.epoch + 1,
            "epochs": self.epochs,
            "train_losses": finite(self.tloss),
            "val_losses": finite(validation),
            **share,
            "learning_rates": {k.removeprefix("lr/"): float(v) for k, v in self.lr.items()},
            "seconds": round(time.monotonic() - self.epoch_began, 3),
            "best": best,
        }


METRICS = {
    "precision": "metrics/precision(B)",
    "recall": "metrics/recall(B)",
    "map50": "metrics/mAP50(B)",
    "map50_95": "metrics/mAP50-95(B)",
}


def finite(losses: dict[str, Any]) -> dict[str, float]:
    """Those of `losses` that are numbers."""
    return {name: float(value) for name, value in losses.items() if math.isfinite(value)}


def _share(value: float) -> float:
    return min(max(float(value), 0.0), 1.0) if math.isfinite(value) else 0.0


def _amp_works(model: torch.nn.Module) -> bool:
    """The stock check downloads a model; our guard against losses that are not finite stays."""
    return next(model.parameters()).device.type == "cuda"


setattr(ultralytics.engine.trainer, "check_amp", _amp_works)  # noqa: B010 - not exported
