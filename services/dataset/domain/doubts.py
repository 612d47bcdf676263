"""Boxes beside their object or on nothing, and objects without a box, by their looks alone.

Looks can tell this only where the crops of a class are much alike, as prints of one logo are.
What does not look like its class is searched for nearby; a class that nearly every image has is
searched for where it is missing. Nothing is said of an image none of whose boxes fits its class.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.dataset.domain.doubted import Doubt
from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.look_alikes import FEWEST_OF_CLASS, NEIGHBOURS, neighbours_of
from services.dataset.domain.scanned import Place, Scanned

COMPACT = 0.95
"""Share of a class's crops that must have neighbours of the class: looks tell it apart."""
ODD = 1.25
"""Distance to the own class, over what 90 % of its crops have, from which a box is odd."""
TIGHT = 0.4
"""A class whose crops are farther apart than this, at 80 %, is too varied to judge by looks."""
LIKE, UNLIKE = 1.15, 2.0
"""What is found is of the class up to the one, and nothing like it from the other, over typical."""
EVERYWHERE = 0.9
"""Share of the images with boxes that a class must be in to be missed in one."""
MOST_SEARCHES = 60
EXEMPLARS = 40


@dataclass(frozen=True, slots=True)
class Search:
    """Where in an image something like a class's crops is to be found."""

    image: int
    box: int
    """Row of the odd box; -1 when a whole image is searched."""
    kind: int
    """The class."""
    size: tuple[float, float]
    """Width and height to look for, shares of the image."""
    near: tuple[float, float] | None
    """Centre to look around, by one size; None = everywhere."""
    exemplars: npt.NDArray[np.float32]
    typical: float
    """Distance to the nearest exemplar that most of the class's crops are within."""
    distance: float
    """Of the odd box; infinite when there is none."""


def searches(scanned: Scanned) -> list[Search]:
    """What is worth searching for, a bounded number."""
    crops = scanned.crops
    if crops is None or len(crops.boxes) < 2 * FEWEST_OF_CLASS:
        return []
    near = neighbours_of(scanned, crops)
    rows = np.arange(len(crops.boxes))
    mine = near.nearest[rows, near.classes]
    usual = _quantile(mine, near.classes, len(scanned.names), 0.8)
    agree = near.votes[rows, near.classes] > NEIGHBOURS // 2
    sizes = np.bincount(near.classes, minlength=len(scanned.names))
    share = np.bincount(near.classes, agree, len(scanned.names)) / np.maximum(1, sizes)
    compact = (sizes >= FEWEST_OF_CLASS) & (share >= COMPACT - 1 / np.maximum(1, sizes))
    compact &= usual <= TIGHT
    odd = compact[near.classes] & (mine > ODD * usual[near.classes])
    images = scanned.boxes["image"][crops.boxes]
    fits = agree & compact[near.classes] & (mine <= ODD * usual[near.classes])
    sound, unfit = set(images[fits].tolist()), set(images[~fits].tolist())
    found: list[Search] = []

    def search(image: int, box: int, kind: int, distance: float = np.inf) -> None:
        if image not in sound or len(found) >= MOST_SEARCHES:
            return
        of_kind = np.flatnonzero((near.classes == kind) & ~odd & (images != image))
        boxes = scanned.boxes[crops.boxes[of_kind]]
        size = float(np.median(boxes["width"])), float(np.median(boxes["height"]))
        spot = None
        if box >= 0:
            own = scanned.boxes[box]
            size, spot = (
                (float(own["width"]), float(own["height"])),
                (float(own["x"]), float(own["y"])),
            )
        chosen = of_kind[np.linspace(0, len(of_kind) - 1, min(EXEMPLARS, len(of_kind))).astype(int)]
        limit, exemplars = float(usual[kind]), crops.vectors[chosen]
        found.append(Search(image, box, kind, size, spot, exemplars, limit, distance))

    for row in np.flatnonzero(odd).tolist():
        search(int(images[row]), int(crops.boxes[row]), int(near.classes[row]), float(mine[row]))
    present = np.unique(np.stack([images, near.classes], axis=1), axis=0)
    looked = np.unique(images)
    for kind in np.flatnonzero(compact).tolist():
        having = present[present[:, 1] == kind, 0]
        if EVERYWHERE * len(looked) <= len(having) < len(looked):
            for image in np.setdiff1d(looked, having).tolist():
                if image not in unfit:
                    search(image, -1, kind)
    return found


