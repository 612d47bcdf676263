"""AP against hand-computed sets, pycocotools and, in a child, ultralytics."""

# mypy: disallow-untyped-calls=False
import contextlib
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from services.analyzer.domain.average_precision import coco_ap
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import match
from services.analyzer.domain.yolo_val import ultralytics_ap
from tests.unit.services.analyzer.domain.sets import by_hand, drawn

SQUARE, FAR = (0, 0, 10, 10), (50, 50, 60, 60)


def test_every_label_found_and_nothing_else_is_ap_one() -> None:
    data = by_hand(2, "a", [(0, 0, SQUARE), (1, 0, FAR)], [(0, 0, 0.9, SQUARE), (1, 0, 0.8, FAR)])
    ap = coco_ap(data, match(data))
    assert (ap.map50, ap.map75, ap.map50_95, ap.average_recall) == (1.0, 1.0, 1.0, 1.0)


def test_half_the_labels_found_first_is_51_of_101_points() -> None:
    data = by_hand(
        2, "a", [(0, 0, SQUARE), (1, 0, FAR)], [(0, 0, 0.9, SQUARE), (1, 0, 0.8, SQUARE)]
    )
    assert coco_ap(data, match(data)).map50 == pytest.approx(51 / 101, abs=1e-12)


def test_a_false_box_before_the_right_one_halves_the_precision() -> None:
    data = by_hand(1, "a", [(0, 0, SQUARE)], [(0, 0, 0.9, FAR), (0, 0, 0.8, SQUARE)])
    assert coco_ap(data, match(data)).map50 == pytest.approx(0.5, abs=1e-12)


def test_a_box_with_iou_07_counts_up_to_070_only() -> None:
    data = by_hand(1, "a", [(0, 0, SQUARE)], [(0, 0, 0.9, (0, 0, 10, 7))])
    ap = coco_ap(data, match(data))
    assert ap.map50 == pytest.approx(1.0)
    assert ap.map75 == 0.0
    assert ap.map50_95 == pytest.approx(5 / 10)


def test_classes_without_labels_are_left_out_of_the_mean() -> None:
    data = by_hand(1, "ab", [(0, 0, SQUARE)], [(0, 0, 0.9, SQUARE), (0, 1, 0.9, FAR)])
    ap = coco_ap(data, match(data))
    assert ap.map50 == pytest.approx(1.0)
    assert np.isnan(ap.ap_ct[1]).all()


def test_no_labels_at_all_gives_zero_and_no_nan() -> None:
    data = by_hand(1, "a", [], [(0, 0, 0.9, SQUARE)])
    assert coco_ap(data, match(data)).map50_95 == 0.0
    assert ultralytics_ap(data, match(data)).map50_95 == 0.0


SETS = {
    "ordinary": drawn(1),
    "tied scores": drawn(2, ties=True),
    "crowded": drawn(3, images=6, classes=3, crowd=900),
    "sparse": drawn(4, images=9, classes=6, crowd=2),
}


@pytest.mark.parametrize("name", SETS)
def test_coco_numbers_equalby_pycocotools(name: str) -> None:
    data = SETS[name]
    ours = coco_ap(data, match(data))
    theirs = by_pycocotools(data)
    assert ours.map50 == pytest.approx(theirs["map50"], abs=1e-9)
    assert ours.map75 == pytest.approx(theirs["map75"], abs=1e-9)
    assert ours.map50_95 == pytest.approx(theirs["map50_95"], abs=1e-9)
    assert ours.average_recall == pytest.approx(theirs["recall"], abs=1e-9)


def by_pycocotools(data: Evidence) -> dict[str, float]:
    def xywh(box: np.ndarray) -> list[float]:
        return [*box[:2].tolist(), *(box[2:] - box[:2]).tolist()]

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": i} for i in range(data.images)],
            "categories": [{"id": c, "name": n} for c, n in enumerate(data.classes)],
            "annotations": [
                {
                    "id": at + 1,
                    "image_id": int(data.label_image_l[at]),
                    "category_id": int(data.label_class_l[at]),
                    "bbox": xywh(data.label_box_l4[at]),
                    "area": float(np.prod(data.label_box_l4[at][2:] - data.label_box_l4[at][:2])),
                    "iscrowd": 0,
                }
                for at in range(data.labels)
            ],
        }
        truth.createIndex()
        found = truth.loadRes(
            [
                {
                    "image_id": int(data.image_d[at]),
                    "category_id": int(data.class_d[at]),
                    "bbox": xywh(data.box_d4[at]),
                    "score": float(data.score_d[at]),
                }
                for at in range(data.detections)
            ]
        )
        judge = COCOeval(truth, found, "bbox")
        judge.params.maxDets = [1, 10, 300]
        judge.evaluate()
        judge.accumulate()
    precision, recall = judge.eval["precision"][..., 0, -1], judge.eval["recall"][..., 0, -1]
    mean = lambda values: float(values[values > -1].mean())  # noqa: E731
    return {
        "map50": mean(precision[0]),
        "map75": mean(precision[5]),
        "map50_95": mean(precision),
        "recall": mean(recall),
    }


REFEREE = """
import json, sys
import numpy as np
from ultralytics.utils.metrics import ap_per_class
given = json.load(sys.stdin)
_, _, p, r, _, ap, *_ = ap_per_class(*(np.array(given[k]) for k in ("tp", "conf", "pred", "true")))
json.dump({"p": p.mean(), "r": r.mean(), "map50": ap[:, 0].mean(), "map": ap.mean()}, sys.stdout)
"""


def test_ultralytics_numbers_equal_its_own_code_on_the_same_detections(
    yolo_environment: dict[str, str],
) -> None:
    data = SETS["ordinary"]
    matches = match(data)
    given = {
        "tp": matches.found_coco_td.T.astype(int).tolist(),
        "conf": data.score_d.tolist(),
        "pred": data.class_d.tolist(),
        "true": data.label_class_l.tolist(),
    }
    answer = subprocess.run(
        [sys.executable, "-c", REFEREE],
        input=json.dumps(given),
        env=yolo_environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    theirs, ours = json.loads(answer.stdout.splitlines()[-1]), ultralytics_ap(data, matches)
    assert ours.map50 == pytest.approx(theirs["map50"], abs=1e-9)
    assert ours.map50_95 == pytest.approx(theirs["map"], abs=1e-9)
    assert ours.precision == pytest.approx(theirs["p"], abs=1e-9)
    assert ours.recall == pytest.approx(theirs["r"], abs=1e-9)
