"""The training process, for real, on a handful of drawn images."""

import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.ports import free_ports
from libs.common.children import child_environment
from libs.common.groups import GONE_S, living
from libs.common.stock import Stock
from services.trainer.child import Child
from services.trainer.domain.levers import pulled
from services.trainer.stock import ENTRY
from tests.nursery import SharedStock
from tests.unit.services.trainer.conftest import CLASSES, Run, Train, draw_dataset

WEIGHTS = """
import sys, torch
loaded = [torch.load(path, map_location="cpu", weights_only=False) for path in sys.argv[1:]]
states = [(each["ema"] or each["model"]).state_dict() for each in loaded]
print(all(torch.equal(states[0][name], other[name]) for other in states[1:] for name in states[0]))
"""
STATES = """
import sys, torch
one, two = (torch.load(path, weights_only=True) for path in sys.argv[1:])
def same(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b
names = ("model", "ema", "optimizer", "scaler", "updates")
print([name for name in names if not same(one[name], two[name])])
"""


BROKEN = """
import sys, torch
content = torch.load(sys.argv[1], weights_only=False)
next(content["model"].parameters())[:] = float("nan")
torch.save(content, sys.argv[2])
"""

STILL = {"translate": 0.0, "scale": 0.0, "fliplr": 0.0}
"""Without mosaic nothing makes a new image of one: colours are changed in place."""


async def told_by(script: str, home: Path, *paths: Path | str) -> str:
    """What a short torch program prints; this process stays free of torch."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-c", script, *map(str, paths)),
        stdout=asyncio.subprocess.PIPE,
        env=child_environment(home),
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return (out.decode().split("\n")[-2:] or [""])[0]


def used_arguments(run: Run) -> dict[str, Any]:
    """The run's args.yaml."""
    text = Path(run.last("done")["files"]["args.yaml"]).read_text()
    return dict(yaml.safe_load(text))


def newest_state(run: Run) -> str:
    return str(run.last("epoch")["checkpoint"]["state.pt"])


async def test_every_argument_of_the_request_reaches_ultralytics(train: Train) -> None:
    run = await train(
        epochs=2,
        batch_size=3,
        learning_rate=0.0042,
        imgsz=64,
        optimizer="nadam",
        patience=7,
        save_period=2,
        seed=11,
        cache="ram",
        workers=0,
        amp=False,
        freeze=2,
        augmentation_params={"degrees": 12.5, "mosaic": 0.25, "hsv_h": 0.1},
        extra={"lrf": 0.5, "warmup_epochs": 1, "nbs": 6},
    )
    used = used_arguments(run)
    expected = {
        "epochs": 2,
        "batch": 3,
        "lr0": 0.0042,
        "imgsz": 64,
        "optimizer": "NAdam",
        "patience": 7,
        "save_period": 2,
        "seed": 11,
        "cache": "ram",
        "workers": 0,
        "amp": False,
        "freeze": 2,
        "device": "cpu",
        "degrees": 12.5,
        "mosaic": 0.25,
        "hsv_h": 0.1,
        "lrf": 0.5,
        "warmup_epochs": 1,
        "nbs": 6,
        "model": "yolov8n.yaml",
        "pretrained": False,
    }
    assert {name: used[name] for name in expected} == expected
    console = (run.folder.parent / "console.log").read_text()
    assert "NAdam(lr=0.0042" in console
    assert "Transferred" not in console, "full starts without weights"
    assert [message["epoch"] for message in run.of("epoch")] == [1, 2]
    assert run.last("done")["classes"] == list(CLASSES)
    assert run.last("epoch")["train_losses"].keys() == {"box_loss", "cls_loss", "dfl_loss"}


class Killed:
    """Kills the child after the first batch of an epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    async def __call__(self, child: Child, message: dict[str, Any]) -> None:
        if message["type"] == "batch" and message["epoch"] == self.epoch and child.alive:
            assert message["done"] < message["of"]
            await child.end()


@pytest.mark.parametrize("workers", [0, 2])
async def test_a_run_killed_in_mid_epoch_ends_with_the_same_bits(
    train: Train, stock: SharedStock, workers: int
) -> None:
    options = {"epochs": 4, "imgsz": 64, "extra": {"nbs": 8}}  # two batches an optimizer step
    whole = await train("whole", **options)
    killed = await train("killed", hook=Killed(3), workers=workers, **options)
    assert not killed.of("done")
    folder = Path(newest_state(killed)).parent
    resumed = await train("resumed", resume=folder, workers=workers, **options)

    assert resumed.last("started")["start_epoch"] == 2
    assert [epoch["epoch"] for epoch in resumed.last("started")["history"]] == [1, 2]
    assert [epoch["epoch"] for epoch in resumed.of("epoch")] == [3, 4]
    assert await stock.told_by(STATES, newest_state(whole), newest_state(resumed)) == "[]"
    assert rows(resumed) == rows(whole)
    assert [row[0] for row in rows(resumed)] == ["1", "2", "3", "4"]
    assert resumed.last("done")["best_metrics"] == whole.last("done")["best_metrics"]


class Paused:
    """Asks for a pause after the first batch of an epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    async def __call__(self, child: Child, message: dict[str, Any]) -> None:
        if message["type"] == "batch" and message["epoch"] == self.epoch:
            child.pause()


