"""Rules over what stands out from the rest: image sizes, numbers of boxes, sizes and shapes."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.scanned import Place, Scanned

ENOUGH = 10
"""Values that a middle and a spread are taken from; below nothing stands out."""
LEAST_SPREAD = 0.25
"""Of logarithms: values within a quarter of each other are alike, however narrow the rest is."""

Floats = npt.NDArray[np.float64]


def deviations(values: Floats, least_spread: float) -> Floats:
    """How many robust standard deviations each value lies from the median; signed.

    Args:
        values: shape (N,).
        least_spread: the standard deviation is not taken for smaller than this.

    Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993: 1.4826 × MAD.
    """
    return _deviations(values, least_spread)[0]


def _deviations(values: Floats, least_spread: float) -> tuple[Floats, float]:
    """The deviations, and the median."""
    usual = _median(values)
    apart = values - usual
    apart /= max(1.4826 * _median(np.abs(apart)), least_spread)
    return apart, usual


def _median(values: Floats) -> float:
    """Of at least one value. `numpy.median` takes ten times as long for the few of a class."""
    low, high = (len(values) - 1) // 2, len(values) // 2
    ranked = np.partition(values, (low, high))
    return float(ranked[low] + ranked[high]) / 2


def check_image_sizes(scanned: Scanned, rules: Rules) -> Iterator[Place]:
    """Images far larger or smaller than the others."""
    images = scanned.images
    known = np.flatnonzero((images["width"] > 0) & ~images["faulty"])
    if len(known) < ENOUGH:
        return
    wide, high = (images[name][known].astype(np.float64) for name in ("width", "height"))
    far = np.abs(deviations(np.log(wide * high) / 2, LEAST_SPREAD))
    for index in np.flatnonzero(far > rules.threshold("image_size_outlier")).tolist():
        row, size = int(known[index]), f"{wide[index]:.0f}x{high[index]:.0f}"
        usual = f"{np.median(wide):.0f}x{np.median(high):.0f}"
        text = f"The image has {size} pixels; usual here are about {usual}. Does it belong here?"
        hit = Hit("image_size_outlier", text, value=size)
        yield scanned.split_of(row), scanned.file_of(row), hit


def check_object_counts(scanned: Scanned, rules: Rules) -> Iterator[Place]:
    """Images with far more boxes than the others that have any."""
    counts = np.diff(scanned.first_box)
    boxed = np.flatnonzero(counts)
    if len(boxed) < ENOUGH:
        return
    usual = float(np.median(counts[boxed]))
    far = deviations(counts[boxed].astype(np.float64), max(1.0, usual / 4))
    for index in np.flatnonzero(far > rules.threshold("object_count_outlier")).tolist():
        row = int(boxed[index])
        text = f"The image has {counts[row]} boxes; usual here are {usual:g}. Are they right?"
        hit = Hit("object_count_outlier", text, value=str(counts[row]))
        yield scanned.split_of(row), scanned.label_file_of(row), hit


def check_box_shapes(scanned: Scanned, rules: Rules) -> Iterator[Place]:
    """Boxes far larger, smaller, longer or flatter than the others of their class."""
    boxes = scanned.boxes
    drawn = np.flatnonzero((boxes["width"] > 0) & (boxes["height"] > 0))
    if len(drawn) < ENOUGH:
        return
    width, height = (np.log(boxes[s][drawn].astype(np.float64)) for s in ("width", "height"))
    classes = boxes["class"][drawn]
    measures = {
        "box_size_outlier": ((width + height) / 2, ("larger", "smaller")),
        "box_aspect_outlier": (width - height, ("flatter", "taller")),
    }
    order = np.argsort(classes, kind="stable")
    _, starts = np.unique(classes[order], return_index=True)
    groups = [rows for rows in np.split(order, starts[1:]) if len(rows) >= ENOUGH]
    for rule, (values, ways) in measures.items():
        far, usual = _within(values, groups)
        for index in np.flatnonzero(np.abs(far) > rules.threshold(rule)).tolist():
            box = boxes[drawn[index]]
            row = int(box["image"])
            times = float(np.exp(abs(values[index] - usual[index])))
            name, way = scanned.names[classes[index]], ways[int(far[index] < 0)]
            text = f"The box is {times:.1f} times {way} than usual for '{name}'. Is it right?"
            value = f"{box['width']:.4g}x{box['height']:.4g}"
            hit = Hit(rule, text, int(box["line"]) or None, value)
            yield scanned.split_of(row), scanned.label_file_of(row), hit


def _within(values: Floats, groups: Sequence[npt.NDArray[np.intp]]) -> tuple[Floats, Floats]:
    """Deviations and medians within each group of rows; of rows in none, within all."""
    far, middle = _deviations(values, LEAST_SPREAD)
    usual = np.full(len(values), middle)
    for rows in groups:
        far[rows], usual[rows] = _deviations(values[rows], LEAST_SPREAD)
    return far, usual


def check_class_drift(scanned: Scanned, rules: Rules) -> Iterator[Place]:
    """Splits whose classes have other shares than in train, by more than chance makes likely.

    Counted are images per class, since the boxes of one image are not independent. Classes that
    train lacks have a rule of their own.
    """
    counts = scanned.images_of_class
    if not scanned.splits or scanned.splits[0] != "train" or not counts[0].any():
        return
    learnt = counts[0] > 0
    train = counts[0][learnt].astype(np.float64)
    for index, split in enumerate(scanned.splits[1:], 1):
        other = counts[index][learnt].astype(np.float64)
        if not other.any():
            continue
        shares = train / train.sum(), other / other.sum()
        distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
        if distance <= rules.threshold("split_distribution_drift") or not _beyond_chance(
            train, other
        ):
            continue
        worst = int(np.argmax(np.abs(shares[0] - shares[1])))
        name = scanned.names[np.flatnonzero(learnt)[worst]]
        text = (
            f"The classes have other shares in {split} than in train: '{name}' is "
            f"{shares[1][worst]:.0%} of {split} and {shares[0][worst]:.0%} of train. Split anew."
        )
        yield split, None, Hit("split_distribution_drift", text, value=f"{distance:.2f}")


def _beyond_chance(a: Floats, b: Floats) -> bool:
    """Whether two rows of counts differ with p < 0.01 by Pearson's chi-squared test.

    Source: the cube root of chi-squared / k is nearly normal with mean 1 - 2/9k and variance 2/9k
    (Wilson and Hilferty, PNAS 17(12), 1931); 2.326 is the normal's 99th percentile.
    """
    table = np.array([a, b])[:, (a + b) > 0]
    free = table.shape[1] - 1
    if free < 1:
        return False
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    chi2 = float(((table - expected) ** 2 / expected).sum())
    spread = 2 / (9 * free)
    return bool((chi2 / free) ** (1 / 3) > 1 - spread + 2.326 * spread**0.5)
