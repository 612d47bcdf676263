"""Diagrams and samples are drawn, in Japanese too, and matches survive the way to disk and back."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from services.analyzer import parquet, pictures
from services.analyzer.domain import report
from services.analyzer.samples import draw_samples
from tests.unit.services.analyzer.domain.sets import by_hand, drawn

DATA = by_hand(
    2,
    ("ロゴ", "山"),
    [(0, 0, (10, 10, 40, 40)), (1, 1, (5, 5, 30, 30))],
    [(0, 0, 0.9, (11, 11, 40, 40)), (1, 0, 0.8, (5, 5, 30, 31)), (1, 1, 0.6, (50, 50, 60, 60))],
)
FOUND = report.analyse(DATA, confidence=0.25, match_iou=0.5)


def _colours(path: Path) -> int:
    with Picture.open(path) as picture:
        assert picture.width > 300
        return len(set(picture.convert("RGB").resize((64, 64)).get_flattened_data()))


def test_every_diagram_is_drawn_with_japanese_names_and_without_a_warning(tmp_path: Path) -> None:
    curves = report.curve_data(FOUND)
    history = [{"epoch": e, "train/box_loss": 1 / e, "metrics/mAP50(B)": e / 9} for e in (1.0, 2.0)]
    pictures.draw_confusion(report.confusion_data(FOUND.table), tmp_path / "a.png")
    pictures.draw_pr(curves["pr"], tmp_path / "b.png")
    pictures.draw_f1(curves["confidence"], tmp_path / "c.png")
    pictures.draw_class_metrics(report.class_metrics(FOUND), tmp_path / "d.png")
    pictures.draw_training(history, tmp_path / "e.png")
    assert all(_colours(tmp_path / f"{name}.png") > 10 for name in "abcde")


def test_a_model_that_finds_nothing_can_be_drawn(tmp_path: Path) -> None:
    found = report.analyse(by_hand(1, "a", [], []), confidence=0.25, match_iou=0.5)
    curves = report.curve_data(found)
    pictures.draw_pr(curves["pr"], tmp_path / "pr.png")
    pictures.draw_f1(curves["confidence"], tmp_path / "f1.png")
    pictures.draw_confusion(report.confusion_data(found.table), tmp_path / "matrix.png")
    assert _colours(tmp_path / "pr.png") > 1


def test_samples_are_crops_and_whole_images_by_cause(tmp_path: Path) -> None:
    for name in ("0.png", "1.png"):
        Picture.fromarray(np.full((80, 100, 3), 128, np.uint8)).save(tmp_path / name)
    images = tuple(parquet.Image(str(tmp_path / f"{at}.png"), 100, 80) for at in (0, 1))
    written = draw_samples(FOUND, images, tmp_path / "samples")
    assert written == [f"{c}/001{w}.jpg" for c in ("cls", "bkg") for w in ("", "_image")]
    assert (tmp_path / "samples/cls/001.jpg").stat().st_size > 1000


@pytest.mark.parametrize("empty", [False, True])
def test_matches_survive_the_way_to_disk_and_back(tmp_path: Path, empty: bool) -> None:
    data = by_hand(2, "ab", [], []) if empty else drawn(4)
    images = tuple(parquet.Image(f"{i}.jpg", 300, 200) for i in range(data.images))
    found = report.analyse(data, confidence=0.25, match_iou=0.5)
    parquet.write_matches(data, images, report.match_columns(found), tmp_path / "m.parquet")
    again, same_images = parquet.read_boxes(tmp_path / "m.parquet")
    assert same_images == images
    assert again.classes == data.classes
    for name in ("label_image_l", "label_class_l", "label_box_l4", "image_d", "score_d", "box_d4"):
        assert np.array_equal(getattr(again, name), getattr(data, name)), name


def test_the_parent_imports_no_torch() -> None:
    code = "import sys, services.analyzer.__main__; print('torch' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert answer.stdout.strip() == "False"
