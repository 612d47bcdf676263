"""`cancelled` is only said when the process is gone."""

import os
import time
from contextlib import suppress

import psutil
import pytest

from libs.client import Client
from libs.client.cli import main
from tests.conftest import Stack, wait_until
from tests.e2e.tiny import QUICK, TRAINED_S, tiny_dataset

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SERVICE = "services.trainer"
STOPPED_S = 20.0


def training_processes(stack: Stack) -> set[int]:
    """Copies of the nursery of the stack's trainer: each one trains."""
    found = set()
    for service in psutil.Process(stack.supervisor.pid).children():
        with suppress(psutil.NoSuchProcess):
            if SERVICE in service.cmdline():
                found |= {
                    process.pid
                    for nursery in service.children()
                    for process in nursery.children()
                    if process.status() != psutil.STATUS_ZOMBIE
                }
    return found


def living_in_groups_of(leaders: set[int]) -> set[int]:
    """Processes that still run in the process groups that `leaders` opened."""
    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and (process.pid in leaders or os.getpgid(process.pid) in leaders):
                found.add(process.pid)
    return found


def test_the_training_process_is_gone_before_the_status_says_cancelled(stack: Stack) -> None:
    with Client(stack.url) as client:
        wait_until(lambda: not client.status()["active_trainings"], "no training", TRAINED_S)
        training_id = client.start_training(tiny_dataset(stack), epochs=500, **QUICK)["training_id"]
        wait_until(
            lambda: client.training(training_id)["current_epoch"] >= 1, "an epoch", TRAINED_S
        )
        training = training_processes(stack)
        assert len(training) == 1
        assert living_in_groups_of(training) == training

        assert main(["cancel", training_id, "--url", stack.url]) == 0
        deadline = time.monotonic() + STOPPED_S
        while (state := client.training(training_id))["status"] != "cancelled":
            assert state["status"] == "stopping"
            assert time.monotonic() < deadline
        assert living_in_groups_of(training) == set()
        told = [
            event["type"]
            for event in client.recorded_events(topics=[f"training.*.*.{training_id}"])
        ]
    assert told[-2:] == ["training.cancel_requested.v1", "training.cancelled.v1"]


def test_keep_finishes_now_with_usable_weights(stack: Stack) -> None:
    with Client(stack.url) as client:
        training_id = client.start_training(tiny_dataset(stack), epochs=500, **QUICK)["training_id"]
        wait_until(
            lambda: client.training(training_id)["current_epoch"] >= 1, "an epoch", TRAINED_S
        )
        assert main(["cancel", training_id, "--keep", "--url", stack.url]) == 0
        wait_until(
            lambda: client.training(training_id)["status"] not in ("running", "stopping"),
            "the training ends",
            TRAINED_S,
        )
        state = client.training(training_id)
        assert state["status"] == "completed"
        assert state["stopped_early"]
        assert "weights/best.pt" in {each["name"] for each in client.artifacts(training_id)}
