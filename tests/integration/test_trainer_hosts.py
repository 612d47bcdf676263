"""A training on two hosts: network namespaces of this machine, joined by a cable of its kernel.

Each host has a trainer's child in its own namespace; they reach each other by 10.77.0.0/30 alone.
"""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from libs.common.children import child_environment
from libs.common.events import EpochCompleted, TrainingAdjusted, TrainingCompleted, TrainingStarted
from libs.common.jobs import Job
from libs.common.service import Deps
from services.trainer.child import Child
from services.trainer.join import Helper
from services.trainer.stock import Stock
from tests.integration.test_trainer_runs import ENDS, request, until
from tests.integration.test_trainer_troubles import adjustments, epochs, trainer
from tests.unit.services.trainer.conftest import draw_dataset

LEAD, OTHER = "10.77.0.1", "10.77.0.2"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def hosts() -> Iterator[tuple[str, str]]:
    """Two namespaces and a cable between them; skipped where the kernel forbids it."""
    names = f"shirushi-a{os.getpid()}", f"shirushi-b{os.getpid()}"
    try:
        for name in names:
            ip("netns", "add", name)
        ip("link", "add", "cable", "netns", names[0], "type", "veth", "peer", "cable", "netns",
           names[1])  # fmt: skip
        for name, address in zip(names, (LEAD, OTHER), strict=True):
            ip("-n", name, "addr", "add", f"{address}/30", "dev", "cable")
            ip("-n", name, "link", "set", "cable", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespaces here: {error}")
    finally:
        for name in names:
            with suppress(OSError, subprocess.CalledProcessError):
                ip("netns", "del", name)


class HelperStock(Stock):
    """Of another host: it has a nursery of its own, and remembers its child."""

    child: Child | None = None

    async def take(self, **environment: str) -> Child:
        self.child = await super().take(**environment)
        return self.child


@asynccontextmanager
async def other_host(
    deps: Deps, namespace: str, folder: Path
) -> AsyncIterator[tuple[HelperStock, asyncio.Task[Job]]]:
    """The second host helps the training `job` until it is over."""
    environment = child_environment(folder / "home") | {"FAULT": f"on_host:{namespace}"}
    stock = HelperStock(environment, "tests.faults.child")
    stock.refill()
    helper = Helper(replace(deps, scratch=folder), stock, node=1)
    task = asyncio.create_task(helper.follow("job"))
    try:
        yield stock, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await stock.close()


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_two_hosts_train_together_and_go_on_when_one_loses_its_rank(
    deps: Deps, nursery: socket.socket, tmp_path: Path, hosts: tuple[str, str]
) -> None:
    dataset = draw_dataset(tmp_path / "drawn")
    other = tmp_path / "other"
    other.mkdir()
    asked = request(dataset, epochs=6, nnodes=2, rdzv_endpoint=f"{LEAD}:29511")
    readings = deps.bus.listen("progress.training.>")
    async with trainer(deps, nursery, fault=f"on_host:{hosts[0]}"):
        await deps.bus.publish(asked)
        async with asyncio.timeout(60):
            async for _, reading in readings:
                if reading["stage"] == "waiting":
                    break
        assert reading["waiting_reason"] == f"waits for 2 hosts to meet at {LEAD}:29511"
        async with other_host(deps, hosts[1], other) as (stock, helping):
            await until(deps, EpochCompleted)
            assert stock.child
            [rank] = psutil.Process(stock.child.pid).children()
            os.kill(rank.pid, signal.SIGKILL)
            await until(deps, TrainingAdjusted)
            records = await until(deps, *ENDS)
            job = await helping
    assert isinstance(records[-1].event, TrainingCompleted)
    assert job.outcome == records[-1].event
    assert sorted(epochs(records).items()) == [(epoch, 1) for epoch in range(1, 7)]
    ended = [each.event for each in records if isinstance(each.event, EpochCompleted)]
    assert {each.ranks for each in ended} == {2}
    assert len({each.weights_sha256 for each in ended}) == 6
    assert [each.error_code for each in adjustments(records)] == ["rank_lost"]
    assert len([each for each in records if isinstance(each.event, TrainingStarted)]) == 2
