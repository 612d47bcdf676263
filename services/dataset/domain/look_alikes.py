"""Which classes look alike, and which labels look like another class: nearest neighbours of crops.

Legend: K crops, C classes, D length of a description.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.scanned import Crops, Neighbours, Place, Scanned

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]

LEAST_IMAGES, MOST_IMAGES, SHARE_IMAGES = 200, 4_000, 0.02
"""Crops are taken from 2 % of the images with boxes, at least 200 and at most 4,000."""
NEIGHBOURS = 5
FEWEST_OF_CLASS = 8
"""Of smaller classes nothing is said."""
SURE = 0.85
"""Share of a class's crops whose neighbours are of the class, below which nothing is said of it."""
MOST_BOXES = 4_000
SHOWN_PAIRS = 20
ROWS_AT_ONCE = 1024
"""Of crops whose distances to all others are held at once."""


def sampled_images(scanned: Scanned) -> Rows:
    """Rows of the images whose boxes are described: spread evenly, the same in every run."""
    fit = scanned.pixels["seen"] & (np.diff(scanned.first_box) > 0)
    rows = np.flatnonzero(fit)
    wanted = min(MOST_IMAGES, max(LEAST_IMAGES, int(SHARE_IMAGES * len(rows))))
    if len(rows) <= wanted:
        return rows
    return rows[np.linspace(0, len(rows) - 1, wanted).astype(np.intp)]


def neighbours_of(scanned: Scanned, crops: Crops) -> Neighbours:
    """The same as `neighbours`, found once for all who ask."""
    if scanned.near is None:
        scanned.near = neighbours(scanned, crops)
    return scanned.near


def neighbours(scanned: Scanned, crops: Crops) -> Neighbours:
    """Nearest neighbours of every crop among those of other images, by Euclidean distance."""
    classes = scanned.boxes["class"][crops.boxes].astype(np.intp)
    count, kinds = len(classes), len(scanned.names)
    votes = np.zeros((count, kinds), np.int64)
    nearest = np.full((count, kinds), np.inf, np.float32)
    order = np.argsort(classes, kind="stable")
    by_class, vectors = classes[order], crops.vectors[order]
    images = scanned.boxes["image"][crops.boxes[order]]
    lengths = (vectors**2).sum(axis=1)
    starts = np.searchsorted(by_class, np.arange(kinds))
    filled = np.flatnonzero(np.diff(np.append(starts, count)))
    for begin in range(0, count, ROWS_AT_ONCE):
        mine = slice(begin, begin + ROWS_AT_ONCE)
        some = vectors[mine] if count > ROWS_AT_ONCE else vectors  # of one array: half the work
        squares = some @ vectors.T
        squares *= -2
        squares += lengths[mine, None]
        squares += lengths
        np.maximum(squares, 0, out=squares)
        squares[images[mine, None] == images] = np.inf
        if len(filled):
            least = np.minimum.reduceat(squares, starts[filled], axis=1)
            nearest[order[mine, None], filled] = np.sqrt(least)
        own = np.arange(len(squares))
        for _ in range(min(NEIGHBOURS, count)):
            best = squares.argmin(axis=1)
            real = np.isfinite(squares[own, best])
            votes[order[mine][real], by_class[best[real]]] += 1
            squares[own, best] = np.inf
    return Neighbours(classes, votes, nearest)