async def test_a_run_paused_within_its_first_and_its_last_epoch_ends_with_the_same_bits(
    train: Train, stock: SharedStock, tmp_path: Path
) -> None:
    """The last epoch has no mosaic: its loader starts anew, within the epoch."""
    more = draw_dataset(tmp_path / "more", train=24)
    options = {"dataset": more, "epochs": 3, "imgsz": 64, "batch_size": 2, "extra": {"nbs": 4}}
    whole = await train("whole", **options)
    first = await train("first", hook=Paused(1), workers=2, **options)
    assert [m["type"] for m in first.messages if m["type"] != "batch"][-1] == "paused"
    [saved] = first.of("checkpoint")
    assert saved["epoch"] == 0
    assert 0 < saved["batches"] < 12
    second = await train("second", hook=Paused(3), resume=folder_of(saved), **options)
    assert second.last("batch")["epoch"] == 3
    last = second.last("checkpoint")
    assert (last["epoch"], second.last("started")["start_epoch"]) == (2, 0)
    third = await train("third", resume=folder_of(last), **options)
    assert await stock.told_by(STATES, newest_state(whole), newest_state(third)) == "[]"
    begun = str(whole.of("epoch")[0]["checkpoint"]["state.pt"])
    assert "model" in await stock.told_by(STATES, begun, newest_state(whole)), "it learns"
    assert rows(third) == rows(whole)


def folder_of(message: dict[str, Any]) -> Path:
    return Path(message["checkpoint"]["state.pt"]).parent


def rows(run: Run) -> list[list[str]]:
    """results.csv without its header and its clock."""
    lines = Path(run.last("done")["files"]["results.csv"]).read_text().splitlines()[1:]
    return [[cell for column, cell in enumerate(line.split(",")) if column != 1] for line in lines]


async def test_images_kept_in_memory_and_our_own_history_change_no_bit(
    train: Train, stock: SharedStock
) -> None:
    runs = [
        await train(folder, levers=pulled(off), epochs=3, augmentation_params=STILL)
        for folder, off in (("kept", ()), ("read", ("images_in_memory", "small_writes")))
    ]
    weights = [run.folder / "weights" / "last.pt" for run in runs]
    assert await stock.told_by(WEIGHTS, *weights) == "True"


async def test_a_run_killed_while_it_published_only_publishes(train: Train) -> None:
    whole = await train("whole", epochs=1)
    folder = Path(newest_state(whole)).parent
    again = await train("again", epochs=1, resume=folder)
    assert [message["type"] for message in again.messages] == ["resumed_at_end", "done"]
    ours, theirs = again.last("done"), whole.last("done")
    snapshots = {name for name in theirs["files"] if "/epoch" in name}  # of that attempt alone
    assert ours["files"].keys() == theirs["files"].keys() - snapshots
    assert ours["best_metrics"] == theirs["best_metrics"]


async def test_full_starts_from_the_seed_and_transfer_from_the_weights(
    train: Train, tmp_path: Path, stock: SharedStock
) -> None:
    one = await train("one", epochs=1, seed=1)
    two = await train("two", epochs=1, seed=2)
    files = [Path(run.last("done")["files"]["weights/last.pt"]) for run in (one, two)]
    assert await stock.told_by(WEIGHTS, *files) == "False"

    other = draw_dataset(tmp_path / "other", seed=5)
    names = (other / "data.yaml").read_text() + "  2: ring\n"  # a class more: the head is new
    (other / "data.yaml").write_text(names)
    moved = await train("moved", mode="transfer", weights=files[0], dataset=other, epochs=1)
    used = used_arguments(moved)
    assert (used["model"], used["freeze"]) == (str(files[0]), 10)
    console = (moved.folder.parent / "console.log").read_text()
    assert "Transferred" in console
    assert "Freezing layer 'model.9." in console
    assert moved.last("done")["classes"] == [*CLASSES, "ring"]


async def test_ending_a_child_leaves_nothing_of_its_group(train: Train) -> None:
    groups: list[int] = []

    async def stop(child: Child, message: dict[str, Any]) -> None:
        if message["type"] == "batch" and child.alive:
            groups.append(child.pid)
            assert living(child.pid) == [child.pid]
            await child.end()

    run = await train(epochs=50, hook=stop)
    assert not run.of("done")
    assert living(groups[0]) == []


