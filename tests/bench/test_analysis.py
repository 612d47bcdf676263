"""The whole analysis, loading included, against tools that do a part of it, in the same run.

CPU seconds of one thread, each tool with its boxes already in memory as it wants them, ours from
the parquet file. Asserts equal numbers, and ratios with slack for a busy machine; prints both.
"""

import contextlib
import dataclasses
import importlib.util
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tidecv import TIDE

from services.analyzer.domain.average_precision import coco_ap
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import match
from services.analyzer.domain.report import (
    Analysis,
    analyse,
    class_metrics,
    error_analysis,
    extras,
    headline,
)
from services.analyzer.domain.tide import tide
from services.analyzer.domain.yolo_val import ultralytics_ap
from services.analyzer.parquet import read_boxes
from tests.bench.analysis_set import like_coco, stored
from tests.unit.services.analyzer.conftest import yolo_environment  # noqa: F401
from tests.unit.services.analyzer.domain import referees

REFEREE = Path(referees.__file__).with_name("ultralytics_referee.py")
AT_LEAST = {"pycocotools": 37.0, "ultralytics": 10.0, "tidecv": 10.0}
SLACK = 0.7
"""Share of the ratio that is asserted: neighbours disturb a short run more than a long one."""


def cpu_s(work: Callable[[], Any], times: int) -> float:
    """The least of some runs: what the machine can do when it is let."""
    spent = []
    for _ in range(times):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def everything(path: Path) -> tuple[Analysis, dict[str, Any]]:
    """From the file to every block of the report, and a row of counts per image."""
    data, _ = read_boxes(path)
    found = analyse(data, confidence=0.25, match_iou=0.5)
    blocks = {
        "headline": headline(found),
        "classes": class_metrics(found),
        "errors": error_analysis(found),
        "extras": extras(found),
        "images": per_image(found),
    }
    return found, blocks


def per_image(found: Analysis) -> dict[str, list[int]]:
    """The columns of the table of images."""
    data, point, images = found.data, found.point, found.data.images
    kept = np.bincount(data.image_d[point.kept_d], minlength=images)
    right = np.bincount(data.image_d[point.true_d], minlength=images)
    labels = np.bincount(data.label_image_l, minlength=images)
    return {
        "labels": labels.tolist(),
        "detections": kept.tolist(),
        "tp": right.tolist(),
        "fp": (kept - right).tolist(),
        "fn": (labels - right).tolist(),
    }


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("images", [2_000, 20_000])
def test_everything_from_one_file_against_the_parts_of_others(
    images: int,
    tmp_path: Path,
    yolo_environment: dict[str, str],  # noqa: F811
) -> None:
    data = like_coco(images)
    path = stored(data, tmp_path / "boxes.parquet")
    ours_s = cpu_s(lambda: everything(path), 5)
    judge, coco_s = by_pycocotools(data)
    theirs, ultralytics_s = by_ultralytics(data, tmp_path, yolo_environment)
    run, tidecv_s = by_tidecv(data)
    spent = {"pycocotools": coco_s, "ultralytics": ultralytics_s, "tidecv": tidecv_s}
    print(f"\n{images} images, {data.labels} labels, {data.detections} detections, CPU seconds:")
    print(f"  ours, all of it, from parquet   {ours_s:.3f}")
    for name, other_s in spent.items():
        print(f"  {name:<31} {other_s:.3f}  {other_s / ours_s:.1f} x")
    if importlib.util.find_spec("hotcoco"):
        hot_s = min(by_hotcoco(data, tmp_path) for _ in range(3))
        print(f"  hotcoco, all its diagnostics    {hot_s:.3f}  {hot_s / ours_s:.1f} x")
    ours_s = min(ours_s, cpu_s(lambda: everything(path), 3))
    matches = match(data)
    at_100 = coco_ap(data, matches, max_detections=100)
    assert at_100.stats == pytest.approx(judge.stats.tolist(), abs=1e-9)
    printed = ultralytics_ap(data, matches)
    assert [printed.precision, printed.recall, printed.map50, printed.map50_95] == pytest.approx(
        theirs["printed"], abs=1e-9
    )
    assert tide(data, matches).ap50 == pytest.approx(run.ap / 100, abs=1e-9)
    for name, other_s in spent.items():
        assert other_s / ours_s > AT_LEAST[name] * SLACK, name


def by_pycocotools(data: Evidence) -> tuple[Any, float]:
    """Its 12 numbers; loading is not counted."""
    known, found = referees.loaded(data)
    began = time.process_time()
    judge = referees.evaluated(known, found)
    return judge, time.process_time() - began


def by_tidecv(data: Evidence) -> tuple[Any, float]:
    """Its causes and all costs; loading is not counted."""
    truth, said = referees.for_tidecv(data)
    began = time.process_time()
    run = TIDE().evaluate(truth, said)
    run.fix_main_errors()
    run.fix_special_errors()
    return run, time.process_time() - began


def by_ultralytics(
    data: Evidence, folder: Path, environment: dict[str, str]
) -> tuple[dict[str, Any], float]:
    """Its matching, AP and confusion matrix, in a child that tells its own CPU time."""
    arrays = {f.name: getattr(data, f.name) for f in dataclasses.fields(data)}
    np.savez(folder / "set.npz", names=arrays.pop("classes"), confidence=0.25, **arrays)
    answer = subprocess.run(
        [sys.executable, str(REFEREE), str(folder / "set.npz")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=True,
    )
    [line] = [line[5:] for line in answer.stdout.splitlines() if line.startswith("said:")]
    said = json.loads(line)
    return said, float(said["cpu_s"])


def by_hotcoco(data: Evidence, folder: Path) -> float:
    """Its evaluation with confusion, TIDE, per-image diagnostics and calibration; not loading."""
    import hotcoco  # noqa: PLC0415

    truth, results = referees.coco_json(data)
    for name, content in (("truth", truth), ("results", results)):
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    known = hotcoco.COCO(str(folder / "truth.json"))
    found = known.loadRes(str(folder / "results.json"))
    with contextlib.redirect_stdout(io.StringIO()):
        began = time.process_time()
        judge = hotcoco.COCOeval(known, found, "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
        judge.confusion_matrix()
        judge.tide_errors()
        judge.image_diagnostics()
        judge.calibration()
        return time.process_time() - began