def check_labels_by_looks(scanned: Scanned, _: Rules) -> Iterator[Place]:
    """Boxes that look like another class: all neighbours are of it, and far nearer than its own.

    Said only where looks tell the two classes apart: nearly all crops of either have neighbours
    of their own class.
    """
    if scanned.crops is None or len(scanned.crops.boxes) < 2 * FEWEST_OF_CLASS:
        return
    near = neighbours_of(scanned, scanned.crops)
    own = near.votes[np.arange(len(near.classes)), near.classes]
    sizes = np.bincount(near.classes, minlength=len(scanned.names))
    sure = np.zeros(len(sizes), bool)
    for kind in np.flatnonzero(sizes >= FEWEST_OF_CLASS):
        agree = own[near.classes == kind] >= (NEIGHBOURS + 1) // 2
        sure[kind] = agree.mean() >= SURE
    typical = _typical(near)
    for row in np.flatnonzero((own == 0) & sure[near.classes]).tolist():
        like = int(near.votes[row].argmax())
        there, here = near.nearest[row, like], near.nearest[row, near.classes[row]]
        if near.votes[row, like] < NEIGHBOURS or not sure[like] or there > typical[like]:
            continue
        box = int(scanned.crops.boxes[row])
        if here < 1.25 * there or not scanned.judged_by_looks(int(scanned.boxes["image"][box])):
            continue
        yield _suspect(scanned, box, like)


def _typical(near: Neighbours) -> Vectors:
    """(C,): the distance to their nearest that 90 % of a class's crops are within."""
    found = np.full(near.nearest.shape[1], 0, np.float32)
    for kind in np.unique(near.classes):
        own = near.nearest[near.classes == kind, kind]
        own = own[np.isfinite(own)]
        found[kind] = np.quantile(own, 0.9) if len(own) else 0
    return found


def _suspect(scanned: Scanned, box: int, like: int) -> Place:
    row, names = int(scanned.boxes["image"][box]), scanned.names
    said = names[int(scanned.boxes["class"][box])]
    text = (
        f"The box is labelled '{said}', but the {NEIGHBOURS} boxes that look most like it are all "
        f"'{names[like]}'. Look at it, and correct its class."
    )
    hit = Hit("class_label_suspect", text, line=int(scanned.boxes["line"][box]), value=names[like])
    return scanned.split_of(row), scanned.label_file_of(row), hit


def look_alikes(scanned: Scanned) -> list[dict[str, object]]:
    """The pairs of classes whose crops are nearest, the nearest first.

    Returns:
        `classes`; `distance`: median distance of the crops of one to the nearest of the other,
        over the larger of the two classes' own (1 = as near as they are to themselves);
        `confused`: share of their crops that have more neighbours of the other class.
    """
    if scanned.crops is None or not len(scanned.crops.boxes):
        return []
    near = neighbours_of(scanned, scanned.crops)
    rows = [np.flatnonzero(near.classes == kind) for kind in range(len(scanned.names))]
    kinds = [kind for kind, own in enumerate(rows) if len(own) >= 2]
    medians = {kind: _medians(near.nearest[rows[kind]]) for kind in kinds}
    votes = {kind: near.votes[rows[kind]] for kind in kinds}
    unsure = {k: (votes[k] > votes[k][:, k : k + 1]).sum(axis=0) for k in kinds}
    told: list[dict[str, object]] = []
    for at, one in enumerate(kinds):
        for other in kinds[at + 1 :]:
            apart = min(medians[one][other], medians[other][one])
            alone = max(medians[one][one], medians[other][other], 1e-6)
            confused = unsure[one][other] + unsure[other][one]
            told.append(
                {
                    "classes": [scanned.names[one], scanned.names[other]],
                    "distance": round(float(apart / alone), 3),
                    "confused": round(float(confused / (len(rows[one]) + len(rows[other]))), 3),
                }
            )
    return sorted(told, key=lambda pair: pair["distance"])[:SHOWN_PAIRS]  # type: ignore[arg-type,return-value]


def _medians(values: Vectors) -> Vectors:
    """(C,): the median of the finite values of each column of (K, C); 0 where there are none."""
    ranked = np.sort(values, axis=0)
    finite = np.isfinite(ranked).sum(axis=0)
    columns, last = np.arange(values.shape[1]), len(ranked) - 1
    low, high = (np.clip(at, 0, last) for at in ((finite - 1) // 2, finite // 2))
    middle = (ranked[low, columns] + ranked[high, columns]) / 2
    return np.where(finite > 0, middle, 0)
