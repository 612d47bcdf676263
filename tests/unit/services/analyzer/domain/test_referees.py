"""Our numbers against other people's tools on generated sets: ties, crowds, borders, nothing."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tidecv import TIDE

from services.analyzer.domain.average_precision import coco_ap
from services.analyzer.domain.errors import CAUSES
from services.analyzer.domain.matching import match
from services.analyzer.domain.tide import tide
from services.analyzer.domain.yolo_val import ultralytics_ap, ultralytics_confusion
from tests.unit.services.analyzer.domain.generated import SETS
from tests.unit.services.analyzer.domain.referees import by_coco, by_tidecv

REFEREE = Path(__file__).with_name("ultralytics_referee.py")
SEED = 3
CONFIDENCE = 0.25
SMALL = [name for name in SETS if name != "dense"]
EXACT = 1e-9


@pytest.mark.parametrize("name", SETS)
def test_cocos_12_numbers_and_every_curve_equal_pycocotools(name: str) -> None:
    data = SETS[name](SEED)
    for most in (100, 300):
        ours, theirs = (
            coco_ap(data, match(data), max_detections=most),
            by_coco(data, max_detections=most),
        )
        assert ours.stats == pytest.approx(theirs.stats.tolist(), abs=EXACT)
        precision = theirs.eval["precision"][..., -1].transpose(3, 2, 0, 1)
        recall = theirs.eval["recall"].transpose(3, 2, 1, 0)
        assert np.abs(np.nan_to_num(ours.precision_actr, nan=-1) - precision).max() < EXACT
        assert np.abs(np.nan_to_num(ours.recall_act, nan=-1) - recall[-1]).max() < EXACT
        few = np.nan_to_num(ours.recall_few_mct, nan=-1)
        assert np.abs(few - recall[:2, 0]).max() < EXACT


def test_the_dense_set_has_images_on_which_the_cap_decides() -> None:
    data = SETS["dense"](SEED)
    per_image = np.bincount(data.image_d * len(data.classes) + data.class_d)
    assert per_image.max() > 300
    capped, more = (coco_ap(data, match(data), max_detections=most) for most in (100, 300))
    assert more.map50_95 - capped.map50_95 > 1e-3


@pytest.mark.parametrize("name", [name for name in SMALL if "nothing" not in name])
def test_cocos_12_numbers_equal_faster_coco_eval(name: str) -> None:
    data = SETS[name](SEED)
    theirs = by_coco(data, faster=True).stats[:12]
    assert coco_ap(data, match(data), max_detections=100).stats == pytest.approx(
        np.asarray(theirs).tolist(), abs=EXACT
    )


@pytest.mark.parametrize("name", [name for name in SETS if name != "nothing at all"])
def test_causes_and_their_cost_equal_tidecv_ties_included(name: str) -> None:
    data = SETS[name](SEED)
    ours, run = tide(data, match(data)), by_tidecv(data)
    counts = {error.short_name: count for error, count in run.count_errors().items()}
    assert list(ours.counts.values()) == [
        counts[short] for short in ("Cls", "Loc", "Both", "Dupe", "Bkg", "Miss")
    ]
    assert ours.ap50 == pytest.approx(run.ap / 100, abs=EXACT)
    for cause, kind in zip(CAUSES, TIDE._error_types, strict=True):
        try:
            theirs = run.fix_main_errors(error_types=[kind])[kind] / 100
        except ZeroDivisionError:  # it cannot say what is left when no class is
            assert name in {"nothing labelled", "nothing said"}
            theirs = 0.0
        assert ours.cost[cause] == pytest.approx(theirs, abs=EXACT), cause
    if data.labels and data.detections:
        special = [value / 100 for value in run.fix_special_errors().values()]
        assert list(ours.cost.values())[-2:] == pytest.approx(special, abs=EXACT)


@pytest.fixture(scope="module")
def said_by_ultralytics(
    yolo_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("referee")
    for at, make in enumerate(SETS.values()):
        data = make(SEED)
        arrays = {f.name: getattr(data, f.name) for f in dataclasses.fields(data)}
        np.savez(folder / f"{at}", names=arrays.pop("classes"), confidence=CONFIDENCE, **arrays)
    paths = [str(folder / f"{at}.npz") for at in range(len(SETS))]
    answer = subprocess.run(
        [sys.executable, str(REFEREE), *paths],
        env=yolo_environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    lines = [line[5:] for line in answer.stdout.splitlines() if line.startswith("said:")]
    return dict(zip(SETS, map(json.loads, lines), strict=True))


@pytest.mark.parametrize("name", SETS)
def test_what_yolo_val_prints_equals_ultralytics_own_code(
    name: str, said_by_ultralytics: dict[str, Any]
) -> None:
    data, theirs = SETS[name](SEED), said_by_ultralytics[name]
    matches = match(data)
    ours = ultralytics_ap(data, matches)
    printed = [ours.precision, ours.recall, ours.map50, ours.map50_95]
    assert printed == pytest.approx(theirs["printed"], abs=EXACT)
    if data.labels:
        assert list(ours.classes) == theirs["classes"]
        assert np.abs(ours.ap_ct - theirs["ap"]).max() < EXACT
        for mine, other in zip(
            (ours.precision_c, ours.recall_c, ours.f1_c), ("p", "r", "f1"), strict=True
        ):
            assert mine.tolist() == pytest.approx(theirs[other], abs=EXACT)
    matrix = ultralytics_confusion(data, matches.pairs, confidence=CONFIDENCE)
    assert matrix.tolist() == theirs["matrix"]
