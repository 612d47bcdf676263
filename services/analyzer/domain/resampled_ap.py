"""Average precision of a set whose images are drawn again and again, without matching again.

A resample is a weight per image: how often it was drawn. Matching never leaves an image, so a copy
of an image keeps its matches and only counts as often as it was drawn.

Shapes in names: `r` resamples, `i` images, `d` detections, `g` groups, `t` IoU thresholds, `n`
true positives of one group at one threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from services.analyzer.domain.average_precision import RECALL_POINTS
from services.analyzer.domain.boxes import Bools, Floats, Ints

Weights = npt.NDArray[np.int32]
"""How often each image was drawn in each resample, shape (r, i)."""


@dataclass(frozen=True)
class _Group:
    """Detections of one group by falling score, and which of them are right at each threshold."""

    image_n: Ints
    """Up to the last that is right at any threshold: those behind it change nothing."""
    ends_n: Ints
    """Positions of the detections that are right at any threshold."""
    true_t: tuple[Ints, ...]
    """Positions within `ends_n` of those right at each threshold."""
    label_image_n: Ints


class ResampledAp:
    """AP per group for any weights. A group is a class, or a slice of the boxes.

    Only true positives matter: between two of them precision falls and recall stands still, so the
    envelope takes its values at them. Each is reached once, with all its copies.
    """

    def __init__(
        self,
        *,
        image_d: Ints,
        score_d: Floats,
        group_d: Ints,
        found_td: Bools,
        labels: tuple[Ints, Ints],
        groups: int,
    ) -> None:
        """Sort once what every resample needs.

        Args:
            image_d: image of each detection that counts.
            score_d: its score.
            group_d: its group, 0 to `groups` - 1; others are left out.
            found_td: whether it is right, at each threshold.
            labels: image and group of each label.
            groups: how many groups there are.
        """
        order_d = np.argsort(-score_d, kind="stable")
        group_d, found_td = group_d[order_d], found_td[:, order_d]
        image_d = image_d[order_d]
        self.thresholds = len(found_td)
        self.groups: list[_Group] = []
        for g in range(groups):
            own_d = np.flatnonzero(group_d == g)
            own_tn = found_td[:, own_d]
            ends_n = np.flatnonzero(own_tn.any(axis=0))
            true_t = tuple(np.flatnonzero(row_n) for row_n in own_tn[:, ends_n])
            labelled = labels[0][labels[1] == g]
            until = ends_n[-1] + 1 if len(ends_n) else 0
            self.groups.append(_Group(image_d[own_d[:until]], ends_n, true_t, labelled))
        self.cells = max((len(group.image_n) for group in self.groups), default=0)
        """Weights of detections held together, for each resample asked for at once."""

    def __call__(self, weight_ri: Weights) -> Floats:
        """AP of each resample, group and threshold, shape (r, g, t).

        NaN where the resample holds no label of the group, as COCO leaves such classes out.

        Source: pycocotools `COCOeval.accumulate` on the set with its images repeated. Equal to it,
        but where two detections of one image and class have the same score: there the copies
        alternate and the weights do not (below 2e-4 with scores of three decimals, see the tests).
        """
        ap_rgt = np.full((len(weight_ri), len(self.groups), self.thresholds), np.nan)
        for g, group in enumerate(self.groups):
            if len(group.label_image_n):
                support_r = weight_ri.take(group.label_image_n, axis=1).sum(axis=1)
                ap_rt = _group_ap(group, weight_ri, np.maximum(support_r, 1))
                ap_rt[support_r == 0] = np.nan
                ap_rgt[:, g] = ap_rt
        return ap_rgt


def _group_ap(group: _Group, weight_ri: Weights, support_r: Ints) -> Floats:
    """AP of one group, shape (r, t)."""
    ap_rt = np.zeros((len(weight_ri), len(group.true_t)))
    if not len(group.ends_n):
        return ap_rt
    drawn_rd = weight_ri.take(group.image_n, axis=1)
    said_rn = drawn_rd.cumsum(axis=1, dtype=np.int32).take(group.ends_n, axis=1)
    drawn_rn = drawn_rd.take(group.ends_n, axis=1)
    steps, start_r = _steps(support_r.tolist())
    for t, true_n in enumerate(group.true_t):
        if not len(true_n):
            continue
        if t and np.array_equal(true_n, group.true_t[t - 1]):  # as often where boxes fit well
            ap_rt[:, t] = ap_rt[:, t - 1]
            continue
        found_rn = drawn_rn.take(true_n, axis=1).cumsum(axis=1, dtype=np.int32)
        precision_rn = found_rn / np.maximum(said_rn.take(true_n, axis=1), 1)
        envelope_rn = np.maximum.accumulate(precision_rn[:, ::-1], axis=1)[:, ::-1]
        reached_rn = steps.take(found_rn + start_r)
        passed_rn = np.diff(reached_rn, axis=1, prepend=0.0)
        ap_rt[:, t] = np.einsum("rn,rn->r", envelope_rn, passed_rn) / len(RECALL_POINTS)
    return ap_rt


def _steps(support_r: Sequence[int]) -> tuple[Floats, npt.NDArray[np.int32]]:
    """Recall points reached by 0, 1 … labels found, for each support; where each table starts."""
    different = sorted(set(support_r))
    starts = dict(
        zip(different, np.cumsum([0, *(each + 1 for each in different[:-1])]), strict=True)
    )
    tables = np.concatenate([_reached(each) for each in different])
    start_r1 = np.array([starts[each] for each in support_r], dtype=np.int32)[:, None]
    return tables, start_r1


@lru_cache(maxsize=4096)
def _reached(support: int) -> Floats:
    """How many of the 101 recall points are at or below k/support, for k = 0 … support."""
    recall_k = np.arange(support + 1, dtype=np.float64) / support
    return np.searchsorted(RECALL_POINTS, recall_k, side="right").astype(np.float64)
