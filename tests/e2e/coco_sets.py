"""Labelled sets as files, in the forms of COCO and YOLO, and what pycocotools says of them."""

# mypy: disable-error-code="no-untyped-call"

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from services.analyzer.domain.evidence import Evidence

SIDE_PX = 288
Row = dict[str, Any]


@dataclass(frozen=True)
class CocoSet:
    """A dataset folder, the same truth as a COCO dict, and predictions for it."""

    folder: Path
    truth: dict[str, Any]
    rows: list[Row]
    stems: list[str]


def write_set(folder: Path, data: Evidence, *, base: int = 1, stem: str = "shop_{:04d}") -> CocoSet:
    """Write `data` as a YOLO dataset; image ids count from 1, category ids from `base`.

    Predictions are shuffled: only equal scores of one image keep an order that matters.
    """
    stems = [stem.format(at) for at in range(data.images)]
    labels: list[list[str]] = [[] for _ in stems]
    annotations = []
    for at in range(data.labels):
        image, kind = int(data.label_image_l[at]), int(data.label_class_l[at])
        x1, y1, x2, y2 = data.label_box_l4[at].tolist()
        middle = ((x1 + x2) / 2 / SIDE_PX, (y1 + y2) / 2 / SIDE_PX)
        size = ((x2 - x1) / SIDE_PX, (y2 - y1) / SIDE_PX)
        labels[image].append(" ".join(map(repr, (kind, *middle, *size))))
        annotations.append(
            {
                "id": at + 1,
                "image_id": image + 1,
                "category_id": kind + base,
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "area": (x2 - x1) * (y2 - y1),
                "iscrowd": 0,
            }
        )
    for part in ("images", "labels"):
        (folder / part / "val").mkdir(parents=True)
    for name, lines in zip(stems, labels, strict=True):
        Image.new("L", (SIDE_PX, SIDE_PX)).save(folder / f"images/val/{name}.png")
        (folder / f"labels/val/{name}.txt").write_text("\n".join(lines))
    names = json.dumps(list(data.classes))
    (folder / "data.yaml").write_text(f"train: images/val\nval: images/val\nnames: {names}\n")
    order = np.random.default_rng(0).permutation(data.detections)
    size_d2 = data.box_d4[:, 2:] - data.box_d4[:, :2]
    rows = [
        {
            "image_id": int(data.image_d[at]) + 1,
            "category_id": int(data.class_d[at]) + base,
            "bbox": [*data.box_d4[at, :2].tolist(), *size_d2[at].tolist()],
            "score": float(data.score_d[at]),
        }
        for at in order
    ]
    truth = {
        "images": [
            {"id": at + 1, "file_name": f"{name}.png", "width": SIDE_PX, "height": SIDE_PX}
            for at, name in enumerate(stems)
        ],
        "categories": [{"id": c + base, "name": name} for c, name in enumerate(data.classes)],
        "annotations": annotations,
    }
    return CocoSet(folder, truth, rows, stems)


def by_pycocotools(truth: dict[str, Any], rows: list[Row], most: int = 300) -> dict[str, float]:
    """The means that a report shows, from the reference."""
    with contextlib.redirect_stdout(io.StringIO()):
        labels = COCO()
        labels.dataset = truth
        labels.createIndex()
        judge = COCOeval(labels, labels.loadRes([dict(row) for row in rows]), "bbox")
        judge.params.maxDets = [1, 10, most]
        judge.evaluate()
        judge.accumulate()
    precision, recall = judge.eval["precision"][..., 0, -1], judge.eval["recall"][..., 0, -1]

    def mean(values: Any) -> float:
        return float(values[values > -1].mean())

    return {
        "map50": mean(precision[0]),
        "map75": mean(precision[5]),
        "map50_95": mean(precision),
        "average_recall": mean(recall),
    }