async def test_finishing_now_validates_and_keeps_the_weights(train: Train) -> None:
    async def finish(child: Child, message: dict[str, Any]) -> None:
        if message["type"] == "batch" and message["epoch"] == 2:
            child.finish()

    done = (await train(epochs=200, hook=finish)).last("done")
    assert done["stopped_early"]
    assert 2 <= done["epochs_done"] < 20
    assert {"weights/best.pt", "weights/last.pt"} <= done["files"].keys()


async def test_a_file_that_is_no_checkpoint_is_refused(train: Train, tmp_path: Path) -> None:
    weights = tmp_path / "photo.pt"
    weights.write_bytes(b"\xff\xd8\xff not weights at all")
    failed = (await train(mode="continue", weights=weights)).last("failed")
    assert failed["code"] == "unreadable_weights"


async def test_a_host_that_does_not_come_is_told_by_its_code_and_how_it_would(
    train: Train,
) -> None:
    [port] = free_ports(1)
    run = await train(nnodes=2, rdzv_endpoint=f"127.0.0.1:{port}", meet_s=0.5)
    failed = run.last("failed")
    assert [each["hosts"] for each in run.of("meeting")][:1] == [2]
    assert failed["code"] == "hosts_missing"
    assert "within 0.5 s" in failed["message"]
    assert "--node N" in failed["message"]
    assert not run.of("batch")


async def test_a_leader_calls_nobody_at_an_address_that_is_not_its_own(train: Train) -> None:
    run = await train(nnodes=2, rdzv_endpoint="192.0.2.1:80", meet_s=0.5)
    assert run.last("failed")["code"] == "endpoint_elsewhere"
    assert not run.of("meeting")


async def test_a_loss_that_is_not_finite_fails_the_training(
    train: Train, tmp_path: Path, stock: SharedStock
) -> None:
    good = (await train("good", epochs=1)).last("done")["files"]["weights/last.pt"]
    await stock.told_by(BROKEN, good, tmp_path / "broken.pt")
    failed = (await train(mode="continue", weights=tmp_path / "broken.pt")).last("failed")
    assert failed["code"] == "loss_not_finite"
    assert "learning_rate" in failed["message"]


async def test_a_host_without_a_compiler_says_so_before_it_trains(
    train: Train, stock: SharedStock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock, "take", partial(stock.take, PATH="/nowhere"))
    run = await train(extra={"compile": True})
    failed = run.last("failed")
    assert failed["code"] == "compiler_missing"
    assert "train without compile" in failed["message"]
    assert not run.of("begins")


async def test_a_child_is_there_in_a_fraction_of_a_second(stock: SharedStock) -> None:
    began = asyncio.get_running_loop().time()
    child = await stock.take()
    assert asyncio.get_running_loop().time() - began < 0.5
    assert child.alive
    await child.end()
    assert child.exit_code == -signal.SIGKILL


async def test_a_nursery_that_died_is_replaced(child_home: Path) -> None:
    stock = Stock[Child](child_environment(child_home), (), ENTRY, Child.adopt)  # without torch
    try:
        first = await stock.take()
        assert stock._nursery is not None
        os.kill((await stock._nursery)._process.pid, signal.SIGKILL)
        await first._ended
        async with asyncio.timeout(GONE_S):
            while living(first.pid):
                await asyncio.sleep(0.01)
        second = await stock.take()
        assert second.alive
        await second.end()
    finally:
        await stock.close()


async def test_children_die_with_the_service(child_home: Path) -> None:
    script = (
        "import asyncio, sys, os, signal\n"
        "from pathlib import Path\n"
        "from libs.common.children import child_environment\n"
        "from libs.common.stock import Stock\n"
        "from services.trainer.child import Child\n"
        "from services.trainer.stock import ENTRY\n"
        "async def main():\n"
        "    environment = child_environment(Path(sys.argv[1]))\n"
        "    child = await Stock(environment, (), ENTRY, Child.adopt).take()\n"
        "    print(child.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(child_home), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await parent.communicate()
    group = int(out)
    async with asyncio.timeout(GONE_S):
        while living(group):
            await asyncio.sleep(0.01)


async def test_a_console_that_no_disk_takes_does_not_stop_a_training(
    train: Train, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    messages = Child.messages

    def on_a_full_disk(self: Child, order: Any, **_: Any) -> Any:
        return messages(self, order, console=tmp_path)  # a folder: nothing can be appended

    monkeypatch.setattr(Child, "messages", on_a_full_disk)
    run = await train(epochs=1)
    assert run.last("done")["epochs_done"] == 1
