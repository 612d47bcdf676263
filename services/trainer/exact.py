"""A training that goes on to the same bits wherever it was stopped, in the child.

Three differences to ultralytics' own resume: samples are seeded by (seed, epoch, index), an epoch
ends with an optimizer step, and state.pt holds what last.pt leaves out or rounds: raw weights, EMA
and optimizer in full precision, and the batches of the epoch that are done.
"""
# mypy: allow-untyped-calls

import random
import time
from pathlib import Path
from typing import Any

import torch
import ultralytics.engine.trainer
from ultralytics.utils.torch_utils import ModelEMA, unwrap_model

from libs.common.errors import BadInput
from services.trainer.checkpoint import Pace
from services.trainer.domain.seeds import mix
from services.trainer.quick import Quick
from services.trainer.records import mean
from services.trainer.repeatable import Note, noted, repeatable
from services.trainer.trouble import LOADING

MOST_RETRIES = 3
"""Of ultralytics' own, in the first epoch alone; then it raises."""


class Exact(Quick):
    """`state` is that of the checkpoint that it goes on from, or None."""

    ema: Any
    optimizer: Any
    scaler: Any
    tloss: Any
    state: dict[str, Any] | None
    run_dir: Path
    pace: Pace
    done_before_s: float
    next_epoch: int
    batches_before: int
    batch_index: int
    losses_before: dict[str, torch.Tensor] | None = None
    epoch_s_before: float = 0.0

    def go_on_from(self, state: dict[str, Any] | None) -> None:
        """Where the first epoch begins; the weights follow in `resume_training`."""
        self.state = state
        self.done_before_s = state["elapsed_s"] if state else 0.0
        self.next_epoch = state["epoch"] + 1 if state else 0
        self.batches_before = state["batches"] if state else 0
        self.batch_index, self.pending = 0, 0

    def get_dataloader(
        self, dataset_path: Any, batch_size: int = 16, rank: int = 0, mode: str = "train"
    ) -> Any:
        """Training batches in an order, and augmented in a way, that is a function of the seed."""
        loader = super().get_dataloader(dataset_path, batch_size, rank, mode)
        note, kept = Note(self.run_dir / LOADING), self.kept_images()
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
        """Called at the pace of ultralytics, which spans epochs: ours is `step`."""

    def step(self) -> None:
        """Change the weights by the gradients gathered so far."""
        super().optimizer_step()
        self.pending = 0

    def _own(self, losses: list[dict[str, torch.Tensor]] | None) -> Any:
        """This rank's running means of a checkpoint; the mean, where there were other ranks."""
        if not losses:
            return None
        return losses[self.ranks.rank] if len(losses) == self.ranks.size else mean(losses)


def _counted(batches: Any) -> Any:
    """`enumerate` for the training loop: the number of a batch counts those trained on before."""
    return enumerate(batches, getattr(batches, "batches_done", 0))


setattr(ultralytics.engine.trainer, "enumerate", _counted)  # noqa: B010 - not exported
