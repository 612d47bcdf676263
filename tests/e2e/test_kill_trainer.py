"""kill -9 of the trainer in the middle of an epoch."""

import os
import signal
from collections import Counter
from pathlib import Path

import psutil
import pytest

from libs.client import Client
from libs.client.stream import Frame
from tests.conftest import Stack, started_stack
from tests.e2e.tiny import QUICK, tiny_dataset

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

EPOCHS = 6


def trainer_pid(stack: Stack) -> int:
    """The service itself, not the processes that train."""
    children = psutil.Process(stack.supervisor.pid).children()
    [service] = [child for child in children if "services.trainer" in child.cmdline()]
    return service.pid


def in_mid_epoch(frame: Frame, training_id: str) -> bool:
    """A reading from the second or a later epoch, after its first batch and before its last."""
    reading = frame.data
    return (
        frame.type == "telemetry.progress"
        and frame.subject == training_id
        and int(reading.get("epoch") or 0) >= 2
        and 0 < int(reading.get("batch") or 0) < int(reading.get("batches") or 0)
    )


@pytest.mark.timeout(300)
def test_a_training_whose_service_is_killed_completes_with_each_epoch_told_once(
    tmp_path: Path,
) -> None:
    with started_stack(tmp_path) as stack, Client(stack.url) as client:
        killed = trainer_pid(stack)
        slow = {**QUICK, "batch_size": 1, "imgsz": 320}  # epochs long enough to be hit inside
        started = client.start_training(tiny_dataset(stack), epochs=EPOCHS, **slow)
        training_id = started["training_id"]
        saved = False
        for frame in client.events(0, ("training.>", "telemetry.progress.>")):
            saved = saved or frame.type == "training.checkpoint_saved.v1"
            if killed and saved and in_mid_epoch(frame, training_id):
                children = psutil.Process(killed).children(recursive=True)
                os.kill(killed, signal.SIGKILL)
                assert not psutil.wait_procs(children, timeout=5)[1], "they die with the service"
                killed = 0
            if frame.type in ("training.completed.v1", "training.failed.v1"):
                break
        assert not killed, "the training ended before it was hit"
        assert frame.type == "training.completed.v1", stack.log_tail()
        told = client.recorded_events(topics=["training.>"])
        state = client.training(training_id)
        history = client.history(training_id)

    epochs = [event["data"] for event in told if event["type"] == "training.epoch_completed.v1"]
    assert Counter(epoch["epoch"] for epoch in epochs) == Counter(range(1, EPOCHS + 1))
    assert [row["epoch"] for row in history] == list(range(1, EPOCHS + 1))
    attempts = [event["data"] for event in told if event["type"] == "training.started.v1"]
    assert [attempt["attempt"] for attempt in attempts] == [1, 2]
    assert attempts[1]["from_epoch"] != 0, "the second attempt goes on from a checkpoint"
    assert (state["status"], state["attempt"]) == ("completed", 2)
