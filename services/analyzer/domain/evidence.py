"""What a model said about a labelled set: the arrays that everything else is computed from.

Stable for readers: every field of `Evidence`, its order, and `support_c`, `without_labels_i`,
`ranking`. Rows of `matches.parquet` are these arrays, labels first.

Shapes in names: `i` images, `c` classes, `l` labels, `d` detections, 4 corners in pixels of the
original image.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from services.analyzer.domain.boxes import Bools, Floats, Ints, areas
from services.analyzer.domain.ranking import Ranking, ranking


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

    @cached_property
    def support_c(self) -> Ints:
        """Labels per class, shape (classes,)."""
        return np.bincount(self.label_class_l, minlength=len(self.classes))

    @cached_property
    def without_labels_i(self) -> Bools:
        """Which images hold no label, shape (images,)."""
        empty_i: Bools = np.bincount(self.label_image_l, minlength=self.images) == 0
        return empty_i

    @cached_property
    def area_l(self) -> Floats:
        """Area of each label in square pixels of the original image."""
        return areas(self.label_box_l4)

    @cached_property
    def area_d(self) -> Floats:
        """Area of each detection in square pixels of the original image."""
        return areas(self.box_d4)

    @cached_property
    def ranking(self) -> Ranking:
        """Detections by class and falling score: what every curve walks along."""
        return ranking(self.image_d, self.class_d, self.score_d, classes=len(self.classes))


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
        ValueError: an index is out of range, a score or a corner is no number, or shapes do not
            fit together.
    """
    label_image, label_class, label_box = labels
    image, kind, score, box = detections
    label_box, box = label_box.reshape(-1, 4), box.reshape(-1, 4)
    for name, index, end in (
        ("label image", label_image, images),
        ("label class", label_class, len(classes)),
        ("detection image", image, images),
        ("detection class", kind, len(classes)),
    ):
        if len(index) and (index.min() < 0 or index.max() >= end):
            raise ValueError(f"{name} index outside 0..{end - 1}")
    if not len(label_image) == len(label_class) == len(label_box):
        raise ValueError("labels need one image, class and box each")
    if not len(image) == len(kind) == len(score) == len(box):
        raise ValueError("detections need one image, class, score and box each")
    if not np.isfinite(score).all():
        raise ValueError("a score is not a number")
    if not (np.isfinite(label_box).all() and np.isfinite(box).all()):
        raise ValueError("a corner is not a number")
    if not _sorted(label_image):
        by_image = np.argsort(label_image, kind="stable")
        label_image, label_class, label_box = (
            label_image[by_image],
            label_class[by_image],
            label_box[by_image],
        )
    if not _sorted(image, -score):
        order = np.lexsort((-score, image))
        image, kind, score, box = image[order], kind[order], score[order], box[order]
    return Evidence(
        images=images,
        classes=classes,
        label_image_l=label_image,
        label_class_l=label_class,
        label_box_l4=label_box,
        image_d=image,
        class_d=kind,
        score_d=score,
        box_d4=box,
    )


def _sorted(first_n: Ints, second_n: Floats | None = None) -> bool:
    """Whether rows do not fall by the first key, then by the second."""
    rise = np.diff(first_n)
    if second_n is None:
        return bool((rise >= 0).all())
    return bool(((rise > 0) | ((rise == 0) & (np.diff(second_n) >= 0))).all())
