"""How often a verdict on two models is wrong, and how often it is given where it should be."""

import numpy as np
import pytest

from services.analyzer.domain.alignment import Judgement, align
from services.analyzer.domain.changes import Judged
from services.analyzer.domain.comparison import compare
from services.analyzer.domain.errors import errors
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import match
from services.analyzer.domain.operating_point import operating_point
from tests.unit.services.analyzer.domain.sets import Detection, Label, by_hand

IMAGES, CLASSES, PAIRS = 200, 4, 60


def labelled(random: np.random.Generator) -> list[Label]:
    """Two images in five hold no logo."""
    rows: list[Label] = []
    for image in range(IMAGES):
        for _ in range(int(random.choice([0, 0, 1, 1, 2]))):
            corner, size = random.integers(0, 200, 2), random.integers(20, 80, 2)
            rows.append((image, int(random.integers(CLASSES)), [*corner, *(corner + size)]))
    return rows


def said(random: np.random.Generator, labels: list[Label], recall: float) -> Evidence:
    """By a model that finds each label with this chance, and errs on every second image."""
    found: list[Detection] = []
    for image, kind, box in labels:
        if random.random() < recall:
            corners = np.array(box, dtype=np.float64)
            moved = corners + np.tile(corners[2:] - corners[:2], 2) * random.normal(0, 0.05, 4)
            found.append((image, kind, float(random.beta(5, 2)), moved.tolist()))
    for image in range(IMAGES):
        for _ in range(random.poisson(0.5)):
            corner = random.integers(300, 500, 2)
            score = float(random.beta(2, 5))
            found.append((image, int(random.integers(CLASSES)), score, [*corner, *(corner + 40)]))
    return by_hand(IMAGES, "abcd", labels, found)


def verdicts(recalls: tuple[float, float]) -> list[str]:
    given: list[str] = []
    for seed in range(PAIRS):
        random = np.random.default_rng(seed)
        labels = labelled(random)
        paths = tuple(f"/d/{at}.jpg" for at in range(IMAGES))
        size, unknown = ((640, 640),) * IMAGES, ("",) * IMAGES
        pair = [Judgement(said(random, labels, each), paths, size, unknown) for each in recalls]
        judged = []
        for side in align(pair).sides:
            matches = match(side.data)
            point = operating_point(side.data, matches, confidence=0.25)
            judged.append(Judged(side.data, matches, point, errors(side.data, matches, point)))
        [found] = compare(judged, resamples=1000, seed=seed)
        given.append(found.verdict)
    return given


@pytest.mark.parametrize(
    ("recalls", "expected", "least"),
    [((0.8, 0.8), "cannot_tell", 0.88), ((0.75, 0.9), "better", 0.8), ((0.9, 0.75), "worse", 0.8)],
)
def test_verdicts_are_seldom_wrong_and_not_shy(
    recalls: tuple[float, float], expected: str, least: float
) -> None:
    given = verdicts(recalls)
    share = given.count(expected) / PAIRS
    counts = {each: given.count(each) for each in sorted(set(given))}
    print(f"\nrecall {recalls[0]} against {recalls[1]}, {IMAGES} images, {PAIRS} pairs: {counts}")
    assert share >= least
