"""Whole validations against `yolo val` on the same model and images, in the same run.

Ours goes over the bus, from the request to the fact, and stores report, boxes, predictions and
pictures. Theirs is the command, as a user of it waits for it, and beside it `model.val()` in a
process that has imported everything and has run before: that leaves nothing of theirs but the
computing. Wall time is what a user waits for; CPU time is steadier on a busy machine. Ours draws
the matrix and the sample sheets (other diagrams are drawn when somebody looks); with `save_plots`
all of them.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from libs.common.children import child_environment
from libs.common.datasets import read_dataset, write_data_yaml
from libs.common.events import AnalysisRequested, DatasetRef, ModelRef, ModelValidated
from libs.common.service import Deps
from libs.common.subjects import ANALYZER
from libs.common.work import run_jobs
from libs.synthetic import DatasetSpec, write_dataset
from services.analyzer.asking import AnalyzerDeps
from services.analyzer.child import Stock, judging_environment
from services.analyzer.handlers import analyse_model
from tests.unit.services.analyzer.scenes import CLASSES, WEIGHTS

pytestmark = pytest.mark.timeout(900)

IMGSZ = 320
NAMES = ("yolo val", "its val(), warm", "ours, square", "ours, yolo_val", "ours, all drawn")
END_S = 300.0
ROUNDS = int(os.environ.get("SHIRUSHI_BENCH_ROUNDS", "2"))

VAL = """
import json, sys, time
from ultralytics import YOLO
weights, data, project, plots = sys.argv[1:]
for line in sys.stdin:
    model = YOLO(weights)
    wall, cpu = time.perf_counter(), time.process_time()
    box = model.val(data=data, split="val", imgsz=320, device="cpu", workers=0, verbose=False,
                    plots=plots == "plots", project=project).box
    print("RESULT", json.dumps({"wall_s": time.perf_counter() - wall,
          "cpu_s": time.process_time() - cpu, "map50": box.map50, "map50_95": box.map}), flush=True)
