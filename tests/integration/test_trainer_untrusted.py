"""What comes from outside runs nothing in a training process, and that process reaches nobody.

Each kind of file that ultralytics would execute is given to the real service; a canary file would
appear if anything of it ran.
"""

import signal
import socket
from pathlib import Path

import pytest

from libs.common.events import TrainingCompleted
from libs.common.service import Deps
from tests.integration.test_trainer_runs import ENDS, request, until
from tests.integration.test_trainer_troubles import FaultyStock, trainer
from tests.unit.services.trainer.conftest import draw_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return draw_dataset(tmp_path / "drawn")


async def test_a_training_makes_no_socket_to_a_network_also_below_python(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    """The kernel would end the process at the first one: loader processes, threads, C, all."""
    async with trainer(deps, nursery, fault="a_socket_kills"):
        await deps.bus.publish(request(dataset, epochs=2, workers=2))
        done = (await until(deps, *ENDS))[-1].event
    assert isinstance(done, TrainingCompleted)
    console = (await deps.artifacts.get_bytes(done.artifacts["console.log"].key)).decode()
    assert "network of the training process: " in console
    assert "process: host" not in console


async def test_a_process_that_makes_one_would_have_been_seen(
    nursery: socket.socket, tmp_path: Path
) -> None:
    stock = FaultyStock(nursery, "opens_a_socket")
    child = await stock.take()
    async for _ in child.messages({}, console=tmp_path / "console.log"):
        pass
    assert child.exit_code == -signal.SIGSYS
    await child.end()
    await stock.close()
