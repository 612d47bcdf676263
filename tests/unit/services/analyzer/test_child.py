"""The judging child on the project's own base weights, beside `yolo val` and against bad input."""

import asyncio
import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from libs.common.datasets import read_dataset, write_data_yaml
from libs.common.errors import BadInput
from libs.synthetic import DatasetSpec, write_dataset
from services.analyzer.child import Child, Stock, judging_environment, run_child
from services.analyzer.domain.matching import match
from services.analyzer.domain.yolo_val import ultralytics_ap
from services.analyzer.parts import Passed, read_parts
from tests.nursery import judging_processes
from tests.unit.services.analyzer.scenes import CLASSES, WEIGHTS, ignore, order_for


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen scenes of the base weights' brands."""
    out = tmp_path_factory.mktemp("scenes") / "set"
    write_dataset(out, DatasetSpec(classes=CLASSES, counts={"val": 12}, size=192, seed=5))
    return out


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """As the service gives it to its children."""
    return judging_environment(tmp_path_factory.mktemp("yolo"))


def _seen(folder: Path) -> Passed:
    return read_parts(folder, CLASSES)


VAL = """
import json, sys, torch
from ultralytics import YOLO
weights, data, project, threads = sys.argv[1:]
def set_threads(validator):
    torch.set_num_threads(2)
model = YOLO(weights)
model.add_callback("on_val_start", set_threads)
result = model.val(data=data, split="val", rect=False, batch=4, imgsz=160, conf=0.001, iou=0.7,
                   device="cpu", workers=0, plots=False, project=project, verbose=False)
box = result.box
print("RESULT", json.dumps({"map50": box.map50, "map": box.map, "p": box.mp, "r": box.mr}))
"""


async def test_boxes_give_the_numbers_that_yolo_val_prints(
    dataset: Path, judges: Stock, environment: dict[str, str], tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []

    async def note(done: int, of: int) -> None:
        seen.append((done, of))

    answer = await run_child(order_for(dataset, tmp_path / "b"), judges, note)
    assert answer["imgsz"] == 160
    assert seen == [(3, 12), (6, 12), (9, 12), (12, 12)]
    passed = _seen(tmp_path / "b")
    data = passed.data
    assert passed.findings == []
    assert [(image.width_px, image.height_px) for image in passed.images] == [(192, 192)] * 12
    ours = ultralytics_ap(data, match(data))
    yaml = write_data_yaml(read_dataset(dataset), tmp_path / "data.yaml")
    theirs = await asyncio.to_thread(_val, yaml, environment, tmp_path)
    assert ours.map50 > 0.1
    assert ours.map50 == pytest.approx(theirs["map50"], abs=1e-6)
    assert ours.map50_95 == pytest.approx(theirs["map"], abs=1e-6)
    assert ours.precision == pytest.approx(theirs["p"], abs=1e-6)
    assert ours.recall == pytest.approx(theirs["r"], abs=1e-6)


def _val(yaml: Path, environment: dict[str, str], folder: Path) -> dict[str, float]:
    run = subprocess.run(
        [sys.executable, "-c", VAL, str(WEIGHTS), str(yaml), str(folder / "val"), "2"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    [line] = [line for line in run.stdout.splitlines() if line.startswith("RESULT")] or [run.stderr]
    numbers: dict[str, float] = json.loads(line.removeprefix("RESULT"))
    return numbers


async def test_a_broken_image_and_a_broken_label_are_findings(
    dataset: Path, judges: Stock, tmp_path: Path
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    (tmp_path / "bad.txt").write_text("0 7 7 1 1\n")
    images = order_for(dataset, tmp_path)["images"][:3]
    images.insert(1, (str(tmp_path / "broken.jpg"), None))
    images.append((images[0][0], str(tmp_path / "bad.txt")))
    order = order_for(dataset, tmp_path / "b", images=images)
    await run_child(order, judges, ignore)
    passed = _seen(tmp_path / "b")
    broken, bad = passed.findings
    assert broken["image_path"] == images[1][0]
    assert broken["message"].startswith("the image cannot be decoded")
    assert "label file is unusable: label 1 lies outside the image" in bad["message"]
    assert passed.data.images == 3


async def test_classes_in_another_order_are_mapped_and_others_refused(
    dataset: Path, judges: Stock, tmp_path: Path
) -> None:
    few = order_for(dataset, tmp_path)["images"][:4]
    plain = order_for(dataset, tmp_path / "a", images=few)
    await run_child(plain, judges, ignore)
    turned = plain | {"names": CLASSES[::-1], "out": str(tmp_path / "b")}
    await run_child(turned, judges, ignore)
    straight, mapped = (_seen(tmp_path / name).data for name in "ab")
    assert straight.detections > 0
    assert mapped.class_d.tolist() == (len(CLASSES) - 1 - straight.class_d).tolist()
    with pytest.raises(BadInput, match="Judge it on a dataset with the classes") as refused:
        await run_child(plain | {"names": ("one", "two")}, judges, ignore)
    assert refused.value.code == "classes_differ"


class Malicious:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


async def test_weights_that_would_run_code_are_refused_unread(
    dataset: Path, judges: Stock, tmp_path: Path
) -> None:
    bad, mark = tmp_path / "bad.pt", tmp_path / "was-here"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("bad/data.pkl", pickle.dumps(Malicious(mark), protocol=2))
        archive.writestr("bad/version", "3\n")
    for weights, code in ((bad, "unsafe_weights"), (dataset / "data.yaml", "unreadable_weights")):
        order = order_for(dataset, tmp_path / "b", weights=str(weights))
        with pytest.raises(BadInput) as refused:
            await run_child(order, judges, ignore)
        assert refused.value.code == code
    assert not mark.exists()


async def test_nothing_of_the_child_is_left_when_we_are_cancelled(
    dataset: Path, judges: Stock, tmp_path: Path
) -> None:
    started = asyncio.Event()

    async def note(done: int, of: int) -> None:
        started.set()

    order = order_for(dataset, tmp_path / "b", batch=1)
    order["images"] *= 100
    task = asyncio.create_task(run_child(order, judges, note))
    await _within(60, started.wait())
    [child] = judging_processes()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await _within(30, task)
    assert not child.is_running()


@pytest.mark.parametrize("steps", range(6))
async def test_a_cancel_that_meets_a_message_is_not_swallowed(steps: int) -> None:
    pipe = asyncio.StreamReader()
    child = Child(0, asyncio.Future(), asyncio.WriteTransport(), asyncio.StreamReader(), pipe)
    hearing = asyncio.create_task(child.receive())
    await asyncio.sleep(0)
    pipe.feed_data(b'{"type": "progress"}\n')
    for _ in range(steps):
        await asyncio.sleep(0)
    if hearing.cancel():
        with pytest.raises(asyncio.CancelledError):
            await hearing


async def _within(seconds: float, work: Awaitable[Any]) -> Any:
    async with asyncio.timeout(seconds):
        return await work
