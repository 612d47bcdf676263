"""Sets drawn from a seed to be hard on arithmetic: ties, crowds, borders, nothing at all."""

from collections.abc import Callable

import numpy as np

from services.analyzer.domain.evidence import Evidence, evidence

Random = np.random.Generator
BORDER_SIDES = (0, 1, 10, 32, 40, 96, 100)
"""Widths and heights in pixels: without area, and on COCO's borders between sizes."""


def generated(
    seed: int,
    *,
    images: int = 25,
    classes: int = 5,
    labels: int = 5,
    repeats: int = 3,
    noise: int = 8,
    sides: tuple[int, ...] | None = None,
    whole: bool = True,
    scores: int = 0,
    span: int = 300,
    empty: float = 0.2,
) -> Evidence:
    """Detections that hit, repeat, shift and mistake labels, and some on nothing.

    Args:
        seed: of the draw.
        images: how many; a share `empty` of them has no label, and another no detection.
        classes: names; the last is never labelled, the one before never detected.
        labels: most labels per image.
        repeats: most detections near one label.
        noise: most detections per image on nothing.
        sides: widths and heights to choose from, else anything from 8 to 120.
        whole: corners in whole pixels, so that overlaps are equal and on thresholds.
        scores: how many different scores there are; 0 = all differ.
        span: corners lie in -20..span: some outside an image of that size.
        empty: see `images`.
    """
    random = np.random.default_rng(seed)
    truth: list[tuple[float, ...]] = []
    said: list[tuple[float, ...]] = []
    for image in range(images):
        for _ in range(0 if random.random() < empty else int(random.integers(0, labels + 1))):
            kind, box = int(random.integers(0, max(1, classes - 1))), _box(random, sides, span)
            if random.random() < 0.1 and truth and truth[-1][0] == image:
                box = np.array(truth[-1][2:])  # the same box labelled twice
            truth.append((image, kind, *box))
        if random.random() < empty:
            continue
        for row in [row for row in truth if row[0] == image]:
            for _ in range(int(random.integers(0, repeats + 1))):
                box = np.array(row[2:]) + random.integers(-6, 7, 4) * random.integers(0, 2)
                box[2:] = np.maximum(box[2:], box[:2])
                said.append((image, _seen(random, int(row[1]), classes), *box))
        said += [
            (image, _seen(random, 0, classes, 0.0), *_box(random, sides, span))
            for _ in range(int(random.integers(0, noise + 1)))
        ]
    table = np.array(said).reshape(-1, 6)
    order = random.permutation(len(table))
    truth_n6, said_n6 = np.array(truth).reshape(-1, 6), table[order]
    if not whole:
        truth_n6[:, 2:] += random.random((len(truth_n6), 1)) / 3
        said_n6[:, 2:4] -= random.random((len(said_n6), 2))
    score = random.random(len(said_n6)) ** 2
    if scores:
        score = np.ceil(score * scores) / scores
    return evidence(
        images=images,
        classes=tuple(f"class {c}" for c in range(classes)),
        labels=(truth_n6[:, 0].astype(np.int64), truth_n6[:, 1].astype(np.int64), truth_n6[:, 2:]),
        detections=(
            said_n6[:, 0].astype(np.int64),
            said_n6[:, 1].astype(np.int64),
            score.astype(np.float32).astype(np.float64),
            said_n6[:, 2:],
        ),
    )


def _box(random: Random, sides: tuple[int, ...] | None, span: int) -> np.ndarray:
    corner = random.integers(-20, span, 2)
    side = random.choice(sides, 2) if sides else random.integers(8, 120, 2)
    return np.concatenate((corner, corner + side)).astype(np.float64)


def _seen(random: Random, kind: int, classes: int, right: float = 0.75) -> int:
    """The class that a detection says: never the last but one."""
    seen = kind if random.random() < right else int(random.integers(0, classes))
    return classes - 1 if seen == classes - 2 and classes > 2 else seen


SETS: dict[str, Callable[[int], Evidence]] = {
    "ordinary": lambda seed: generated(seed, whole=False),
    "tied scores": lambda seed: generated(seed, scores=5),
    "borders": lambda seed: generated(seed, sides=BORDER_SIDES, span=150),
    "dense": lambda seed: generated(
        seed, images=3, classes=3, labels=60, repeats=4, noise=700, span=90, empty=0.0
    ),
    "dense and tied": lambda seed: generated(
        seed, images=2, classes=2, labels=40, repeats=9, noise=120, span=60, scores=9, empty=0.0
    ),
    "one image": lambda seed: generated(seed, images=1, empty=0.0),
    "one class": lambda seed: generated(seed, classes=1, scores=20),
    "sparse": lambda seed: generated(seed, images=12, classes=9, labels=1, repeats=1, noise=1),
    "nothing said": lambda seed: generated(seed, images=6, repeats=0, noise=0),
    "nothing labelled": lambda seed: generated(seed, images=6, labels=0),
    "nothing at all": lambda seed: generated(seed, images=3, labels=0, repeats=0, noise=0),
}
