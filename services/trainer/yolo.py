"""The training itself, by ultralytics.

It runs in a child process. Three differences to a plain `yolo train` make a killed run resumable
to the same bits: samples are seeded by (seed, epoch, index), an epoch ends with an optimizer
step, and state.pt holds what last.pt leaves out or rounds: raw weights, EMA and optimizer in
full precision, and the batches of the epoch that are done.
"""
# mypy: allow-untyped-calls

import math
import random
import time
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from threading import Event
from types import MappingProxyType
from typing import Any, Protocol

import torch
import ultralytics.engine.trainer
from ultralytics.models.yolo.detect import DetectionValidator
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils.torch_utils import (
    ModelEMA,
    get_torch_device_backend,
    init_seeds,
    unwrap_model,
)

from libs.common.detectors import check_buildable
from libs.common.errors import BadInput, PermanentError
from services.trainer.checkpoint import AtomicPath, Pace, snapshot, write_checkpoint
from services.trainer.domain.levers import LEVERS
from services.trainer.domain.samples import due
from services.trainer.domain.seeds import mix
from services.trainer.quick import Quick
from services.trainer.ranks import Ranks
from services.trainer.repeatable import Note, noted, repeatable
from services.trainer.samples import Samples
from services.trainer.trouble import LOADING

BATCH_PERIOD_S = 0.25
MOST_REST_S = 5.0
MOST_RETRIES = 3
"""Of ultralytics' own, in the first epoch alone; then it raises."""


class Say(Protocol):
    """Sends one message to the parent."""

    def __call__(self, type_: str, **fields: Any) -> None:
        """`type_` names the message, `fields` are JSON values."""


class Paused(BaseException):
    """The training left its place, and can go on from its checkpoint; not an error."""


@dataclass
class Wishes:
    """What the parent wants of a running training."""

    finish: Event = field(default_factory=Event)
    pause: Event = field(default_factory=Event)


class Word(IntEnum):
    """What all ranks do after a batch."""

    GO_ON = 0
    SAVE = 1
    PAUSE = 2
    FINISH = 3


class Validator(DetectionValidator):
    """Counts confusions in every validation, so that the best epoch's need no second one."""

    confusion_matrix: Any
    say: Say
    ranks: Ranks
    said_at: float = 0.0
    samples: Samples | None = None

    def update_metrics(self, preds: list[dict[str, torch.Tensor]], batch: dict[str, Any]) -> None:
        """One batch of predictions, boxes in pixels of the network's input."""
        super().update_metrics(preds, batch)
        now = time.monotonic()
        if now - self.said_at >= BATCH_PERIOD_S:
            self.said_at = now
            self.say("validating")
        for image, found in enumerate(preds):
            truth = self._prepare_batch(image, batch)
            if self.samples:
                self.samples.see(found, truth, batch["img"][image])
            self.confusion_matrix.process_batch(self._prepare_pred(found), truth)

    def gather_stats(self) -> None:
        """Everything counts once, whichever rank judged it."""
        if self.ranks.together:
            super().gather_stats()
            self.ranks.add_up(self.confusion_matrix.matrix)
            batches = self.ranks.gather(len(self.dataloader))
            weight = self.ranks.size * batches[0] / sum(batches)  # stock: a mean over ranks
            self.loss = {name: value * weight for name, value in self.loss.items()}


