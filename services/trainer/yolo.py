"""The training itself, by ultralytics, in the child: what it is asked, tells and writes."""
# mypy: allow-untyped-calls

import time
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
import ultralytics.engine.trainer
import ultralytics.utils.callbacks
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils.torch_utils import get_torch_device_backend, init_seeds, unwrap_model

from libs.common.detectors import check_buildable
from libs.common.errors import BadInput, PermanentError
from services.trainer.card import Card
from services.trainer.checkpoint import AtomicPath, Pace, snapshot, write_checkpoint
from services.trainer.domain.levers import LEVERS
from services.trainer.domain.samples import due
from services.trainer.exact import Exact
from services.trainer.ranks import Ranks
from services.trainer.records import METRICS, finite, in_memory, mean, share
from services.trainer.samples import Samples
from services.trainer.validator import Validator
from services.trainer.wishes import SAID_S, Paused, Say, Wishes, Word


class Trainer(Exact):
    """One run. `state` is that of the checkpoint it goes on from, or None."""

    model: Any
    validator: Any
    metrics: Any
    gpu: dict[str, Any]
    compared: Mapping[str, Any] = MappingProxyType({})
    """What the ranks know of each other after an epoch."""
    card: Card

    def __init__(
        self,
        order: dict[str, Any],
        state: dict[str, Any] | None,
        say: Say,
        wishes: Wishes,
        ranks: Ranks,
    ) -> None:
        self.say, self.wishes, self.ranks = say, wishes, ranks
        self.go_on_from(state)
        self.levers = frozenset(order.get("levers", LEVERS))
        self.memory_share: float = order["memory_share"]
        self.sample_period: int = order["sample_period"]
        self.history: list[dict[str, Any]] = list(state["history"]) if state else []
        self.confusion = state["confusion"] if state else None
        self.said_at, self.cut = 0.0, False
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

    def on_pretrain_routine_end(self) -> None:
        """Use all cores. Stay within the GPU's share."""
        self.use_cores()
        self.card = Card(self.device, self.memory_share)
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

    def on_train_epoch_start(self) -> None:
        """Say that the first batch is under way: it may take seconds."""
        super().on_train_epoch_start()
        if not self.said_at:
            place = {"epoch": self.epoch + 1, "epochs": self.epochs, "done": self.batch_index}
            self.say("begins", **place, of=len(self.train_loader))

    def on_train_batch_end(self) -> None:
        """Step when enough gradients are there, and at the end of an epoch in any case."""
        self.card.rest()
        self.batch_index += 1
        self.pending += 1
        last = self.batch_index == len(self.train_loader)
        word = self.ranks.agree(self._wish())
        if word == Word.FINISH:
            self.stop = self.cut = True
        if self.pending >= self.accumulate or last or self.stop:
            self.step()
        now = time.monotonic()
        if now - self.said_at >= SAID_S or last:
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
        shares = {name: share(self.metrics[key]) for name, key in METRICS.items()}
        validation = {k.removeprefix("val/"): v for k, v in self.metrics.items() if k[:4] == "val/"}
        return {
            "epoch": self.epoch + 1,
            "epochs": self.epochs,
            "train_losses": finite(self.tloss),
            "val_losses": finite(validation),
            **shares,
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

    def _compare(self) -> None:
        """After an epoch: losses are means over all ranks, whose weights are the same."""
        said = self.ranks.gather((in_memory(self.tloss), self.card.peak()))
        losses, cards = zip(*said, strict=True)
        self.gpu = max(cards, key=lambda card: card.get("gpu_peak_bytes", 0))
        if self.ranks.together:
            self.tloss = mean(losses)
            sha256 = self.ranks.same_weights(unwrap_model(self.model), self.ema.ema)
            self.compared = {"ranks": self.ranks.size, "weights_sha256": sha256}


def _amp_works(model: torch.nn.Module) -> bool:
    """The stock check downloads a model; our guard against losses that are not finite stays."""
    return next(model.parameters()).device.type == "cuda"


def _report_to_nobody(_: object) -> None:
    """Ultralytics imports MLflow, Weights & Biases and others where they happen to be installed."""


setattr(ultralytics.utils.callbacks, "add_integration_callbacks", _report_to_nobody)  # noqa: B010
setattr(ultralytics.engine.trainer, "check_amp", _amp_works)  # noqa: B010 - not exported
