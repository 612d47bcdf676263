"""The share of a GPU that a training may use, in the child: of its memory and of its time."""

import time
from typing import Any

import torch

MOST_REST_S = 5.0


class Card:
    """The device of this process; a CPU is not shared out.

    Args:
        device: to train on.
        share: of its memory and its time, in (0, 1]. More memory than that, and the training
            itself runs out of it, nobody else.
    """

    def __init__(self, device: torch.device, share: float) -> None:
        self.device, self.share, self.stepped_at = device, share, 0.0
        if device.type == "cuda" and share < 1:
            torch.cuda.set_per_process_memory_fraction(share, device)

    def rest(self) -> None:
        """After a step: leave the card to others for the share of the time not asked for."""
        now = time.monotonic()
        if self.device.type == "cuda" and self.share < 1 and self.stepped_at:
            worked = now - self.stepped_at
            time.sleep(min(MOST_REST_S, worked * (1 / self.share - 1)))
        self.stepped_at = time.monotonic()

    def peak(self) -> dict[str, Any]:
        """The most that was reserved so far, and on what kind of card; empty for a CPU."""
        if self.device.type != "cuda":
            return {}
        return {
            "gpu_peak_bytes": torch.cuda.max_memory_reserved(self.device),
            "gpu_name": torch.cuda.get_device_name(self.device),
        }
