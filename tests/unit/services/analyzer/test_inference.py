"""Boxes beside those of `predict` and `yolo val`; its time limit, odd images, other models."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from libs.common.datasets import read_dataset, write_data_yaml
from libs.common.errors import TransientError
from libs.synthetic import DatasetSpec, write_dataset
from services.analyzer.child import Stock, judging_environment, run_child
from services.analyzer.domain.matching import match
from services.analyzer.domain.yolo_val import ultralytics_ap
from services.analyzer.parts import Passed, batches_done, read_parts
from tests.nursery import SharedJudges, judging_processes
from tests.unit.services.analyzer.scenes import CLASSES, WEIGHTS, ignore, order_for

REFEREE = """
import itertools, json, os, sys
from pathlib import Path
import numpy as np, torch
from ultralytics import YOLO
from ultralytics.utils import nms
weights, yaml, out = sys.argv[1:]
lines = lambda boxes: [[*row[:4], row[4], int(row[5])] for row in boxes.tolist()]
images = json.loads((Path(out) / "images.json").read_text())

model = YOLO(weights)
found = model.predict(images, rect=False, conf=0.25, iou=0.45, imgsz=160, batch=4, device="cpu",
                      verbose=False)
(Path(out) / "predict.json").write_text(json.dumps([lines(each.boxes.data) for each in found]))

box = YOLO(weights).val(data=yaml, split="val", device="cpu", workers=0, plots=False,
                        project=out, verbose=False).box
(Path(out) / "val.json").write_text(json.dumps({
    "map50": box.map50, "map50_95": box.map, "precision": box.mp, "recall": box.mr}))

from libs.common.errors import BadInput
from services.analyzer.yolo import load_detector
refused = {}
for name in ("cls", "seg", "pose", "obb"):
    path = Path(out) / f"{name}.pt"
    torch.save({"model": YOLO(f"yolov8n-{name}.yaml").model, "train_args": {}}, path)
    try:
        load_detector(path)
    except BadInput as error:
        refused[name] = error.code
(Path(out) / "refused.json").write_text(json.dumps(refused))