"""


class YoloVal:
    """A process that runs `model.val()` whenever it is told to."""

    def __init__(self, yaml: Path, folder: Path, *, plots: bool) -> None:
        self.yaml, self.folder, self.plots = yaml, folder, plots
        words = [str(WEIGHTS), str(yaml), str(folder), "plots" if plots else "bare"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", VAL, *words],
            env=child_environment(folder / "yolo"),  # without what makes ours quicker
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self) -> dict[str, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("RESULT"):
                found: dict[str, float] = json.loads(line.removeprefix("RESULT"))
                return found
        raise AssertionError("the peer died")

    def command(self) -> dict[str, float]:
        """The same by the command line, imports and all."""
        settings = {
            "model": WEIGHTS,
            "data": self.yaml,
            "project": self.folder,
            "plots": self.plots,
            "split": "val",
            "imgsz": IMGSZ,
            "device": "cpu",
            "workers": 0,
            "verbose": False,
        }
        words = [f"{name}={value}" for name, value in settings.items()]
        begin, before = time.perf_counter(), os.times()
        subprocess.run(
            [Path(sys.executable).with_name("yolo"), "detect", "val", *words],
            env=child_environment(self.folder / "yolo"),
            check=True,
            capture_output=True,
        )
        after = os.times()
        cpu_s = after.children_user + after.children_system
        cpu_s -= before.children_user + before.children_system
        return {"wall_s": time.perf_counter() - begin, "cpu_s": cpu_s}

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
async def analyzer(deps: Deps) -> AsyncIterator[AnalyzerDeps]:
    """A running analyzer with a warm process, as the service has it."""
    stock = Stock(judging_environment(deps.scratch / "yolo"))
    ours = AnalyzerDeps(**vars(deps), stock=stock)
    stock.refill()
    task = asyncio.create_task(run_jobs(ours, ANALYZER, analyse_model))
    yield ours
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await stock.close()


def _cpu_s() -> float:
    """CPU time of this process, of the nursery with the children it has buried, of the pens."""
    used = time.process_time()
    for each in psutil.Process().children():
        if any(word in " ".join(each.cmdline()) for word in ("libs.common.nursery", "spawn_main")):
            used += sum(each.cpu_times()[:4])
    return used


async def _ours(deps: AnalyzerDeps, folder: Path, job_id: str, **options: Any) -> dict[str, Any]:
    request = AnalysisRequested(
        job_id=job_id,
        operation="validate",
        model=ModelRef(name="base", path=str(WEIGHTS)),
        dataset=DatasetRef(name="set", path=str(folder)),
        options={"split": "val", "imgsz": IMGSZ} | options,
    )
    wall, cpu = time.perf_counter(), _cpu_s()
    await deps.bus.publish(request)
    async with asyncio.timeout(END_S):
        async for record in deps.bus.replay(f"evt.analysis.*.v1.{job_id}"):
            if record.event.terminal:
                event = record.event
                break
    assert isinstance(event, ModelValidated), event
    spent = {"wall_s": time.perf_counter() - wall, "cpu_s": _cpu_s() - cpu}
    report = json.loads(await deps.artifacts.get_bytes(event.report.key))
    return spent | {"theirs": report["ultralytics"], "inference_s": report["inference_seconds"]}


@pytest.mark.parametrize(
    ("images", "plots", "wanted"), [(128, False, 1.5), (64, True, 3.0)], ids=["bare", "plots"]
)
async def test_whole_validations_against_yolo_val(
    analyzer: AnalyzerDeps, tmp_path: Path, images: int, plots: bool, wanted: float
) -> None:
    """`wanted` times the images per second of the command, and more than its warm computing."""
    folder = tmp_path / "set"
    spec = DatasetSpec(classes=CLASSES, counts={"val": images}, size=640, seed=1)
    await asyncio.to_thread(write_dataset, folder, spec, workers=2)
    yaml = write_data_yaml(read_dataset(folder), tmp_path / "data.yaml")
    peer = YoloVal(yaml, tmp_path / "val", plots=plots)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES}
    try:
        await asyncio.to_thread(peer.run)  # scans labels and warms up; ours has no cache to fill
        await _ours(analyzer, folder, "first")  # drawing processes start with the first job
        for at in range(ROUNDS):
            runs["yolo val"].append(await asyncio.to_thread(peer.command))
            runs["its val(), warm"].append(await asyncio.to_thread(peer.run))
            runs["ours, square"].append(await _ours(analyzer, folder, f"s{at}"))
            told = await _ours(analyzer, folder, f"y{at}", protocol="yolo_val")
            runs["ours, yolo_val"].append(told)
            runs["ours, all drawn"].append(await _ours(analyzer, folder, f"d{at}", save_plots=True))
    finally:
        peer.close()
    theirs = runs["its val(), warm"][0]
    for key, name in (("map50", "map50"), ("map50_95", "map50_95")):
        assert told["theirs"][key] == pytest.approx(theirs[name], abs=1e-6)
    print(f"\n{images} images of 640 px at {IMGSZ}, {os.cpu_count()} cores, plots={plots}")
    best = {about: _best(each) for about, each in runs.items()}
    command, warm = best["yolo val"], best["its val(), warm"]
    for about, (wall, used) in best.items():
        print(
            f"{about:16} wall {wall:6.2f} s {images / wall:6.1f} images/s  cpu {used:6.2f} s  "
            f"x{command[0] / wall:.2f} of the command, x{warm[0] / wall:.2f} of the warm val()"
        )
    print(f"wanted: x{wanted} of the command")
    for ours in NAMES[2:]:
        assert command[0] / best[ours][0] > wanted, ours
        assert warm[0] / best[ours][0] > 1.1, ours


def _best(runs: list[dict[str, Any]]) -> tuple[float, float]:
    return min(run["wall_s"] for run in runs), min(run["cpu_s"] for run in runs)
