"""What other people's tools say about a set: pycocotools, faster-coco-eval, tidecv."""

# mypy: disable-error-code="no-untyped-call,attr-defined"

import contextlib
import io
from typing import Any

import faster_coco_eval as faster_coco
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from tidecv import TIDE, Data

from services.analyzer.domain.boxes import Floats
from services.analyzer.domain.evidence import Evidence


def xywh(corners_n4: Floats) -> list[list[float]]:
    """Boxes as COCO writes them."""
    size_n2 = corners_n4[:, 2:] - corners_n4[:, :2]
    rows: list[list[float]] = np.concatenate([corners_n4[:, :2], size_n2], axis=1).tolist()
    return rows


def coco_json(data: Evidence) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The set as COCO's ground truth and results."""
    truth = {
        "info": {},
        "images": [{"id": i, "width": 1, "height": 1} for i in range(data.images)],
        "categories": [{"id": c, "name": name} for c, name in enumerate(data.classes)],
        "annotations": [
            {"id": at + 1, "image_id": i, "category_id": c, "bbox": box, "area": box[2] * box[3]}
            | {"iscrowd": 0}
            for at, (i, c, box) in enumerate(
                zip(
                    data.label_image_l.tolist(),
                    data.label_class_l.tolist(),
                    xywh(data.label_box_l4),
                    strict=True,
                )
            )
        ],
    }
    results = [
        {"image_id": i, "category_id": c, "score": score, "bbox": box}
        for i, c, score, box in zip(
            data.image_d.tolist(),
            data.class_d.tolist(),
            data.score_d.tolist(),
            xywh(data.box_d4),
            strict=True,
        )
    ]
    return truth, results


def by_coco(data: Evidence, *, max_detections: int = 100, faster: bool = False) -> Any:
    """The finished `COCOeval`, its `stats` filled in, with maxDets 1, 10, `max_detections`."""
    truth, results = coco_json(data)
    coco_class: Any = COCO
    eval_class: Any = COCOeval
    if faster:
        coco_class, eval_class = faster_coco.COCO, faster_coco.COCOeval_faster
    with contextlib.redirect_stdout(io.StringIO()):
        known = coco_class()
        known.dataset = truth
        known.createIndex()
        found = known.loadRes(results) if results else _nothing(coco_class, truth)
        judge = eval_class(known, found, "bbox")
        judge.params.maxDets = [1, 10, max_detections]
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    if not faster and max_detections != 100:
        judge.stats[0] = _mean(judge.eval["precision"][..., 0, -1])  # it prints that at 100 alone
    return judge


def _nothing(coco_class: Any, truth: dict[str, Any]) -> Any:
    """No result at all, which `loadRes` cannot read."""
    empty = coco_class()
    empty.dataset = {**truth, "annotations": []}
    empty.createIndex()
    return empty


def _mean(values: Floats) -> float:
    kept = values[values > -1]
    return float(kept.mean()) if kept.size else -1.0


def by_tidecv(data: Evidence, *, max_detections: int = 100) -> Any:
    """The run of tidecv at IoU 0.5."""
    truth, said = Data("truth", max_detections), Data("said", max_detections)
    for i in range(data.images):
        truth.add_image(i, str(i))
    for c, name in enumerate(data.classes):
        truth.add_class(c, name)
    for i, c, box in zip(
        data.label_image_l.tolist(),
        data.label_class_l.tolist(),
        xywh(data.label_box_l4),
        strict=True,
    ):
        truth.add_ground_truth(i, c, box)
    for i, c, score, box in zip(
        data.image_d.tolist(),
        data.class_d.tolist(),
        data.score_d.tolist(),
        xywh(data.box_d4),
        strict=True,
    ):
        said.add_detection(i, c, score, box)
    return TIDE().evaluate(truth, said)
