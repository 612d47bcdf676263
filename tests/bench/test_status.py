"""How soon the gateway says how things are: 10,000 jobs in the log, while a training runs."""

import asyncio
import statistics
import time
from collections.abc import Iterable
from pathlib import Path

import httpx

from deploy.home import read_stack
from deploy.nats_conf import API
from deploy.secrets import load_or_make
from libs.client import Client
from libs.common.bus import Bus, connect
from libs.common.events import (
    DatasetRef,
    Event,
    TrainingArguments,
    TrainingCancelled,
    TrainingRequested,
)
from tests.conftest import Stack, started_stack, wait_until
from tests.e2e.tiny import QUICK, tiny_dataset

JOBS = 10_000
WAITING = 100
ASKED = 300
GOALS_MS = {"/status": 20.0, "/training/status?limit=100": 50.0}
SLACK = 3.0
"""Times the p99 of `/healthz`: whoever else is on this machine takes from that, too."""


def requests() -> Iterable[Event]:
    """Trainings for a pool that has no trainer."""
    for number in range(JOBS):
        yield TrainingRequested(
            job_id=f"old-{number:05}",
            dataset=DatasetRef(name="logos", version="v1"),
            arguments=TrainingArguments(mode="full"),
            project_name="history",
            experiment_name=f"run-{number}",
            pool="elsewhere",
        )


def endings() -> Iterable[Event]:
    for number in range(JOBS - WAITING):
        yield TrainingCancelled(job_id=f"old-{number:05}", attempt=1)


async def publish(bus: Bus, events: Iterable[Event]) -> None:
    pending: set[asyncio.Task[int]] = set()
    for event in events:
        pending.add(asyncio.create_task(bus.publish(event)))
        if len(pending) >= 200:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*pending)


async def fill(stack: Stack, url: str) -> None:
    """As the services would: requests by the gateway's user, endings by the trainer's."""
    secrets = load_or_make(stack.home)
    for user, events in (("gateway", requests()), ("trainer", endings())):
        async with connect(
            url, source=user, user=user, password=secrets.bus[user], api=API, patience_s=30
        ) as bus:
            await publish(bus, events)


def test_status_and_a_page_of_trainings_are_answered_at_once(tmp_path: Path) -> None:
    with started_stack(tmp_path) as stack, Client(stack.url, patience_s=30) as client:
        asyncio.run(fill(stack, bus_url(stack)))
        dataset = str(tiny_dataset(stack))
        run = client.start_training(dataset, epochs=1000, patience=0, **QUICK)["training_id"]
        wait_until(lambda: client.training(run)["current_epoch"] >= 2, "it trains", 120)
        with httpx.Client(base_url=client.url, trust_env=False, timeout=30) as http:
            assert http.get("/training/status?limit=1").headers["x-total-count"] == str(JOBS + 1)
            bare = f"{stack.url}/healthz"
            for path, goal_ms in GOALS_MS.items():
                both = [(measured(http, path), measured(http, bare)) for _ in range(ASKED)]
                ours, peer = (statistics.quantiles(each, n=100) for each in zip(*both, strict=True))
                print(
                    f"\nGET {path}: p50 {ours[49]:.1f} ms, p99 {ours[98]:.1f} ms; /healthz in turn "
                    f"with it: p50 {peer[49]:.1f} ms, p99 {peer[98]:.1f} ms"
                )
                assert ours[49] < goal_ms
                assert ours[98] < goal_ms + SLACK * peer[98]
        assert client.training(run)["status"] == "running"
        client.cancel(run)


def measured(http: httpx.Client, path: str) -> float:
    """Milliseconds until the whole answer is there."""
    time.sleep(0.02)
    start = time.perf_counter()
    assert http.get(path).status_code == 200
    return (time.perf_counter() - start) * 1e3


def bus_url(stack: Stack) -> str:
    """Where its nats-server listens."""
    port = read_stack(stack.home)["ports"]["nats"]
    return f"nats://127.0.0.1:{port}"
