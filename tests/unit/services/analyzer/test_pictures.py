"""Diagrams and samples are drawn, in Japanese too, and matches survive the way to disk and back."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image as Picture

from services.analyzer import parquet
from services.analyzer.diagrams import draw_into
from services.analyzer.domain import per_image, report
from services.analyzer.plots.catalogue import JUDGEMENT, TRAINING, Diagram
from services.analyzer.plots.names import strip
from services.analyzer.samples import draw_samples
from tests.unit.services.analyzer.domain.sets import by_hand, drawn

DATA = by_hand(
    2,
    ("ロゴ", "山"),
    [(0, 0, (10, 10, 40, 40)), (1, 1, (5, 5, 30, 30))],
    [(0, 0, 0.9, (11, 11, 40, 40)), (1, 0, 0.8, (5, 5, 30, 31)), (1, 1, 0.6, (50, 50, 60, 60))],
)
FOUND = report.analyse(DATA, confidence=0.25, match_iou=0.5)


HISTORY = [{"epoch": e, "train/box_loss": 1 / e, "metrics/mAP50(B)": e / 9} for e in (1.0, 2.0)]


def verdict(found: report.Analysis) -> dict[str, Any]:
    """What the diagrams of a report are drawn from."""
    return {
        "class_metrics": report.class_metrics(found),
        "error_analysis": report.error_analysis(found),
        **report.extras(found),
    }


def colours(content: bytes) -> int:
    with Picture.open(io.BytesIO(content)) as picture:
        assert min(picture.size) > 150
        return len(set(picture.convert("RGB").resize((64, 64)).get_flattened_data()))


async def test_every_diagram_is_drawn_by_other_processes_with_its_data(tmp_path: Path) -> None:
    wanted: list[tuple[Diagram, Any, str]] = [(each, verdict(FOUND), "") for each in JUDGEMENT]
    wanted += [(each, HISTORY, "") for each in TRAINING]
    drawn = await draw_into(tmp_path, wanted)
    assert drawn.missing == []
    assert len(drawn.names) == 2 * len(wanted) == 24
    for diagram, _, _ in wanted:
        assert colours((tmp_path / f"{diagram.name}.png").read_bytes()) > 10, diagram.name
        assert json.loads((tmp_path / f"{diagram.name}.json").read_bytes())


async def test_what_cannot_be_drawn_is_named_with_the_reason(tmp_path: Path) -> None:
    older = verdict(FOUND)
    del older["curves"]["confidence"]["precision_by_class"]
    known = {each.name: each for each in (*JUDGEMENT, *TRAINING)}
    broken = known["results"]
    drawn = await draw_into(
        tmp_path,
        [
            (known["p_curve"], older, ""),
            (known["training_curves"], None, "no run is known"),
            (broken, [{"train/box_loss": "much"}], ""),
        ],
    )
    reasons = {each["name"]: each["reason"] for each in drawn.missing}
    assert "validate again" in reasons["p_curve.png"]
    assert reasons["training_curves.png"] == "no run is known"
    assert "failed" in reasons["results.png"]
    assert drawn.names == []


NAMES = (
    "とても長い日本語のロゴの名前でございます株式会社",
    r"$100 \foo$",
    "a name\nof two lines",
    "\U0001f600",
    "",
)


@pytest.mark.parametrize("classes", [0, 9])
def test_hostile_names_and_empty_sets_are_drawn_without_a_warning(classes: int) -> None:
    names = [f"{NAMES[c % 5]}{c if c > 4 else ''}" for c in range(max(classes, 1))]
    data = by_hand(
        2,
        names,
        [(c % 2, c, (10, 10, 40, 40)) for c in range(classes)],
        [(c % 2, (c + c % 3) % classes, 0.9, (11, 11, 40, 40)) for c in range(classes)],
    )
    found = verdict(report.analyse(data, confidence=0.25, match_iou=0.5))
    for diagram in JUDGEMENT:
        assert colours(diagram.pen(diagram.data(found))) > 1, diagram.name
    for each in TRAINING:
        assert colours(each.pen(HISTORY[:1] if classes else [])) > 1


def test_each_name_ends_beside_its_row() -> None:
    names = ["brand", "ロゴ", "\u0627\u0644"]  # the last is not in the font that knows Japanese
    rows = np.split(strip(names, 9, pitch_in=0.3, width_in=1.5).min(axis=2), len(names))
    for row in rows:
        ink = np.flatnonzero(row.min(axis=0) < 128)
        assert 0 < ink.min() < row.shape[1] - 5
        assert ink.max() >= row.shape[1] - 5
    assert len({row.tobytes() for row in rows}) == len(rows)


DRAWING = """
import asyncio, os
from services.analyzer.plots.curves import draw_pr
from services.analyzer.plots.pool import PENS

async def main():
    await PENS.draw({"a": (draw_pr, {"map50": 0.0, "precision": {}})})
    print("drawn", flush=True)
    await asyncio.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_drawing_processes_die_with_a_killed_service(tmp_path: Path) -> None:
    script = tmp_path / "drawing.py"
    script.write_text(DRAWING)
    command = [sys.executable, str(script)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[4])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == b"drawn\n"
        children = psutil.Process(service.pid).children(recursive=True)
        assert children
        service.kill()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def test_a_large_set_lists_the_images_with_the_most_errors() -> None:
    found = report.analyse(drawn(3), confidence=0.25, match_iou=0.5)
    listed = per_image.listed_images(found, 10)
    assert len(listed) == 10
    left_out = np.setdiff1d(np.arange(found.data.images), listed)
    assert found.point.wrong_i[listed].min() >= found.point.wrong_i[left_out].max()
    paths = tuple(map(str, range(found.data.images)))
    rows = per_image.prediction_results(found, paths, listed)
    assert [row["image"] for row in rows] == listed.tolist()
    whole = per_image.listed_images(found, 1000)
    assert whole.tolist() == list(range(found.data.images))


def test_samples_are_crops_and_whole_images_by_cause(tmp_path: Path) -> None:
    for name in ("0.png", "1.png"):
        Picture.fromarray(np.full((80, 100, 3), 128, np.uint8)).save(tmp_path / name)
    images = tuple(parquet.Image(str(tmp_path / f"{at}.png"), 100, 80) for at in (0, 1))
    written = [
        name
        for cause, rows in per_image.samples(FOUND).items()
        for name in draw_samples(FOUND, images, tmp_path / "samples", cause, rows)
    ]
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
