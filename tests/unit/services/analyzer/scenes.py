"""The released weights, scenes of their brands, and an order to judge the one on the other."""

import json
from pathlib import Path
from typing import Any

from libs.common.datasets import read_dataset

WEIGHTS = Path(__file__).parents[4] / "weights/shirushi-logo-n.pt"
CLASSES = tuple(json.loads(WEIGHTS.with_suffix(".json").read_text())["dataset"]["spec"]["classes"])


def order_for(dataset: Path, out: Path, **changes: Any) -> dict[str, Any]:
    """What the child is told to look at the val split; see `looking.judge`."""
    read = read_dataset(dataset)
    items = read.splits["val"]
    order = {
        "operation": "judge",
        "weights": str(WEIGHTS),
        "names": read.names,
        "images": [(str(each.image), str(each.label) if each.label else None) for each in items],
        "imgsz": None,
        "protocol": "square",
        "iou": 0.7,
        "max_det": 300,
        "batch": 5,
        "pixels": 2_000_000,
        "threads": 2,
        "device": "cpu",
        "out": str(out),
        "batches_done": 0,
        "part_s": 60,
    }
    return order | changes


async def ignore(done: int, of: int) -> None:
    """Nobody watches."""
