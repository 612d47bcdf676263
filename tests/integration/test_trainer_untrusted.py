"""What comes from outside runs nothing in a training process, and that process reaches nobody.

Each kind of file that ultralytics would execute is given to the real service; a canary file would
appear if anything of it ran.
"""

import signal
import socket
from pathlib import Path

import numpy as np
import pytest

from libs.common.events import ModelRef, TrainingCompleted, TrainingFailed
from libs.common.service import Deps
from tests.integration.test_trainer_runs import ENDS, request, until
from tests.integration.test_trainer_troubles import FaultyStock, trainer
from tests.unit.services.trainer.conftest import draw_dataset
from tests.untrusted import PICKLES, Bomb, command, evil_weights, expression


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return draw_dataset(tmp_path / "drawn")


async def test_a_training_makes_no_socket_to_a_network_also_below_python(
    deps: Deps, nursery: socket.socket, dataset: Path
) -> None:
    """The kernel would end the process at the first one: loader processes, threads, C, all."""
    async with trainer(deps, nursery, fault="a_socket_kills"):
        await deps.bus.publish(request(dataset, epochs=1, workers=2))
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
    async for _ in child.messages({"ranks": 1, "nodes": 1}, console=tmp_path / "console.log"):
        pass
    assert child.exit_code == -signal.SIGSYS
    await child.end()
    await stock.close()


async def test_no_kind_of_malicious_weights_is_started_from(
    deps: Deps, nursery: socket.socket, dataset: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "executed"
    async with trainer(deps, nursery):
        for kind in PICKLES:
            path = evil_weights(kind, tmp_path / f"{kind}.pt", mark)
            asked = request(dataset, job_id=kind, mode="transfer", epochs=1)
            base = ModelRef(name=kind, path=str(path))
            await deps.bus.publish(asked.model_copy(update={"base_model": base}))
        ends = {kind: (await until(deps, *ENDS, job_id=kind))[-1].event for kind in PICKLES}
    for kind, failed in ends.items():
        assert isinstance(failed, TrainingFailed), kind
        assert failed.error_code == "unsafe_weights", kind
        assert "a source you trust" in failed.message
    assert not mark.exists()


@pytest.mark.parametrize("language", ["python", "bash"])
async def test_a_download_script_in_a_data_yaml_is_never_run(
    deps: Deps, nursery: socket.socket, dataset: Path, tmp_path: Path, language: str
) -> None:
    mark = tmp_path / "executed"
    code = {"python": f'"{expression(mark)}"', "bash": f"bash {command(mark)}"}[language]
    yaml = dataset / "data.yaml"
    text = yaml.read_text().replace("val: images/val", "val: images/missing")
    yaml.write_text(f"{text}download: {code}\n")
    async with trainer(deps, nursery):
        await deps.bus.publish(request(dataset, epochs=1))
        failed = (await until(deps, *ENDS))[-1].event
    assert isinstance(failed, TrainingFailed)
    assert failed.error_code == "bad_input"
    assert not mark.exists()


async def test_caches_beside_images_and_labels_are_never_unpickled(
    deps: Deps, nursery: socket.socket, dataset: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "executed"
    bomb = np.array({"labels": Bomb(mark), "hash": "x", "version": "1"}, dtype=object)
    for split in ("train", "val"):
        for image in (dataset / "images" / split).glob("*.png"):
            with image.with_suffix(".npy").open("wb") as file:
                np.save(file, bomb)
        with (dataset / "labels" / f"{split}.cache").open("wb") as file:
            np.save(file, bomb)
    async with trainer(deps, nursery):
        await deps.bus.publish(request(dataset, epochs=1, cache="disk"))
        done = (await until(deps, *ENDS))[-1].event
    assert isinstance(done, TrainingCompleted)
    assert not mark.exists()
