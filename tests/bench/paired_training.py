"""One configuration, trained by the `yolo` command and by our trainer: time and result."""

import asyncio
import csv
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from libs.common.datasets import read_dataset, write_data_yaml
from libs.common.events import TrainingArguments
from libs.synthetic import DEMO_SPEC, write_dataset
from services.trainer.domain.levers import LEVERS
from services.trainer.domain.plan import DataFacts, Plan, plan_training
from services.trainer.stock import Stock, training_environment

YOLO = Path(sys.executable).with_name("yolo")
FIRST_BATCH = re.compile(rb"\b1/\d+ +\S+G +[\d.]+ +[\d.]+ ")
"""How the command shows the losses of the first batch that is done."""
OURS_ALONE = frozenset({"task", "mode", "plots", "exist_ok"})
"""Arguments that say where things lie or what is drawn: the command has its own."""


@dataclass(frozen=True)
class Cost:
    """Of one training, from the wish for it to its last file."""

    wall_s: float
    cpu_s: float
    epochs_s: float
    """Wall time of all epochs but the first: what does not depend on how it started."""
    map50: tuple[float, ...]
    first_batch_s: float = 0.0


def drawn(folder: Path, size: int, train: int, val: int) -> Path:
    """Logos as in the demo, of another size and number."""
    spec = replace(DEMO_SPEC, size=size, counts={"train": train, "val": val, "test": 0})
    write_dataset(folder, spec, workers=2)
    return folder


def planned(dataset: Path, folder: Path, weights: Path | None, **given: Any) -> tuple[Plan, str]:
    """The arguments of both sides, and the data.yaml that both read."""
    folder.mkdir(parents=True)
    found = read_dataset(dataset)
    facts = DataFacts(len(found.splits["train"]), len(found.splits["val"]), found.names)
    start = str(weights) if weights else None
    plan = plan_training(TrainingArguments(**given), facts, weights=start, device="cpu")
    return plan, str(write_data_yaml(found, folder / "data.yaml"))


def by_yolo(plan: Plan, data: str, folder: Path, home: Path) -> Cost:
    """`yolo detect train`, as anyone would type it: plots and the second validation included.

    It finds its fonts, asks no server, and its own threads are left to it.
    """
    given = {name: value for name, value in plan.overrides.items() if name not in OURS_ALONE}
    given |= {"data": data, "project": str(folder), "name": "stock"}
    words = [f"{name}={value}" for name, value in given.items() if value is not None]
    environment = training_environment(home, ())
    environment.pop("OMP_WAIT_POLICY")
    before, began = used_s(), time.perf_counter()
    command: list[str | Path] = [YOLO, "detect", "train", *words]
    first_batch_s, shown = 0.0, b""
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout
        while chunk := os.read(process.stdout.fileno(), 2**16):
            shown += chunk
            if not first_batch_s and FIRST_BATCH.search(shown):
                first_batch_s = time.perf_counter() - began
    assert process.returncode == 0, shown[-2000:]
    wall_s = time.perf_counter() - began
    times, map50 = columns(folder / "stock" / "results.csv")
    return Cost(wall_s, used_s() - before, times[-1] - times[0], map50, first_batch_s)


def by_us(
    plan: Plan, data: str, folder: Path, home: Path, levers: tuple[str, ...] = tuple(LEVERS)
) -> Cost:
    """A child of a warm nursery, from its order to the files that a user gets."""
    return asyncio.run(_by_us(plan, data, folder, home, levers))


async def _by_us(plan: Plan, data: str, folder: Path, home: Path, levers: tuple[str, ...]) -> Cost:
    order = plan.order(data=data, save_dir=str(folder / "ours"), resume=None)
    order |= {"checkpoint_s": 45.0, "levers": list(levers)}
    stock = Stock(training_environment(home, levers))
    try:
        warm = await stock.take()
        await warm.end()
        began = time.perf_counter()
        child = await stock.take()
        seen: dict[str, float] = {}
        cpu_s, last = 0.0, ""
        async for message in child.messages(order, console=folder / "console.log"):
            last = message["type"]
            seen.setdefault(last, time.perf_counter() - began)
            cpu_s = max(cpu_s, child.used_cpu_s())
        wall_s = time.perf_counter() - began
        assert last == "done", list(child.console)[-5:]
        await child.end()
    finally:
        await stock.close()
    times, map50 = columns(folder / "ours" / "results.csv")
    return Cost(wall_s, cpu_s, times[-1] - times[0], map50, seen["batch"])


def used_s() -> float:
    """CPU seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def columns(results: Path) -> tuple[list[float], tuple[float, ...]]:
    """Seconds since the start, and mAP50, by epoch."""
    with results.open(encoding="utf-8", newline="") as file:
        rows: list[Mapping[str, str]] = list(csv.DictReader(file, skipinitialspace=True))
    return (
        [float(row["time"]) for row in rows],
        tuple(float(row["metrics/mAP50(B)"]) for row in rows),
    )