def _quantile(
    values: npt.NDArray[np.float32], classes: npt.NDArray[np.intp], kinds: int, share: float
) -> npt.NDArray[np.float64]:
    """(C,): a quantile of the finite values of each class; 0 where there are none."""
    told = np.zeros(kinds)
    for kind in np.unique(classes):
        finite = values[(classes == kind) & np.isfinite(values)]
        told[kind] = np.quantile(finite, share) if len(finite) else 0
    return told


def verdicts(
    scanned: Scanned, asked: Sequence[Search], found: Sequence[tuple[float, tuple[float, ...]]]
) -> tuple[Doubt, ...]:
    """What the searches mean.

    Args:
        scanned: the dataset.
        asked: the searches.
        found: the least distance of each, and the box (centre, width, height) that has it.
    """
    told: list[Doubt] = []
    for search, (distance, box) in zip(asked, found, strict=True):
        hit = distance <= LIKE * search.typical
        worse = search.distance >= UNLIKE * search.typical
        if search.box < 0:
            taken = scanned.boxes[
                scanned.first_box[search.image] : scanned.first_box[search.image + 1]
            ]
            free = all(_iou(box, _corners(row)) < 0.1 for row in taken)
            if hit and free:
                told.append(Doubt("missing_box_suspect", search.image, -1, search.kind, box))
        elif hit and worse and 0.1 < _iou(box, _corners(scanned.boxes[search.box])) < 0.5:
            told.append(Doubt("box_misplaced_suspect", search.image, search.box, search.kind, box))
        elif worse and distance >= UNLIKE * search.typical:
            told.append(Doubt("spurious_box_suspect", search.image, search.box, search.kind, box))
    return tuple(told)


def _corners(row: np.void) -> tuple[float, ...]:
    return tuple(float(row[name]) for name in ("x", "y", "width", "height"))


def _iou(one: Sequence[float], other: Sequence[float]) -> float:
    """Of two boxes given by centre, width and height."""
    across = min(one[0] + one[2] / 2, other[0] + other[2] / 2) - max(
        one[0] - one[2] / 2, other[0] - other[2] / 2
    )
    down = min(one[1] + one[3] / 2, other[1] + other[3] / 2) - max(
        one[1] - one[3] / 2, other[1] - other[3] / 2
    )
    shared = max(0.0, across) * max(0.0, down)
    return shared / max(1e-12, one[2] * one[3] + other[2] * other[3] - shared)


_TEXTS = {
    "missing_box_suspect": "Nearly every image has '{}', and so has this one by its looks, but "
    "without a box. Add it.",
    "box_misplaced_suspect": "The box does not fit the '{}' that its looks put beside it. Move it.",
    "spurious_box_suspect": "Neither the box nor its surroundings look like '{}'. Look at it; "
    "remove it if nothing is there.",
}


def check_doubts(scanned: Scanned, _: Rules) -> Iterator[Place]:
    """Boxes that are missing, misplaced or on nothing, as far as looks tell."""
    for doubt in scanned.doubts:
        if not scanned.judged_by_looks(doubt.image):
            continue
        line = int(scanned.boxes["line"][doubt.box]) if doubt.box >= 0 else None
        text = _TEXTS[doubt.rule].format(scanned.names[doubt.kind])
        where = " ".join(f"{value:.4f}" for value in doubt.place)
        value = scanned.names[doubt.kind] if doubt.rule == "spurious_box_suspect" else where
        hit = Hit(doubt.rule, text, line=line, value=value)
        yield scanned.split_of(doubt.image), scanned.label_file_of(doubt.image), hit
