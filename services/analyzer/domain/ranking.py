"""Detections by class and falling score, and the place of each in its image.

Shapes in names: `c` classes, `d` detections, `n` any number.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from services.analyzer.domain.boxes import Floats, Ints


@dataclass(frozen=True)
class Ranking:
    """The order in which precision-recall curves walk along detections.

    `order_d` lists detections by class, then falling score; equal scores keep the order of the
    evidence (by image), as pycocotools' merge sort does. Those of class c are
    `order_d[start_c[c]:start_c[c + 1]]`, and `place_d` is where each detection stands in
    `order_d`. `in_image_d` counts the detections of the same image and class before each, which
    is what COCO's cap on detections looks at.
    """

    order_d: Ints
    start_c: Ints
    place_d: Ints
    in_image_d: Ints

    def of_class(self, c: int) -> Ints:
        """The detections of one class by falling score."""
        return self.order_d[self.start_c[c] : self.start_c[c + 1]]


def ranking(image_d: Ints, class_d: Ints, score_d: Floats, *, classes: int) -> Ranking:
    """Rank detections that come by image, then falling score.

    Args:
        image_d: image index of each detection, not falling.
        class_d: class index of each detection.
        score_d: score of each detection, not rising within an image.
        classes: number of classes.

    Returns:
        The ranking.
    """
    order_d, start_c = by_class(np.argsort(-score_d, kind="stable"), class_d, classes=classes)
    in_turn, _ = by_class(np.arange(len(class_d)), class_d, classes=classes)
    in_image_d = np.empty(len(image_d), dtype=np.int64)
    in_image_d[in_turn] = _since_change(class_d[in_turn], image_d[in_turn])
    return Ranking(
        order_d=order_d,
        start_c=start_c,
        place_d=inverse(order_d),
        in_image_d=in_image_d,
    )


def by_class(order_d: Ints, class_d: Ints, *, classes: int) -> tuple[Ints, Ints]:
    """Sort an order of detections by class, the order kept within each.

    Returns:
        The order, and where each class starts in it and the last ends; shapes (d,), (classes + 1,).
    """
    small_d = class_d.astype(np.int16) if classes < 2**15 else class_d  # 16 bits sort in one go
    counts_c = np.bincount(class_d, minlength=classes)
    return (
        order_d[np.argsort(small_d[order_d], kind="stable")],
        np.concatenate(([0], np.cumsum(counts_c))),
    )


def inverse(order_n: Ints) -> Ints:
    """Where each element stands in `order_n`, a permutation; shape (n,)."""
    place_n = np.empty(len(order_n), dtype=np.int64)
    place_n[order_n] = np.arange(len(order_n))
    return place_n


def rank_in_group(group_n: Ints) -> Ints:
    """How many members of the same group come before each element; shape (n,)."""
    order = np.argsort(group_n, kind="stable")
    rank_n = np.empty(len(order), dtype=np.int64)
    rank_n[order] = _since_change(group_n[order])
    return rank_n


def _since_change(*keys_n: npt.NDArray[np.integer[Any]]) -> Ints:
    """How many equal rows come directly before each row."""
    position = np.arange(len(keys_n[0]))
    starts = np.zeros(len(position), dtype=bool)
    starts[:1] = True
    for key_n in keys_n:
        starts[1:] |= key_n[1:] != key_n[:-1]
    since: Ints = position - np.maximum.accumulate(np.where(starts, position, 0))
    return since
