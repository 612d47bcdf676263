"""Run in a child: what ultralytics' own code says about sets of boxes. Not imported by any test.

Reads `.npz` files named on the command line (arrays of an `Evidence`, `names`, `confidence`),
and prints one line of JSON for each: its AP, P, R and F1 per class, and its confusion matrix.
"""

import json
import sys
import time
from types import SimpleNamespace

import numpy as np
import torch
from ultralytics.engine.validator import BaseValidator
from ultralytics.utils.metrics import ConfusionMatrix, DetMetrics, box_iou


def by_image(
    given: dict[str, np.ndarray],
) -> list[tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]]:
    """Labels and detections of each image, as the validator has them."""
    images = np.arange(int(given["images"]) + 1)
    ends_l = np.searchsorted(given["label_image_l"], images)
    ends_d = np.searchsorted(given["image_d"], images)
    rows = []
    for image in images[:-1]:
        own_l, own_d = slice(*ends_l[image : image + 2]), slice(*ends_d[image : image + 2])
        truth = {
            "cls": torch.tensor(given["label_class_l"][own_l]),
            "bboxes": torch.tensor(given["label_box_l4"][own_l]).float(),
        }
        said = {
            "cls": torch.tensor(given["class_d"][own_d]),
            "conf": torch.tensor(given["score_d"][own_d]).float(),
            "bboxes": torch.tensor(given["box_d4"][own_d]).float(),
        }
        rows.append((truth, said))
    return rows


def judged(given: dict[str, np.ndarray]) -> dict[str, object]:
    """As `DetectionValidator.update_metrics` does it, image by image, without a cap."""
    names = {c: str(name) for c, name in enumerate(given["names"])}
    metrics, matrix = DetMetrics(names), ConfusionMatrix(names)
    thresholds = SimpleNamespace(iouv=torch.linspace(0.5, 0.95, 10))
    rows = by_image(given)
    began = time.process_time()
    for image, (truth, said) in enumerate(rows):
        tp = np.zeros((len(said["cls"]), 10), dtype=bool)
        if len(truth["cls"]) and len(said["cls"]):
            iou = box_iou(truth["bboxes"], said["bboxes"])
            matched = BaseValidator.match_predictions(
                thresholds,  # type: ignore[arg-type]
                said["cls"],
                truth["cls"],
                iou,
            )
            tp = matched.numpy()
        metrics.update_stats(
            {
                "tp": tp,
                "target_cls": truth["cls"].numpy(),
                "target_img": np.unique(truth["cls"].numpy()),
                "conf": said["conf"].numpy(),
                "pred_cls": said["cls"].numpy(),
                "im_name": str(image),
            }
        )
        matrix.process_batch(said, truth, conf=float(given["confidence"]))
    metrics.process()
    spent_s, box = time.process_time() - began, metrics.box
    return {
        "cpu_s": spent_s,
        "matrix": matrix.matrix.astype(int).tolist(),
        "classes": np.asarray(box.ap_class_index).tolist(),
        "ap": np.asarray(box.all_ap).tolist(),
        "p": np.asarray(box.p).tolist(),
        "r": np.asarray(box.r).tolist(),
        "f1": np.asarray(box.f1).tolist(),
        "printed": [float(value) for value in metrics.mean_results()],
    }


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print("said:" + json.dumps(judged(dict(np.load(path)))))
