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

import psutil
import pytest

from libs.common.children import child_environment
from libs.common.datasets import read_dataset, write_data_yaml
from libs.common.errors import BadInput
from libs.synthetic import DatasetSpec, write_dataset
from services.analyzer.child import run_child
from services.analyzer.domain.matching import match
from services.analyzer.domain.yolo_val import ultralytics_ap
from services.analyzer.parquet import read_boxes

WEIGHTS = Path(__file__).parents[4] / "weights/shirushi-logo-n.pt"
CLASSES = tuple(json.loads(WEIGHTS.with_suffix(".json").read_text())["dataset"]["spec"]["classes"])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen scenes of the base weights' brands."""
    out = tmp_path_factory.mktemp("scenes") / "set"
    write_dataset(out, DatasetSpec(classes=CLASSES, counts={"val": 12}, size=192, seed=5))
    return out


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """As the service gives it to its children."""
    return child_environment(tmp_path_factory.mktemp("yolo"))


def _order(dataset: Path, out: Path, **changes: Any) -> dict[str, Any]:
    read = read_dataset(dataset)
    order = {
        "weights": str(WEIGHTS),
        "names": read.names,
        "images": [(str(item.image), str(item.label)) for item in read.splits["val"]],
        "imgsz": None,
        "iou": 0.7,
        "max_det": 300,
        "batch": 5,
        "threads": 2,
        "device": "cpu",
        "out": str(out),
    }
    return order | changes


async def _ignore(done: int, of: int) -> None:
    """Nobody watches."""


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
    dataset: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []

    async def note(done: int, of: int) -> None:
        seen.append((done, of))

    answer = await run_child(_order(dataset, tmp_path / "b.parquet"), environment, note)
    assert (answer["images"], answer["imgsz"], answer["findings"]) == (12, 160, [])
    assert seen == [(5, 12), (10, 12), (12, 12)]
    data, images = read_boxes(tmp_path / "b.parquet")
    assert {(image.width_px, image.height_px) for image in images} == {(192, 192)}
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
    dataset: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    (tmp_path / "bad.txt").write_text("0 7 7 1 1\n")
    images = _order(dataset, tmp_path)["images"][:3]
    images.insert(1, (str(tmp_path / "broken.jpg"), None))
    images.append((images[0][0], str(tmp_path / "bad.txt")))
    order = _order(dataset, tmp_path / "b.parquet", images=images)
    answer = await run_child(order, environment, _ignore)
    assert answer["images"] == 3
    broken, bad = answer["findings"]
    assert (broken["image_path"], broken["message"]) == (
        images[1][0],
        "the image cannot be decoded",
    )
    assert "label file is unusable: label 1 lies outside the image" in bad["message"]
    assert read_boxes(tmp_path / "b.parquet")[0].images == 3


async def test_classes_in_another_order_are_mapped_and_others_refused(
    dataset: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    few = _order(dataset, tmp_path)["images"][:4]
    plain = _order(dataset, tmp_path / "a.parquet", images=few)
    await run_child(plain, environment, _ignore)
    turned = plain | {"names": CLASSES[::-1], "out": str(tmp_path / "b.parquet")}
    await run_child(turned, environment, _ignore)
    straight, mapped = (read_boxes(tmp_path / f"{name}.parquet")[0] for name in "ab")
    assert straight.detections > 0
    assert mapped.class_d.tolist() == (len(CLASSES) - 1 - straight.class_d).tolist()
    with pytest.raises(BadInput, match="Judge it on a dataset with the classes") as refused:
        await run_child(plain | {"names": ("one", "two")}, environment, _ignore)
    assert refused.value.code == "classes_differ"


class Malicious:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


async def test_weights_that_would_run_code_are_refused_unread(
    dataset: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    bad, mark = tmp_path / "bad.pt", tmp_path / "was-here"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("bad/data.pkl", pickle.dumps(Malicious(mark), protocol=2))
        archive.writestr("bad/version", "3\n")
    for weights, code in ((bad, "unsafe_weights"), (dataset / "data.yaml", "unreadable_weights")):
        order = _order(dataset, tmp_path / "b.parquet", weights=str(weights))
        with pytest.raises(BadInput) as refused:
            await run_child(order, environment, _ignore)
        assert refused.value.code == code
    assert not mark.exists()


async def test_nothing_of_the_child_is_left_when_we_are_cancelled(
    dataset: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    started = asyncio.Event()

    async def note(done: int, of: int) -> None:
        started.set()

    order = _order(dataset, tmp_path / "b.parquet", batch=1)
    order["images"] *= 100
    task = asyncio.create_task(run_child(order, environment, note))
    await _within(60, started.wait())
    [child] = [
        each for each in psutil.Process().children() if "services.analyzer.entry" in each.cmdline()
    ]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await _within(30, task)
    assert not child.is_running()


async def _within(seconds: float, work: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(work, seconds)
