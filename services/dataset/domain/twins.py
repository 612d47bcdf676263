"""Which images may show the same scene, and what became of those that were compared."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.near_duplicates import (
    Pairs,
    all_pairs,
    clusters,
    near_and_mirrored,
)
from services.dataset.domain.rules_pixels import is_blank
from services.dataset.domain.scanned import TWIN, Place, Scanned, Table

NEAR, IDENTICAL, MIRRORED = 0, 1, 2
"""Kinds of twins."""
WIDE_RADIUS = ((500, 16), (2_000, 12))
"""Up to so many images, hashes at so many bits are compared: a crop of 5 % changes up to 16 bits.
Above, the exact search at 6 bits."""
CLOSEST = 4
"""So many candidates per image are compared, the nearest hashes first."""
SMALLEST_SEEN = 0.08
"""Another logo of this side, as a share of the image's, is seen when two images are compared."""
LEAST_COMPARED = 600
SHARE_COMPARED = 0.25
"""In large sets so many pairs per image are compared in all, which costs what a quarter of the
decoding does; the nearest hashes first."""


def candidates(scanned: Scanned, rules: Rules) -> Table:
    """Pairs of images to compare, the nearest hashes first; of files that are equal, one each.

    Blank images are set aside: all of them are alike.
    """
    pixels = scanned.pixels
    if not len(pixels):
        return np.zeros(0, TWIN)
    fit = pixels["seen"] & ~is_blank(pixels, rules.threshold("blank_image"))
    rows = np.flatnonzero(fit)
    rows = rows[_first_of_kind(scanned.images["digest"][rows])]
    hashes, mirrored = pixels["phash"][rows], pixels["phash_mirrored"][rows]
    radius = next((bits for most, bits in WIDE_RADIUS if len(rows) <= most), None)
    near, crossed = near_and_mirrored(hashes, mirrored)
    near = all_pairs(hashes, radius) if radius else near
    crossed = _nearer_so(hashes, crossed)
    found = np.concatenate([_table(near, rows, NEAR), _table(crossed, rows, MIRRORED)])
    found = _closest(found[np.argsort(found["bits"], kind="stable")])
    return found[: max(LEAST_COMPARED, int(SHARE_COMPARED * len(rows)))]


def _first_of_kind(digests: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
    """The first row of every digest, ascending; `digests` is (N, 2)."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    new = np.ones(len(order), bool)
    new[1:] = (digests[order[1:]] != digests[order[:-1]]).any(axis=1)
    return np.sort(order[new])


def _nearer_so(hashes: npt.NDArray[np.uint64], pairs: Pairs) -> Pairs:
    """Those of mirrored pairs that are nearer so than as they are: the others are near anyway."""
    plain = np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]])
    nearer: Pairs = pairs[pairs[:, 2] < plain]
    return nearer


def _table(pairs: Pairs, rows: npt.NDArray[np.intp], kind: int) -> Table:
    table = np.zeros(len(pairs), TWIN)
    ends = rows[pairs[:, :2]].reshape(-1, 2)
    table["first"], table["other"] = ends[:, 0], ends[:, 1]
    table["bits"], table["kind"] = pairs[:, 2], kind
    return table


def _closest(pairs: Table) -> Table:
    """At most `CLOSEST` pairs per later image, of pairs that are sorted by bits."""
    order = np.argsort(pairs["other"], kind="stable")
    new = np.append(True, np.diff(pairs["other"][order]) != 0) if len(pairs) else order
    starts = np.flatnonzero(new)
    place = np.arange(len(pairs)) - np.repeat(starts, np.diff(np.append(starts, len(pairs))))
    kept: Table = pairs[np.sort(order[place < CLOSEST])]
    return kept


def check_twins(scanned: Scanned, _: Rules) -> Iterator[Place]:
    """Images that show the same as another: pixel for pixel, nearly, or mirrored.

    One finding per image and kind, of the copy that comes later: with its twin in another split
    if there is one, otherwise with the nearest.
    """
    twins = scanned.twins
    alike = clusters(_ends(twins[twins["kind"] != MIRRORED]), len(scanned.images))
    sizes = np.bincount(alike, minlength=len(scanned.images))
    told: set[tuple[int, str]] = set()
    split = scanned.images["split"]
    across = split[twins["first"]] != split[twins["other"]]
    for index in np.lexsort((twins["bits"], ~across, twins["kind"] != IDENTICAL)).tolist():
        first, other = int(twins["first"][index]), int(twins["other"][index])
        kind = int(twins["kind"][index])
        family = "mirrored" if kind == MIRRORED else "alike"
        if (other, family) in told or _small_logos_differ(scanned, first, other):
            continue
        told.add((other, family))
        yield _place(scanned, first, other, kind, int(sizes[alike[other]]))
        if kind == IDENTICAL and _labels_differ(scanned, first, other):
            name = scanned.file_of(first)
            text = f"The same image as {name}, but with other labels. Correct one."
            hit = Hit("duplicate_image_conflicting_labels", text, value=name)
            yield scanned.split_of(other), scanned.file_of(other), hit


_WORDS = {
    NEAR: ("near_duplicate", "Nearly the same image as"),
    IDENTICAL: ("pixel_identical", "Pixel for pixel the same image, in another file, as"),
    MIRRORED: ("mirrored_duplicate", "The mirror image of"),
}


def _place(scanned: Scanned, first: int, other: int, kind: int, size: int) -> Place:
    rule, words = _WORDS[kind]
    name = scanned.file_of(first)
    here, there = scanned.split_of(other), scanned.split_of(first)
    if here != there:
        rule = f"{rule}_across_splits"
        harm = f" in {there}: the figures will be too good. Keep one."
    else:
        harm = ": it teaches little that is new. Keep one."
    cluster = f" One of {size} images that are alike." if size > 2 and kind != MIRRORED else ""
    text = f"{words} {name}{harm}{cluster}"
    return here, scanned.file_of(other), Hit(rule, text, value=name)


def _small_logos_differ(scanned: Scanned, first: int, other: int) -> bool:
    """Whether two images differ by logos that are too small to be seen when they are compared."""
    begins, boxes = scanned.first_box, scanned.boxes
    one, two = (boxes[begins[row] : begins[row + 1]] for row in (first, other))
    sides = np.concatenate([np.maximum(each["width"], each["height"]) for each in (one, two)])
    if not len(one) or not len(two) or sides.min() >= SMALLEST_SEEN:
        return False
    return not np.array_equal(np.sort(one["class"]), np.sort(two["class"]))


def _ends(twins: Table) -> Pairs:
    return np.column_stack([twins["first"], twins["other"]]).astype(np.int64)


def _labels_differ(scanned: Scanned, first: int, other: int) -> bool:
    begins = scanned.first_box
    boxes = [int(begins[row + 1] - begins[row]) for row in (first, other)]
    digests = scanned.images["labels_digest"]
    return any(boxes) and bool(digests[first] != digests[other])
