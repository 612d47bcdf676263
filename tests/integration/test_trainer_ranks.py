"""A training on two devices whose ranks die or hang, on a real bus and store."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import psutil

from libs.common.cloudevents import Recorded
from libs.common.events import EpochCompleted, TrainingAdjusted, TrainingCompleted, TrainingStarted
from libs.common.groups import living
from libs.common.service import Deps
from services.trainer.handlers import Trainings
from tests.integration.test_trainer_runs import ENDS, WAIT_S, request, until
from tests.integration.test_trainer_troubles import adjustments, epochs, trainer
from tests.unit.services.trainer.conftest import draw_dataset

STALL_S = 8.0
EPOCHS = 10


def signal_rank(service: Trainings, rank: int, number: signal.Signals) -> int:
    """Send a signal to one rank of the only training; returns the group of all."""
    [group] = service.pids
    ranks = sorted(each.pid for each in psutil.Process(group).children())
    os.kill(ranks[rank], number)
    return group


async def test_a_training_goes_on_when_a_rank_is_killed_and_when_one_hangs(
    deps: Deps, nursery: socket.socket, tmp_path: Path
) -> None:
    dataset = draw_dataset(tmp_path / "drawn")
    asked = request(dataset, epochs=EPOCHS)
    arguments = asked.arguments.model_copy(update={"device": "cpu,cpu"})
    async with trainer(deps, nursery, stall_s=STALL_S) as service:
        await deps.bus.publish(asked.model_copy(update={"arguments": arguments}))
        await under_way(deps, attempt=1, epoch=2)
        group = signal_rank(service, 1, signal.SIGKILL)
        records = await until(deps, TrainingAdjusted)
        [lost] = adjustments(records)
        assert lost.error_code == "rank_lost"
        assert "rank 1 of 2 was killed (SIGKILL)" in lost.message
        assert living(group) == []
        told = len(epochs(records))
        await under_way(deps, attempt=2, epoch=told + 2)
        signal_rank(service, 1, signal.SIGSTOP)
        records = await until(deps, *ENDS)
    assert isinstance(records[-1].event, TrainingCompleted)
    assert set(epochs(records).values()) == {1}
    assert sorted(epochs(records)) == list(range(1, EPOCHS + 1))
    starts = [each.event for each in records if isinstance(each.event, TrainingStarted)]
    assert {start.device for start in starts} == {"cpu,cpu"}
    met = [each.error_code for each in adjustments(records)]
    assert met[:2] == ["rank_lost", "training_stalled"]
    # on a very busy machine a slow rank may be taken for one that hangs
    assert set(met[2:]) <= {"training_stalled"}
    assert [start.attempt for start in starts] == list(range(1, len(met) + 2))
    assert [start.from_epoch for start in starts] == epochs_before_starts(records)
    assert 1 <= told < starts[2].from_epoch
    ended = [each.event for each in records if isinstance(each.event, EpochCompleted)]
    assert {each.ranks for each in ended} == {2}
    assert all(each.weights_sha256 for each in ended)
    console = await deps.artifacts.get_bytes(records[-1].event.artifacts["console.log"].key)
    assert console


def epochs_before_starts(records: list[Recorded]) -> list[int]:
    """How many epochs were told when each attempt began: none is trained twice."""
    told, found = 0, []
    for record in records:
        told += isinstance(record.event, EpochCompleted)
        if isinstance(record.event, TrainingStarted):
            found.append(told)
    return found


async def under_way(deps: Deps, *, attempt: int, epoch: int) -> None:
    """Return while that epoch is trained, or a later one: facts trail a training, readings do not.

    The epochs before it are in the store when the next attempt begins.
    """
    async with asyncio.timeout(WAIT_S):
        async for _, reading in deps.bus.listen("progress.training.job"):
            if reading["attempt"] == attempt and reading.get("epoch", 0) >= epoch:
                return
