"""A training of two ranks on the CPU, for real: gloo in place of NCCL, all else as on GPUs."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from libs.common.groups import GONE_S, living
from services.trainer.child import Child
from tests.nursery import SharedStock
from tests.unit.services.trainer.conftest import Train, draw_dataset
from tests.unit.services.trainer.test_child import STATES, Paused, folder_of, newest_state, rows

TWO = {"device": "cpu,cpu", "extra": {"nbs": 8}}


class FaultyStock(SharedStock):
    """Its children have a fault, named by the test."""

    fault = ""

    async def take(self, **environment: str) -> Child:
        return await super().take(FAULT=self.fault, **environment)


@pytest.fixture
async def stock(nursery: socket.socket) -> AsyncIterator[FaultyStock]:
    """In place of that of all tests."""
    opened = FaultyStock(nursery, "tests.faults.child")
    yield opened
    await opened.close()


def ranks_of(child: Child) -> list[psutil.Process]:
    """The processes that train, by rank."""
    return sorted(psutil.Process(child.pid).children(), key=lambda each: each.pid)


async def test_two_ranks_share_each_batch_and_hold_the_same_weights(
    train: Train, stock: FaultyStock, tmp_path: Path
) -> None:
    """Each image of an epoch is seen once, by one of them; validation counts each image once."""
    stock.fault = "note_images"
    dataset = draw_dataset(tmp_path / "more", train=13, val=7)
    run = await train(dataset=dataset, epochs=2, batch_size=6, workers=1, **TWO)
    epochs = run.of("epoch")
    assert [(each["epoch"], each["ranks"]) for each in epochs] == [(1, 2), (2, 2)]
    assert len({each["weights_sha256"] for each in epochs}) == 2
    assert run.last("done")["epochs_done"] == 2
    lines = (run.folder.parent / "seen").read_text().splitlines()
    seen = [json.loads(line) for line in lines]
    for epoch in (0, 1):
        parts = [
            [name for each in seen if (each["rank"], each["epoch"]) == (rank, epoch)
             for name in each["images"]] for rank in (0, 1)
        ]  # fmt: skip
        assert not set(parts[0]) & set(parts[1])
        assert sorted(parts[0] + parts[1]) == sorted(f"{index}.png" for index in range(13))
    state = newest_state(run)
    assert await stock.told_by(CONFUSED, state) == "7.0"


CONFUSED = """
import sys, torch
matrix = torch.load(sys.argv[1], weights_only=True)["confusion"]
print(float(matrix[:, :-1].sum()))  # one object an image: each in one cell of its column
"""


async def test_two_ranks_paused_in_mid_epoch_end_with_the_same_bits(
    train: Train, stock: FaultyStock
) -> None:
    options = {"epochs": 2, "batch_size": 4, **TWO}
    whole = await train("whole", **options)
    first = await train("first", hook=Paused(1), workers=2, **options)
    [saved] = first.of("checkpoint")
    assert (saved["epoch"], first.messages[-1]["type"]) == (0, "paused")
    second = await train("second", resume=folder_of(saved), **options)
    assert await stock.told_by(STATES, newest_state(whole), newest_state(second)) == "[]"
    assert rows(second) == rows(whole)
    hashes = [run.last("epoch")["weights_sha256"] for run in (whole, second)]
    assert hashes[0] == hashes[1]


async def test_a_rank_that_is_killed_ends_all_and_is_named(train: Train) -> None:
    groups: list[int] = []

    async def kill(child: Child, message: dict[str, Any]) -> None:
        if message["type"] == "batch" and not groups:
            groups.append(child.pid)
            os.kill(ranks_of(child)[1].pid, signal.SIGKILL)

    run = await train(epochs=200, hook=kill, **TWO)
    failed = run.last("failed")
    assert failed["code"] == "rank_lost"
    assert failed["message"] == "rank 1 of 2 was killed (SIGKILL)"
    assert living(groups[0]) == []


async def test_ranks_die_with_the_process_that_leads_them(train: Train) -> None:
    groups: list[int] = []

    async def kill(child: Child, message: dict[str, Any]) -> None:
        if message["type"] == "batch" and not groups:
            groups.append(child.pid)
            os.kill(child.pid, signal.SIGKILL)

    run = await train(epochs=200, hook=kill, **TWO)
    assert not run.of("done")
    async with asyncio.timeout(GONE_S):
        while living(groups[0]):
            await asyncio.sleep(0.01)


async def test_finishing_now_stops_all_ranks_after_the_same_batch(train: Train) -> None:
    async def finish(child: Child, message: dict[str, Any]) -> None:
        if message["type"] == "batch" and message["epoch"] == 2:
            child.finish()

    done = (await train(epochs=200, hook=finish, **TWO)).last("done")
    assert done["stopped_early"]
    assert 2 <= done["epochs_done"] < 20


async def test_ranks_whose_weights_differ_are_found_out(train: Train, stock: FaultyStock) -> None:
    stock.fault = "rank_1_drifts"
    failed = (await train(epochs=3, **TWO)).last("failed")
    assert failed["code"] == "ranks_diverged"


async def test_what_one_rank_cannot_do_is_said_with_its_code(
    train: Train, stock: FaultyStock
) -> None:
    stock.fault = "rank_1_out_of_memory"
    failed = (await train(epochs=3, **TWO)).last("failed")
    assert failed["code"] == "out_of_memory"
    assert failed["message"].startswith("rank 1 of 2: ")
