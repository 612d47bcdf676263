"""A set of the size and shape of COCO's val: 10 detections per image, many of them weak."""

from pathlib import Path

import numpy as np

from services.analyzer.domain.boxes import Floats
from services.analyzer.domain.evidence import Evidence, evidence
from services.analyzer.parquet import Boxes, Image, write_boxes

CLASSES = 80
PER_IMAGE = 10


def like_coco(images: int, *, seed: int = 0) -> Evidence:
    """Labels of all sizes; detections right, loose, twice, of another class, or on nothing."""
    random = np.random.default_rng(seed)
    per_image = random.poisson(3, images) * (random.random(images) < 0.9)
    label_image = np.repeat(np.arange(images), per_image)
    labels = len(label_image)
    label_class = random.integers(0, CLASSES, labels)
    label_box = _boxes(random, labels)
    found = np.flatnonzero(random.random(labels) < 0.85)
    again = found[random.random(len(found)) < 0.3]
    alone = images * PER_IMAGE - len(found) - len(again)
    other = random.integers(0, CLASSES, len(found))
    seen = np.where(random.random(len(found)) < 0.85, label_class[found], other)
    box = np.concatenate(
        [
            _moved(random, label_box[found], 0.06),
            _moved(random, label_box[again], 0.15),
            _boxes(random, alone),
        ]
    )
    score = np.concatenate(
        [
            random.beta(5, 2, len(found)),
            random.beta(2, 4, len(again)),
            random.beta(1, 6, alone),
        ]
    )
    return evidence(
        images=images,
        classes=tuple(f"class {c}" for c in range(CLASSES)),
        labels=(label_image, label_class, label_box),
        detections=(
            np.concatenate(
                [label_image[found], label_image[again], random.integers(0, images, alone)]
            ),
            np.concatenate([seen, label_class[again], random.integers(0, CLASSES, alone)]),
            score.astype(np.float32).astype(np.float64),
            box,
        ),
    )


def stored(data: Evidence, path: Path) -> Path:
    """The set as the child writes it, image by image."""
    boxes = Boxes()
    ends_l = np.searchsorted(data.label_image_l, np.arange(data.images + 1)).tolist()
    ends_d = np.searchsorted(data.image_d, np.arange(data.images + 1)).tolist()
    for image in range(data.images):
        boxes.images.append(Image(f"images/test/{image:06}.jpg", 640, 640))
        own_l, own_d = slice(*ends_l[image : image + 2]), slice(*ends_d[image : image + 2])
        boxes.add("label", data.label_class_l[own_l].tolist(), None, data.label_box_l4[own_l])
        scores = data.score_d[own_d].tolist()
        boxes.add("detection", data.class_d[own_d].tolist(), scores, data.box_d4[own_d])
    write_boxes(boxes, data.classes, path)
    return path


def _boxes(random: np.random.Generator, count: int) -> Floats:
    side = np.exp(random.normal(4.2, 0.9, (count, 2))).clip(4, 400)
    corner = random.random((count, 2)) * (640 - side)
    return np.concatenate([corner, corner + side], axis=1)


def _moved(random: np.random.Generator, box_n4: Floats, share: float) -> Floats:
    side_n4 = np.tile(box_n4[:, 2:] - box_n4[:, :2], 2)
    moved = box_n4 + random.normal(0, share, box_n4.shape) * side_n4
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
    return moved
