"""Weights from outside, opened where the analyzer and the trainer open them: in a child."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.nursery import SharedStock
from tests.unit.services.trainer.conftest import Train
from tests.untrusted import PICKLES, WEIGHTS, evil_weights, expression


async def told(stock: SharedStock, folder: Path, **order: Any) -> list[dict[str, Any]]:
    """What a child says that only opens weights."""
    stock._module, trains = "tests.faults.loading", stock._module
    child = await stock.take()
    stock._module = trains
    said = [each async for each in child.messages(order, console=folder / "console.log")]
    await child.end()
    assert said[-1]["type"] == "done", list(child.console)[-5:]
    return said[:-1]


@pytest.mark.parametrize("kind", PICKLES)
async def test_weights_that_would_run_code_are_refused_and_run_nothing(
    stock: SharedStock, tmp_path: Path, kind: str
) -> None:
    mark = tmp_path / "executed"
    [said] = await told(stock, tmp_path, load=[str(evil_weights(kind, tmp_path / "w.pt", mark))])
    assert said["code"] == "unsafe_weights"
    assert not mark.exists()


async def test_the_project_s_own_weights_and_nothing_else_are_opened(
    stock: SharedStock, tmp_path: Path
) -> None:
    (tmp_path / "photo.pt").write_bytes(b"\xff\xd8\xff not weights at all")
    (tmp_path / "empty.safetensors").write_bytes(b"")
    (tmp_path / "long.safetensors").write_bytes(b"\xff" * 7 + b"\x00{}")
    (tmp_path / "other.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    names = ("photo.pt", "empty.safetensors", "long.safetensors", "other.safetensors")
    paths = [str(WEIGHTS), *(str(tmp_path / name) for name in names)]
    said = await told(stock, tmp_path, load=paths)
    codes = {Path(each["path"]).name: each["code"] for each in said}
    assert codes.pop(WEIGHTS.name) == ""
    assert codes == dict.fromkeys(codes, "unreadable_weights")
    assert codes.keys() == set(names)


async def test_an_architecture_that_is_more_than_layers_is_refused(
    stock: SharedStock, tmp_path: Path
) -> None:
    mark = tmp_path / "executed"
    changes = {
        "activation": {"activation": expression(mark)},
        "argument": {"head": [[-1, 1, "Conv", [expression(mark)]]]},
        "function": {"head": [[-1, 1, "DEFAULT_CFG_DICT", [1]]]},
        "model": {"head": [[-1, 1, "DetectionModel", ["yolov8n"]]]},
        "download": {"head": [[-1, 1, "TorchVision", [64, "resnet18", "DEFAULT"]]]},
        "deep": {"backbone": [[-1, 10**9, "Conv", [64, 3, 2]]]},
        "wide": {"backbone": [[-1, 1, "Conv", [10**9, 3, 2]]]},
        "scaled": {"scales": {"n": [10**6, 1.0, 1024]}},
        "none": {"backbone": [], "head": []},
    }
    heads = {str(tmp_path / f"{name}.safetensors"): change for name, change in changes.items()}
    await told(stock, tmp_path, save=str(WEIGHTS), heads=heads)
    said = await told(stock, tmp_path, load=list(heads))
    codes = {Path(each["path"]).stem: each["code"] for each in said}
    assert codes == dict.fromkeys(codes, "unsafe_weights")
    assert not mark.exists()


async def test_a_small_file_that_would_take_all_memory_is_refused(
    stock: SharedStock, tmp_path: Path
) -> None:
    huge = tmp_path / "huge.safetensors"
    change = {
        "scales": {"n": [1.0, 1.0, 10**5]},
        "backbone": [[-1, 1, "Conv", [90_000, 3, 2]], [-1, 1, "Conv", [90_000, 3, 2]]],
        "head": [[[0, 1], 1, "Detect", ["nc"]]],
    }
    await told(stock, tmp_path, save=str(WEIGHTS), heads={str(huge): change})
    packed = tmp_path / "packed.pt"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02]" + b"K\x01a" * 10**6 + b".")
    said = await told(stock, tmp_path, load=[str(huge), str(packed), str(WEIGHTS)])
    assert [each["code"] for each in said] == ["unreadable_weights", "unreadable_weights", ""]


async def test_a_run_keeps_its_weights_without_pickle_too_and_they_are_the_same_model(
    train: Train, stock: SharedStock, tmp_path: Path
) -> None:
    run = await train("whole", epochs=2)
    files = run.last("done")["files"]
    assert "weights/model.yaml" in files
    for name in ("best", "last"):
        pair = [files[f"weights/{name}.{suffix}"] for suffix in ("pt", "safetensors")]
        [said] = await told(stock, tmp_path, same=pair)
        assert said["outputs"], name
        assert said["names"] == [[[0, "square"], [1, "disc"]]] * 2
        assert said["imgsz"] == [32, 32]
    start = Path(files["weights/best.safetensors"])
    moved = await train("moved", mode="transfer", weights=start, epochs=1)
    assert "Transferred" in (moved.folder.parent / "console.log").read_text()
    assert moved.last("done")["classes"] == ["square", "disc"]
