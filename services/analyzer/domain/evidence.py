"""What a model said about a labelled set: the arrays that everything else is computed from.

Shapes in names: `l` labels, `d` detections, 4 corners in pixels of the original image.
"""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.boxes import Bools, Floats, Ints


@dataclass(frozen=True)
class Evidence:
    """Labels and detections of a set of images, in one canonical order.

    Labels are sorted by image; detections by image, then falling score. Both sorts are stable, so
    equal scores keep the order in which they came, as in pycocotools.
    """

    images: int
    classes: tuple[str, ...]
    label_image_l: Ints
    label_class_l: Ints
    label_box_l4: Floats
    image_d: Ints
    class_d: Ints
    score_d: Floats
    box_d4: Floats

    @property
    def labels(self) -> int:
        """How many boxes were labelled."""
        return len(self.label_image_l)

    @property
    def detections(self) -> int:
        """How many boxes the model found, at any confidence."""
        return len(self.image_d)

    @property
    def support_c(self) -> Ints:
        """Labels per class, shape (classes,)."""
        return np.bincount(self.label_class_l, minlength=len(self.classes))

    @property
    def without_labels_i(self) -> Bools:
        """Which images hold no label, shape (images,)."""
        empty_i: Bools = np.bincount(self.label_image_l, minlength=self.images) == 0
        return empty_i


def evidence(
    *,
    images: int,
    classes: tuple[str, ...],
    labels: tuple[Ints, Ints, Floats],
    detections: tuple[Ints, Ints, Floats, Floats],
) -> Evidence:
    """Put labels and detections into canonical order, once checked.

    Args:
        images: number of images, those without boxes included.
        classes: names, by class index.
        labels: image index, class index and box of each label: shapes (l,), (l,), (l, 4).
        detections: image index, class index, score in [0, 1] and box of each detection:
            shapes (d,), (d,), (d,), (d, 4).

    Returns:
        The evidence.

    Raises:
        ValueError: an index is out of range, a score is no number, or shapes do not fit together.
    """
    label_image, label_class, label_box = labels
    image, kind, score, box = detections
    for name, index, end in (
        ("label image", label_image, images),
        ("label class", label_class, len(classes)),
        ("detection image", image, images),
        ("detection class", kind, len(classes)),
    ):
        if len(index) and (index.min() < 0 or index.max() >= end):
            raise ValueError(f"{name} index outside 0..{end - 1}")
    if not np.isfinite(score).all():
        raise ValueError("a score is not a number")
    by_image = np.argsort(label_image, kind="stable")
    order = np.lexsort((-score, image))
    return Evidence(
        images=images,
        classes=classes,
        label_image_l=label_image[by_image],
        label_class_l=label_class[by_image],
        label_box_l4=label_box.reshape(-1, 4)[by_image],
        image_d=image[order],
        class_d=kind[order],
        score_d=score[order],
        box_d4=box.reshape(-1, 4)[order],
    )
