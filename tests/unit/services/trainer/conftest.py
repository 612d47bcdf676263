"""A handful of drawn images, and a child process to train on them."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from libs.common.datasets import read_dataset, write_data_yaml
from libs.common.events import TrainingArguments
from services.trainer.child import Child
from services.trainer.domain.levers import LEVERS
from services.trainer.domain.plan import DataFacts, plan_training
from tests.nursery import SharedStock

SIDE_PX = 64
CLASSES = ("square", "disc")


def draw_dataset(root: Path, *, train: int = 12, val: int = 6, seed: int = 0) -> Path:
    """Filled squares and discs on noise, one per image."""
    rng = np.random.default_rng(seed)
    for split, count in (("train", train), ("val", val)):
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True)
        for index in range(count):
            image = rng.integers(0, 60, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
            label = int(rng.integers(len(CLASSES)))
            x, y, half = (int(v) for v in (*rng.integers(20, 44, 2), rng.integers(8, 18)))
            if label == 0:
                cv2.rectangle(image, (x - half, y - half), (x + half, y + half), (40, 80, 240), -1)
            else:
                cv2.circle(image, (x, y), half, (240, 160, 40), -1)
            cv2.imwrite(str(root / "images" / split / f"{index}.png"), image)
            size = 2 * half / SIDE_PX
            line = f"{label} {x / SIDE_PX} {y / SIDE_PX} {size} {size}\n"
            (root / "labels" / split / f"{index}.txt").write_text(line)
    names = "".join(f"  {i}: {name}\n" for i, name in enumerate(CLASSES))
    (root / "data.yaml").write_text(f"train: images/train\nval: images/val\nnames:\n{names}")
    return root


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of 12 and 6 images, two classes."""
    return draw_dataset(tmp_path_factory.mktemp("drawn"))


def arguments(**given: Any) -> TrainingArguments:
    """Small and quick unless told otherwise."""
    quick = {"mode": "full", "model_architecture": "yolov8n", "epochs": 3, "batch_size": 4}
    return TrainingArguments(**{**quick, "imgsz": 32, "optimizer": "AdamW", **given})


@dataclass
class Run:
    """What a child said, and where its files are."""

    folder: Path
    messages: list[dict[str, Any]] = field(default_factory=list)

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == type_]

    def last(self, type_: str) -> dict[str, Any]:
        assert self.of(type_), self.messages[-3:]
        return self.of(type_)[-1]


Hook = Callable[[Child, dict[str, Any]], Awaitable[None]]
Train = Callable[..., Awaitable[Run]]


@pytest.fixture
async def stock(nursery: socket.socket) -> AsyncIterator[SharedStock]:
    """Children in milliseconds."""
    opened = SharedStock(nursery)
    yield opened
    await opened.close()


@pytest.fixture
async def train(drawn: Path, stock: SharedStock, tmp_path: Path) -> AsyncIterator[Train]:
    """Run one order in a fresh child; `hook` sees each message and may interfere."""
    children: list[Child] = []

    async def run(
        folder: str = "run",
        *,
        dataset: Path = drawn,
        weights: Path | None = None,
        resume: Path | None = None,
        hook: Hook | None = None,
        checkpoint_s: float = 45.0,
        meet_s: float = 600.0,
        levers: Collection[str] = tuple(LEVERS),
        **given: Any,
    ) -> Run:
        found = read_dataset(dataset)
        out = tmp_path / folder
        out.mkdir()
        facts = DataFacts(len(found.splits["train"]), len(found.splits["val"]), found.names)
        plan = plan_training(
            arguments(**given),
            facts,
            weights=str(weights) if weights else None,
            device=given.get("device", "cpu"),
        )
        order = plan.order(
            data=str(write_data_yaml(found, out / "data.yaml")),
            save_dir=str(out / "train"),
            resume=str(resume) if resume else None,
        ) | {"checkpoint_s": checkpoint_s, "meet_s": meet_s, "levers": list(levers)}
        child = await stock.take()
        children.append(child)
        result = Run(out / "train")
        async for message in child.messages(order, console=out / "console.log"):
            result.messages.append(message)
            if hook:
                await hook(child, message)
        return result

    yield run
    for child in children:
        await child.end()