class Trainer(Quick):
    """One run. `state` is that of the checkpoint it goes on from, or None."""

    model: Any
    ema: Any
    optimizer: Any
    scaler: Any
    validator: Any
    metrics: Any
    tloss: Any
    gpu: dict[str, Any]
    compared: Mapping[str, Any] = MappingProxyType({})
    """What the ranks know of each other after an epoch."""
    losses_before: dict[str, torch.Tensor] | None = None
    epoch_s_before: float = 0.0
    stepped_at: float = 0.0

    def __init__(
        self,
        order: dict[str, Any],
        state: dict[str, Any] | None,
        say: Say,
        wishes: Wishes,
        ranks: Ranks,
    ) -> None:
        self.say, self.wishes, self.state, self.ranks = say, wishes, state, ranks
        self.levers = frozenset(order.get("levers", LEVERS))
        self.memory_share: float = order["memory_share"]
        self.sample_period: int = order["sample_period"]
        self.history: list[dict[str, Any]] = list(state["history"]) if state else []
        self.confusion = state["confusion"] if state else None
        self.done_before_s: float = state["elapsed_s"] if state else 0.0
        self.next_epoch = state["epoch"] + 1 if state else 0
        self.batches_before: int = state["batches"] if state else 0
        self.batch_index, self.pending, self.said_at, self.cut = 0, 0, 0.0, False
        self.pace = Pace(order["checkpoint_s"])
        super().__init__(overrides=dict(order["overrides"]))
        for name in ("workers", "nbs"):  # ultralytics takes no workers on the CPU
            setattr(self.args, name, order["overrides"].get(name, getattr(self.args, name)))
        self.run_dir = Path(order["run_dir"])
        self.wdir = AtomicPath(self.run_dir / "weights")
        self.last, self.best = self.wdir / "last.pt", self.wdir / "best.pt"
        if ranks.together:
            self.world_size = ranks.size  # not as many as this host's devices
            init_seeds(self.args.seed, deterministic=self.args.deterministic)  # one start for all
        if state and ranks.first:  # the record of what was asked, not of where the checkpoint lay
            (self.save_dir / "args.yaml").write_text(state["args_yaml"], encoding="utf-8")
            if state["results_csv"]:
                self.csv.write_text(state["results_csv"], encoding="utf-8")

    def _setup_ddp(self) -> None:
        self.device = self.ranks.open(self.args.device)
        if self.device.type != "cpu":
            self.accelerator = get_torch_device_backend(self.device)

    def run_callbacks(self, event: str) -> None:
        """Our hooks are methods; those of ultralytics report to other services."""
        if hook := getattr(self, event, None):
            hook()

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
        """The network. Raises BadInput for weights of another task."""
        if isinstance(cfg, dict):
            check_buildable(cfg, file="the base model")
        if weights is not None and type(weights) is not DetectionModel:
            raise BadInput(
                f"the weights are of a {type(weights).__name__}: give those of a YOLO detector",
                code="not_a_detector",
            )
        return super().get_model(cfg, weights, verbose)

    def get_validator(self) -> Validator:
        """Counts confusions too, and reports to nobody."""
        validator = Validator(self.test_loader, save_dir=self.save_dir, args=copy(self.args))
        validator.say, validator.ranks = self.say, self.ranks
        if self.sample_period and self.ranks.first:
            labels = self.test_loader.dataset.labels
            own = [labels[at] for at in self.test_loader.sampler]  # a rank sees a part of them
            validator.samples = Samples(own, self.data["names"])
        return validator

    def get_dataloader(
        self, dataset_path: Any, batch_size: int = 16, rank: int = 0, mode: str = "train"
    ) -> Any:
        """Training batches in an order, and augmented in a way, that is a function of the seed."""
        loader = super().get_dataloader(dataset_path, batch_size, rank, mode)
        note, kept = Note(self.run_dir / LOADING), self.kept_images(self.ranks.local_size)
        if mode == "train":
            self.sampler = repeatable(loader, note, kept, seed=self.args.seed)
            self.ranks.divide(loader, self.sampler, self.batch_size)
        else:
            noted(loader, note, kept)
        return loader

    def _close_dataloader_mosaic(self) -> None:
        super()._close_dataloader_mosaic()
        self.sampler.go_to(self.epoch, self.batch_index)  # the loader starts anew, here

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Scale as stock; with multi_scale the size is drawn from (seed, epoch, batch)."""
        random.seed(mix(self.args.seed, self.epoch, self.batch_index))
        return super().preprocess_batch(batch)

    def resume_training(self, ckpt: Any) -> None:  # noqa: ARG002 - ultralytics passes it
        """Go on from the exact state; ultralytics' own resume knows whole epochs, rounded."""
        state, self.state = self.state, None
        if state is None:
            return
        if state["names"] != self.data["names"]:
            raise BadInput(
                "the dataset's classes changed since this training began: start a new one",
                code="classes_changed",
            )
        unwrap_model(self.model).load_state_dict(state["model"])
        self.ema = ModelEMA(self.model)
        self.ema.ema.load_state_dict(state["ema"])
        self.ema.updates = state["updates"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.best_fitness = state["best_fitness"]
        self.stopper.__dict__.update(state["stopper"])
        self.start_epoch = self.next_epoch
        self.losses_before, self.epoch_s_before = self._own(state["tloss"]), state["epoch_s"]

    def on_pretrain_routine_end(self) -> None:
        """Use all cores. Stay within the GPU's share."""
        self.use_cores(self.ranks.local_size)
        if self.device.type == "cuda" and self.memory_share < 1:
            torch.cuda.set_per_process_memory_fraction(self.memory_share, self.device)
        names = [Path(name).name for name in self.train_loader.dataset.im_files]
        self.ranks.same_start(
            [self.start_epoch, self.batches_before, names], unwrap_model(self.model), self.ema.ema
        )
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
        """The next epoch, or the rest of it; redone ones see their own samples again."""
        fresh = self.train_loader.iterator is None
        if self.epoch != self.next_epoch and not fresh:
            self.train_loader.reset()
            fresh = True
        self.next_epoch = self.epoch + 1
        self._oom_retries = MOST_RETRIES  # the parent halves the batch, in any epoch and visibly
        last = len(self.train_loader) - 1  # another number of ranks may have a batch less
        self.batch_index, self.batches_before = min(self.batches_before, last), 0
        if fresh:
            self.sampler.go_to(self.epoch, self.batch_index)
        self.train_loader.batches_done = self.batch_index
        self.pending, self.epoch_began = 0, time.monotonic() - self.epoch_s_before
        self.epoch_s_before = 0.0
        self.pace.begin(self.epoch_began)

    def on_train_batch_start(self) -> None:
        """The running means of an epoch's losses go on, too."""
        if self.losses_before is not None:
            device = self.device
            self.tloss = {name: value.to(device) for name, value in self.losses_before.items()}
            self.losses_before = None

    def optimizer_step(self) -> None:
        """Called at the pace of ultralytics, which spans epochs: ours is kept below."""

    def on_train_batch_end(self) -> None:
        """Step when enough gradients are there, and at the end of an epoch in any case."""
        self._rest()
        self.batch_index += 1
        self.pending += 1
        last = self.batch_index == len(self.train_loader)
        word = self.ranks.agree(self._wish())
        if word == Word.FINISH:
            self.stop = self.cut = True
        if self.pending >= self.accumulate or last or self.stop:
            super().optimizer_step()
            self.pending = 0
        now = time.monotonic()
        if now - self.said_at >= BATCH_PERIOD_S or last:
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
        if self.pending == 0 and not last and word in (Word.SAVE, Word.PAUSE):
            self._between_batches()
            if word == Word.PAUSE:
                raise Paused

    def _wish(self) -> Word:
        """What this rank would do now."""
        if self.wishes.finish.is_set():
            return Word.FINISH
        if self.wishes.pause.is_set():
            return Word.PAUSE
        return Word.SAVE if self.pace.due() else Word.GO_ON

    def _between_batches(self) -> None:
        """A checkpoint within the epoch: it is time for one, or somebody wants the place."""
        losses = self.ranks.gather(in_memory(self.tloss))
        if not self.ranks.first:
            return
        with self.pace.saving():
            state = snapshot(self, batches=self.batch_index, losses=losses)
            files = write_checkpoint(self.save_dir, state)
        self.say("checkpoint", epoch=self.epoch, batches=self.batch_index, checkpoint=files)

    def on_train_epoch_end(self) -> None:
        """A loss that is not finite in the first epoch stays so: ultralytics would go on."""
        self._compare()
        if not self.history and len(finite(self.tloss)) < len(self.tloss):
            raise PermanentError(
                f"the loss is not finite in epoch {self.epoch + 1}: lower learning_rate, or check "
                "the labels; with amp, try amp=false",
                code="loss_not_finite",
            )

    def _handle_nan_recovery(self, epoch: int) -> bool:
        """Back to the last good weights, also in the first epoch after a resume."""
        first, self.start_epoch = self.start_epoch, -1
        try:
            recovered = bool(super()._handle_nan_recovery(epoch))
        finally:
            self.start_epoch = first
        if recovered:
            self.say("recovered", epoch=epoch + 1)
        return recovered

    def save_model(self) -> bool:
        """Write last.pt, best.pt and state.pt, and tell the epoch."""
        best = bool(self.best_fitness == self.fitness)
        if best:
            self.confusion = torch.from_numpy(self.validator.confusion_matrix.matrix.copy())
        self.history.append(self._record(best))
        with self.pace.saving():
            super().save_model()
            files = write_checkpoint(self.save_dir, snapshot(self))
        self.say("epoch", **self.history[-1], checkpoint=files, **self._drawn_samples())
        return True

    def on_fit_epoch_end(self) -> None:
        """Finish or leave the place here, if somebody wants it and there is more to do."""
        word = self.ranks.agree(Word.GO_ON if self.stop else self._wish())
        if word == Word.FINISH:
            self.stop = self.cut = True
        elif word == Word.PAUSE:
            raise Paused

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
            **self.gpu,
            **self.compared,
        }

    def _drawn_samples(self) -> dict[str, Any]:
        """Validation images with their boxes, when it is time for some."""
        epoch, samples = self.epoch + 1, self.validator.samples
        last = bool(self.stop) or epoch == self.epochs
        if samples is None or not samples.cells or not due(epoch, self.sample_period, last=last):
            return {}
        path = self.save_dir / "samples" / f"{epoch}.jpg"
        told = samples.draw(path, f"epoch {epoch} of {self.epochs}")
        return {"samples": {**told, "path": str(path)}}

    def _own(self, losses: list[dict[str, torch.Tensor]] | None) -> Any:
        """This rank's running means of a checkpoint; the mean, where there were other ranks."""
        if not losses:
            return None
        return losses[self.ranks.rank] if len(losses) == self.ranks.size else mean(losses)

    def _compare(self) -> None:
        """After an epoch: losses are means over all ranks, whose weights are the same."""
        said = self.ranks.gather((in_memory(self.tloss), self._gpu_peak()))
        losses, cards = zip(*said, strict=True)
        self.gpu = max(cards, key=lambda card: card.get("gpu_peak_bytes", 0))
        if self.ranks.together:
            self.tloss = mean(losses)
            sha256 = self.ranks.same_weights(unwrap_model(self.model), self.ema.ema)
            self.compared = {"ranks": self.ranks.size, "weights_sha256": sha256}

    def _gpu_peak(self) -> dict[str, Any]:
        """The most that was reserved so far, and on what kind of card."""
        if self.device.type != "cuda":
            return {}
        return {
            "gpu_peak_bytes": torch.cuda.max_memory_reserved(self.device),
            "gpu_name": torch.cuda.get_device_name(self.device),
        }

    def _rest(self) -> None:
        """Leave the card to others for the share of the time that was not asked for."""
        now = time.monotonic()
        if self.device.type == "cuda" and self.memory_share < 1 and self.stepped_at:
            worked = now - self.stepped_at
            time.sleep(min(MOST_REST_S, worked * (1 / self.memory_share - 1)))
        self.stepped_at = time.monotonic()


