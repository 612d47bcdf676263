"""How soon a training is under way: from the request by REST to its first batch, as anyone sees it.

A warm stack, whose nursery is there. What no service can shorten on a CPU is the first batch
itself, so it is shown apart: the time to where it begins is ours, and held to the goal in any size.
For the demo's data the batch is within the goal, too. The `yolo` command beside it is timed from
its start to the end of its first batch.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import psutil
import pytest

from libs.client import Client
from libs.synthetic import DEMO_SPEC
from tests.bench.paired_training import by_yolo, drawn, planned
from tests.conftest import Stack, started_stack, wait_until

GOAL_S = 1.5
IDLE = 15.0
"""Percent of the machine that others may use for a figure that is asserted."""
DEMO = ("yolov8n", DEMO_SPEC.size, 160, 16)
CASES = [
    DEMO,
    ("yolov8n", 320, 64, 8),
    ("yolov8s", 320, 32, 8),
    ("yolov8n", 640, 24, 8),
    ("yolov8s", 640, 8, 8),
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with started_stack(tmp_path_factory.mktemp("first")) as opened:
        yield opened


def readings(client: Client, training_id: str) -> Iterator[tuple[float, dict[str, Any]]]:
    """Progress of a training as it arrives, and when."""
    topics = (f"telemetry.progress.training.{training_id}",)
    heard: Queue[tuple[float, dict[str, Any]]] = Queue()

    def listen() -> None:
        for frame in client.events(topics=topics):
            heard.put((time.perf_counter(), frame.data))

    Thread(target=listen, daemon=True).start()
    while True:
        yield heard.get(timeout=120)


def timed(client: Client, dataset: Path, key: str, **asked: Any) -> tuple[float, float]:
    """Seconds from the request to where the first batch begins, and to its end."""
    began = time.perf_counter()
    training_id = client.start_training(dataset, key=key, **asked)["training_id"]
    begins_s: float | None = None
    for at, reading in readings(client, training_id):
        if reading["stage"] == "train":
            begins_s = begins_s or at - began
            if reading["batch"]:
                break
    client.cancel(training_id)
    wait_until(lambda: client.training(training_id)["status"] == "cancelled", "it is gone", 60)
    assert begins_s
    return begins_s, at - began


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("model", "imgsz", "train", "batch"), CASES)
def test_a_training_is_under_way_in_a_second_and_a_half(
    stack: Stack, model: str, imgsz: int, train: int, batch: int, tmp_path: Path
) -> None:
    dataset = drawn(stack.home.parent / f"{model}-{imgsz}", imgsz, train, 8)
    asked = {"model_architecture": model, "imgsz": imgsz, "batch_size": batch, "device": "cpu"}
    with Client(stack.url) as client:
        timed(client, dataset, "warm", **asked, epochs=2)
        others = psutil.cpu_percent(2.0)
        begins_s, done_s = timed(client, dataset, "timed", **asked, epochs=3)
    plan, data = planned(dataset, tmp_path / "run", None, mode="full", epochs=1, **asked)
    theirs = by_yolo(plan, data, tmp_path / "run", tmp_path / "home")
    print(
        f"\n{model} at {imgsz}, batches of {batch}: the first batch begins after {begins_s:.2f} s "
        f"and takes {done_s - begins_s:.2f} s; by `yolo` it is done after "
        f"{theirs.first_batch_s:.2f} s; others used {others:.0f} % of the machine"
    )
    assert done_s < theirs.first_batch_s
    if others < IDLE:
        assert begins_s <= GOAL_S
        if (model, imgsz, train, batch) == DEMO:
            assert done_s <= GOAL_S
