"""The entry module of a rank under torchrun, with its own rendezvous."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from libs.common.children import child_environment
from libs.common.datasets import read_dataset, write_data_yaml
from services.trainer.domain.plan import DataFacts, plan_training
from tests.conftest import ROOT
from tests.unit.services.trainer.conftest import arguments, draw_dataset


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_two_ranks_of_torchrun_train_to_the_same_weights(tmp_path: Path) -> None:
    found = read_dataset(draw_dataset(tmp_path / "drawn"))
    out = tmp_path / "run"
    out.mkdir()
    facts = DataFacts(12, 6, found.names)
    plan = plan_training(arguments(epochs=2), facts, weights=None, device="cpu")
    data = str(write_data_yaml(found, out / "data.yaml"))
    order = plan.order(data=data, save_dir=str(out / "train"), resume=None) | {"checkpoint_s": 45.0}
    path = tmp_path / "order.json"
    path.write_text(json.dumps(order))
    command = ("-m", "torch.distributed.run", "--nnodes", "1", "--nproc-per-node", "2")
    meeting = ("--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0")
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command, *meeting, "-m", "services.trainer.rank", str(path)),
            cwd=ROOT,
            env=os.environ | child_environment(tmp_path / "home"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        assert await process.wait() == 0, log.read_text()
    lines = path.with_suffix(".messages.jsonl").read_text().splitlines()
    messages = [json.loads(line) for line in lines]
    epochs = [each for each in messages if each["type"] == "epoch"]
    assert [(each["epoch"], each["ranks"]) for each in epochs] == [(1, 2), (2, 2)]
    assert len({each["weights_sha256"] for each in epochs}) == 2
    assert messages[-1]["type"] == "done"
    assert path.with_suffix(".1.jsonl").read_text() == ""
