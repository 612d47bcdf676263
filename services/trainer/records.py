"""Numbers of an epoch as they are told: finite, in memory, meant over ranks."""

import math
from collections.abc import Sequence
from typing import Any

import torch

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


def share(value: float) -> float:
    """`value` in [0, 1]; 0 where it is no number."""
    return min(max(float(value), 0.0), 1.0) if math.isfinite(value) else 0.0
