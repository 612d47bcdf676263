"""Judges each epoch, in the child: confusions and sample images from the one validation."""
# mypy: allow-untyped-calls

import time
from typing import Any

import torch
from ultralytics.models.yolo.detect import DetectionValidator

from services.trainer.ranks import Ranks
from services.trainer.samples import Samples
from services.trainer.wishes import SAID_S, Say


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
        if now - self.said_at >= SAID_S:
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
