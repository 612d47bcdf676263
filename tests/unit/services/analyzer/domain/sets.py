"""Small labelled sets for the domain's tests: written out by hand, or drawn from a seed."""

from collections.abc import Sequence

import numpy as np

from services.analyzer.domain.evidence import Evidence, evidence

Label = tuple[int, int, Sequence[float]]
Detection = tuple[int, int, float, Sequence[float]]


def by_hand(
    images: int, classes: Sequence[str], labels: Sequence[Label], detections: Sequence[Detection]
) -> Evidence:
    """Labels as (image, class, box) and detections as (image, class, score, box)."""
    return evidence(
        images=images,
        classes=tuple(classes),
        labels=(
            np.array([row[0] for row in labels], dtype=np.int64),
            np.array([row[1] for row in labels], dtype=np.int64),
            np.array([row[2] for row in labels], dtype=np.float64).reshape(-1, 4),
        ),
        detections=(
            np.array([row[0] for row in detections], dtype=np.int64),
            np.array([row[1] for row in detections], dtype=np.int64),
            np.array([row[2] for row in detections], dtype=np.float64),
            np.array([row[3] for row in detections], dtype=np.float64).reshape(-1, 4),
        ),
    )


def drawn(
    seed: int, *, images: int = 60, classes: int = 5, ties: bool = False, crowd: int = 12
) -> Evidence:
    """Labels on a grid of whole pixels, and detections that hit, miss, repeat and mistake them."""
    random = np.random.default_rng(seed)
    labels: list[Label] = []
    detections: list[Detection] = []
    for image in range(images):
        for _ in range(int(random.integers(0, 5))):
            corner, size = random.integers(0, 200, 2), random.integers(10, 80, 2)
            box = np.concatenate((corner, corner + size))
            label = int(random.integers(0, classes - 1))
            labels.append((image, label, box.tolist()))
            for _ in range(int(random.integers(0, 4))):
                moved = box + random.integers(-8, 9, 4)
                moved[2:] = np.maximum(moved[2:], moved[:2] + 1)
                seen = label if random.random() < 0.8 else int(random.integers(0, classes))
                detections.append((image, seen, float(random.random()), moved.tolist()))
        for _ in range(int(random.integers(0, crowd))):
            corner, size = random.integers(0, 200, 2), random.integers(10, 80, 2)
            box = np.concatenate((corner, corner + size))
            kind = int(random.integers(0, classes))
            detections.append((image, kind, float(random.random() ** 2), box.tolist()))
    if ties:
        detections = [(i, c, round(score * 4) / 4, box) for i, c, score, box in detections]
    return by_hand(images, "abcdefgh"[:classes], labels, detections)
