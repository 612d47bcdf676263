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


def loaded(data: Evidence, coco_class: Any = COCO) -> tuple[Any, Any]:
    """The set in memory, as pycocotools or a tool like it wants it: truth, results."""
    truth, results = coco_json(data)
    with contextlib.redirect_stdout(io.StringIO()):
        known = coco_class()
        known.dataset = truth
        known.createIndex()
        if results:
            return known, known.loadRes(results)
        nothing = coco_class()  # which `loadRes` cannot read
        nothing.dataset = {**truth, "annotations": []}
        nothing.createIndex()
        return known, nothing


def by_coco(data: Evidence, *, max_detections: int = 100, faster: bool = False) -> Any:
    """The finished `COCOeval`, its `stats` filled in, with maxDets 1, 10, `max_detections`."""
    known, found = loaded(data, faster_coco.COCO if faster else COCO)
    eval_class = faster_coco.COCOeval_faster if faster else COCOeval
    judge = evaluated(known, found, eval_class, max_detections=max_detections)
    if not faster and max_detections != 100:
        judge.stats[0] = _mean(judge.eval["precision"][..., 0, -1])  # it prints that at 100 alone
    return judge


def evaluated(
    known: Any, found: Any, eval_class: Any = COCOeval, *, max_detections: int = 100
) -> Any:
    """The finished evaluation of a set in memory."""
    with contextlib.redirect_stdout(io.StringIO()):
        judge = eval_class(known, found, "bbox")
        judge.params.maxDets = [1, 10, max_detections]
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge


def _mean(values: Floats) -> float:
    kept = values[values > -1]
    return float(kept.mean()) if kept.size else -1.0


def for_tidecv(data: Evidence, *, max_detections: int = 100) -> tuple[Any, Any]:
    """The set in memory, as tidecv wants it: truth, detections."""
    truth, said = Data("truth", max_detections), Data("said", max_detections)
    for i in range(data.images):
        truth.add_image(i, str(i))
    for c, name in enumerate(data.classes):
        truth.add_class(c, name)
    images, classes = data.label_image_l.tolist(), data.label_class_l.tolist()
    for i, c, box in zip(images, classes, xywh(data.label_box_l4), strict=True):
        truth.add_ground_truth(i, c, box)
    images, classes, scores = data.image_d.tolist(), data.class_d.tolist(), data.score_d.tolist()
    for i, c, score, box in zip(images, classes, scores, xywh(data.box_d4), strict=True):
        said.add_detection(i, c, score, box)
    return truth, said


def by_tidecv(data: Evidence, *, max_detections: int = 100) -> Any:
    """The run of tidecv at IoU 0.5."""
    return TIDE().evaluate(*for_tidecv(data, max_detections=max_detections))