from services.analyzer.frames import open_frame, square_batches
from services.analyzer.yolo import Detector
order = json.loads((Path(out) / "order.json").read_text())
detector = Detector(order)
[batch] = square_batches(order["images"], 160, 16)
frames = [open_frame(each, 160, batch, len(order["names"])) for each in batch.items]
quiet = [lines(each) for each in detector.detect(frames)]
clock = itertools.count(0, 1000.0)
nms.time.time = lambda: next(clock)
slow = [lines(each) for each in detector.detect(frames)]
(Path(out) / "limit.json").write_text(json.dumps({
    "same": slow == quiet, "boxes": [len(each) for each in slow]}))
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen scenes, cut to several shapes, so that rectangles differ from squares."""
    out = tmp_path_factory.mktemp("shapes") / "set"
    write_dataset(out, DatasetSpec(classes=CLASSES, counts={"val": 16}, size=192, seed=9))
    for at, path in enumerate(sorted((out / "images/val").glob("*"))):
        picture = cv2.imread(str(path))
        assert picture is not None
        height, width = 192 - 24 * (at % 3), 192 - 16 * (at % 4)
        label = out / "labels/val" / f"{path.stem}.txt"
        cv2.imwrite(str(path), picture[:height, :width])
        label.write_text("".join(_cut(label.read_text(), width / 192, height / 192)))
    return out


def _cut(text: str, width: float, height: float) -> list[str]:
    """Labels on what is left of an image, whole ones only."""
    kept = []
    for line in text.splitlines():
        kind, x, y, w, h = map(float, line.split())
        if x + w / 2 <= width and y + h / 2 <= height:
            kept.append(f"{int(kind)} {x / width} {y / height} {w / width} {h / height}\n")
    return kept


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """As the service gives it to its children."""
    return judging_environment(tmp_path_factory.mktemp("yolo"))


@pytest.fixture(scope="module")
def referee(
    dataset: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with what ultralytics says of the set, and models of other kinds."""
    out = tmp_path_factory.mktemp("referee")
    order = order_for(dataset, out)
    (out / "order.json").write_text(json.dumps(order))
    (out / "images.json").write_text(json.dumps([image for image, _ in order["images"]]))
    yaml = write_data_yaml(read_dataset(dataset), out / "data.yaml")
    loose = {name: value for name, value in environment.items() if name != "ULTRALYTICS_SAFE_LOAD"}
    run = subprocess.run(
        [sys.executable, "-c", REFEREE, str(WEIGHTS), str(yaml), str(out)],
        env=loose,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return out


async def _judged(order: dict[str, Any], judges: Stock) -> Passed:
    await run_child(order, judges, ignore)
    return read_parts(Path(order["out"]), tuple(order["names"]))


@pytest.fixture(scope="module")
def squares(
    dataset: Path, judging_nursery: socket.socket, tmp_path_factory: pytest.TempPathFactory
) -> Passed:
    """The scenes as the default protocol sees them, in one undisturbed pass."""
    order = order_for(dataset, tmp_path_factory.mktemp("squares"), batch=2, iou=0.45)

    async def judged() -> Passed:
        judges = SharedJudges(judging_nursery)
        try:
            return await _judged(order, judges)
        finally:
            await judges.close()

    return asyncio.run(judged())


def test_all_boxes_equal_those_of_predict(squares: Passed, referee: Path) -> None:
    passed = squares
    theirs = json.loads((referee / "predict.json").read_text())
    compared = 0
    for image, rows in enumerate(theirs):
        own = np.flatnonzero((passed.data.image_d == image) & (passed.data.score_d > 0.25))
        expected = np.array(rows).reshape(-1, 6)
        assert len(own) == len(expected)
        np.testing.assert_allclose(passed.data.box_d4[own], expected[:, :4], atol=2e-3)
        np.testing.assert_allclose(passed.data.score_d[own], expected[:, 4], atol=1e-6)
        assert passed.data.class_d[own].tolist() == expected[:, 5].tolist()
        compared += len(own)
    assert compared > 10


async def test_the_protocol_yolo_val_gives_the_numbers_that_it_prints(
    dataset: Path, judges: Stock, referee: Path, tmp_path: Path
) -> None:
    order = order_for(dataset, tmp_path, protocol="yolo_val", batch=16)
    passed = await _judged(order, judges)
    ours, theirs = ultralytics_ap(passed.data, match(passed.data)), (referee / "val.json")
    for name, value in json.loads(theirs.read_text()).items():
        assert getattr(ours, name) == pytest.approx(value, abs=1e-6), name
    assert ours.map50 > 0.1


def test_a_slow_clock_loses_no_box(referee: Path) -> None:
    limit = json.loads((referee / "limit.json").read_text())
    assert limit["same"]
    assert sum(map(bool, limit["boxes"])) > 10


def test_models_of_other_tasks_are_refused(referee: Path) -> None:
    codes = json.loads((referee / "refused.json").read_text())
    assert codes == dict.fromkeys(("cls", "seg", "pose", "obb"), "not_a_detector")


def _turned(image: Pillow.Image, path: Path) -> tuple[int, int]:
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(path.with_suffix(".jpg"), exif=exif)
    return image.height, image.width


def _animated(image: Pillow.Image, path: Path) -> tuple[int, int]:
    image.save(path.with_suffix(".webp"), save_all=True, append_images=[image.rotate(90)])
    return image.size


def _deep(image: Pillow.Image, path: Path) -> tuple[int, int]:
    deep = np.asarray(image.convert("L")).astype(np.uint16) * 256
    Pillow.fromarray(deep).save(path.with_suffix(".png"))
    return image.size


def _cmyk(image: Pillow.Image, path: Path) -> tuple[int, int]:
    image.convert("CMYK").save(path.with_suffix(".jpg"))
    return image.size


def _grey_with_alpha(image: Pillow.Image, path: Path) -> tuple[int, int]:
    image.convert("LA").save(path.with_suffix(".png"))
    return image.size


ODD: dict[str, Callable[[Pillow.Image, Path], tuple[int, int]]] = {
    "turned": _turned,
    "animated": _animated,
    "deep": _deep,
    "cmyk": _cmyk,
    "grey": _grey_with_alpha,
}


async def test_odd_images_are_read_as_the_trainer_reads_them_and_broken_ones_are_findings(
    dataset: Path, judges: Stock, tmp_path: Path
) -> None:
    [source, *_] = sorted((dataset / "images/val").glob("*"))
    image = Pillow.open(source).convert("RGB").crop((0, 0, 160, 120))
    folder = tmp_path / "odd"
    folder.mkdir()
    sizes = {name: write(image, folder / name) for name, write in ODD.items()}
    whole = next(folder.glob("cmyk*")).read_bytes()
    (folder / "half.jpg").write_bytes(whole[:200])
    bomb = Pillow.new("1", (20_000, 20_000))
    bomb.save(folder / "huge.png")
    images = [(str(path), None) for path in sorted(folder.iterdir())]
    passed = await _judged(order_for(dataset, tmp_path / "out", images=images), judges)
    seen = {Path(each.path).stem: (each.width_px, each.height_px) for each in passed.images}
    assert seen == sizes
    assert [Path(each["image_path"]).name for each in passed.findings] == ["half.jpg", "huge.png"]
    assert all("cannot be decoded" in each["message"] for each in passed.findings)


async def test_a_pass_that_was_killed_goes_on_where_it_was_with_the_same_result(
    dataset: Path, judges: Stock, squares: Passed, tmp_path: Path
) -> None:
    order = order_for(dataset, tmp_path / "b", batch=2, iou=0.45, part_s=0)

    async def kill(done: int, of: int) -> None:
        if done >= 6:
            for each in judging_processes():
                each.kill()

    with pytest.raises(TransientError, match="died"):
        await run_child(order, judges, kill)
    done = batches_done(tmp_path / "b")
    assert 2 <= done < 8
    seen: list[int] = []

    async def note(done: int, of: int) -> None:
        seen.append(done)

    await run_child(order | {"batches_done": done}, judges, note)
    assert judging_processes() == []
    assert seen[0] == 2 * (done + 1)
    again = read_parts(tmp_path / "b", tuple(order["names"]))
    assert again.images == squares.images
    for name in ("image_d", "class_d", "score_d", "box_d4", "label_class_l", "label_box_l4"):
        np.testing.assert_array_equal(getattr(again.data, name), getattr(squares.data, name))
