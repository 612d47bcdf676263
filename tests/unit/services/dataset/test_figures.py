"""The figures of a report are right on a dataset whose answer is known, and can be drawn."""

import io
from pathlib import Path

import pytest
from PIL import Image

from services.dataset.histograms import draw
from tests.planted.base import TRAIN, VAL, make, put, text
from tests.planted.scenes import encoded, scene
from tests.unit.services.dataset.conftest import Check


async def test_boxes_are_told_in_pixels_of_the_training_size(tmp_path: Path, check: Check) -> None:
    root = tmp_path / "d"
    put(root / "data.yaml", "train: images/train\nval: images/train\nnames: [a, b]\n")
    put(root / "images/train/x.jpg", encoded(Image.fromarray(scene(1)[0]).resize((400, 200))))
    put(root / "labels/train/x.txt", "0 0.25 0.75 0.1 0.1\n1 0.5 0.5 0.5 0.5\n")
    report = await check(root, imgsz=640)
    boxes = report["statistics"]["figures"]["boxes"]
    # 0.1 x 400 and 0.1 x 200, scaled by 640 / 400: 64 x 32 pixels; the other 320 x 160
    assert boxes["by_size"] == {"small": 0.0, "medium": 0.5, "large": 0.5}
    assert boxes["position"][12][4] == 2  # train and val are the same folder
    smaller = (await check(root, imgsz=320))["statistics"]["figures"]["boxes"]
    assert smaller["by_size"] == {"small": 0.5, "medium": 0.0, "large": 0.5}
    assert smaller["small_by_class"] == {"a": 1.0, "b": 0.0}


async def test_counts_agree_with_the_boxes_and_images_there_are(
    tmp_path: Path, check: Check
) -> None:
    report = await check(make(tmp_path / "d"))
    figures = report["statistics"]["figures"]
    assert sum(figures["boxes"]["side_px"]["counts"]) == 2 * (TRAIN + VAL)
    assert sum(sum(row) for row in figures["boxes"]["position"]) == 2 * (TRAIN + VAL)
    assert sum(figures["images"]["brightness"]["counts"]) == TRAIN + VAL
    assert figures["images"]["formats"] == {"jpeg": TRAIN + VAL}
    assert report["usable"]["train"] == {"images": TRAIN, "of": TRAIN}
    assert {row["property"] for row in figures["drift"]} == {
        "mean",
        "std",
        "saturation",
        "sharpness",
    }
    [pair] = figures["look_alikes"]
    assert pair["classes"] == ["cup", "bag"]
    assert pair["distance"] > 1.5
    assert pair["confused"] == 0


async def test_advice_comes_in_both_languages_with_its_number(tmp_path: Path, check: Check) -> None:
    root = make(tmp_path / "d")
    put(text(root, 3), "0 nan 0.5 0.1 0.1\n")
    statistics = (await check(root))["statistics"]
    english, japanese = statistics["recommendations"], statistics["recommendations_ja"]
    assert len(english) == len(japanese)
    assert english[0].startswith("The trainer would leave out 1 images.")
    assert "1 枚" in japanese[0]


async def test_a_sound_dataset_is_told_so(tmp_path: Path, check: Check) -> None:
    statistics = (await check(make(tmp_path / "d")))["statistics"]
    assert statistics["recommendations"] == ["Nothing stands in the way of a training."]


async def test_boxes_that_are_small_at_the_training_size_are_told(
    tmp_path: Path, check: Check
) -> None:
    statistics = (await check(make(tmp_path / "d"), imgsz=96))["statistics"]
    assert "small" in statistics["recommendations"][0]
    assert "96" in statistics["recommendations"][0]


async def test_every_diagram_is_a_picture(tmp_path: Path, check: Check) -> None:
    root = make(tmp_path / "d")
    put(root / "data.yaml", "train: images/train\nval: images/val\nnames: [茶碗, 鞄]\n")
    drawn = draw(await check(root))
    assert set(drawn) == {"class_distribution", "box_sizes", "box_positions", "look_alikes"}
    for data in drawn.values():
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            assert min(picture.size) > 300


@pytest.mark.parametrize("mode", ["fast", "full"])
async def test_an_empty_dataset_has_figures_too(tmp_path: Path, check: Check, mode: str) -> None:
    root = tmp_path / "d"
    put(root / "data.yaml", "train: images/train\nval: images/train\nnames: [a]\n")
    (root / "images/train").mkdir(parents=True)
    report = await check(root, mode=mode)
    assert report["statistics"]["figures"]["look_alikes"] == []
    assert draw(report)