METRICS = {
    "precision": "metrics/precision(B)",
    "recall": "metrics/recall(B)",
    "map50": "metrics/mAP50(B)",
    "map50_95": "metrics/mAP50-95(B)",
}


def finite(losses: dict[str, Any]) -> dict[str, float]:
    """Those of `losses` that are numbers."""
    return {name: float(value) for name, value in losses.items() if math.isfinite(value)}


def in_memory(losses: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Not on a card, which another rank would open."""
    return {name: value.detach().cpu() for name, value in losses.items()}


def mean(losses: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Of each loss."""
    return {name: torch.stack([each[name] for each in losses]).mean() for name in losses[0]}


def _share(value: float) -> float:
    return min(max(float(value), 0.0), 1.0) if math.isfinite(value) else 0.0


def _amp_works(model: torch.nn.Module) -> bool:
    """The stock check downloads a model; our guard against losses that are not finite stays."""
    return next(model.parameters()).device.type == "cuda"


def _counted(batches: Any) -> Any:
    """`enumerate` for the training loop: the number of a batch counts those trained on before."""
    return enumerate(batches, getattr(batches, "batches_done", 0))


setattr(ultralytics.engine.trainer, "check_amp", _amp_works)  # noqa: B010 - not exported
setattr(ultralytics.engine.trainer, "enumerate", _counted)  # noqa: B010
