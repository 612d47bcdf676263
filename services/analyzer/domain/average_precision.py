"""COCO's average precision and recall, overall and by size of the labels.

Shapes in names: `a` ranges of area, `c` classes, `t` IoU thresholds, `r` recall points, `l` labels,
`d` detections, `h` detections with a label of their class at IoU >= 0.5, `n` those of one class,
`e` true positives, `k` their numbers.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from services.analyzer.domain.area_ranges import AREAS, found_by_area, in_range
from services.analyzer.domain.boxes import Bools, Floats, Ints
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import COCO_THRESHOLDS, Matches
from services.analyzer.domain.true_table import TrueTable, class_blocks

MAX_DETECTIONS = 300
"""Detections counted per image and class, the highest scores first."""
RECALL_POINTS = np.linspace(0.0, 1.0, 101)
FEW = (1, 10)
"""The caps on detections at which COCO prints recall beside the largest."""
_EPS = np.spacing(1)


@dataclass(frozen=True)
class CocoAp:
    """COCO's numbers. Classes without a label have no AP: NaN here, left out of every mean.

    Ranges of area are those of `AREAS`: all, small, medium, large, by the label's area in pixels
    of the original image.
    """

    precision_actr: Floats
    recall_act: Floats
    recall_few_mct: Floats

    @property
    def precision_ctr(self) -> Floats:
        """Precision at each recall point, for labels of any size; shape (c, 10, 101)."""
        precision: Floats = self.precision_actr[0]
        return precision

    @property
    def recall_ct(self) -> Floats:
        """Recall of all counted detections, for labels of any size; shape (c, 10)."""
        recall: Floats = self.recall_act[0]
        return recall

    @cached_property
    def ap_act(self) -> Floats:
        """AP per range, class and IoU threshold: mean precision over 101 recall points."""
        ap: Floats = self.precision_actr.mean(axis=3)
        return ap

    @property
    def ap_ct(self) -> Floats:
        """AP per class and IoU threshold, for labels of any size; shape (c, 10)."""
        ap: Floats = self.ap_act[0]
        return ap

    @property
    def map50(self) -> float:
        """Mean AP at IoU 0.50 over the classes with labels; 0 if there are none."""
        return mean(self.ap_ct[:, 0]) or 0.0

    @property
    def map75(self) -> float:
        """Mean AP at IoU 0.75."""
        return mean(self.ap_ct[:, 5]) or 0.0

    @property
    def map50_95(self) -> float:
        """Mean AP over IoU .50:.05:.95."""
        return mean(self.ap_ct) or 0.0

    @property
    def average_recall(self) -> float:
        """Mean over classes and thresholds of the recall of all counted detections (COCO's AR)."""
        return mean(self.recall_ct) or 0.0

    @cached_property
    def summary(self) -> dict[str, float | None]:
        """The 12 numbers of COCO in its order, by its names; None where no label is in the range.

        `AR1` and `AR10` are recall with that many detections per image and class, `AR` with all
        that this object counts.
        """
        return {
            "AP": mean(self.ap_ct),
            "AP50": mean(self.ap_ct[:, 0]),
            "AP75": mean(self.ap_ct[:, 5]),
            **{f"AP_{AREAS[a].name}": mean(self.ap_act[a]) for a in (1, 2, 3)},
            **{f"AR{few}": mean(self.recall_few_mct[m]) for m, few in enumerate(FEW)},
            "AR": mean(self.recall_ct),
            **{f"AR_{AREAS[a].name}": mean(self.recall_act[a]) for a in (1, 2, 3)},
        }

    @property
    def stats(self) -> list[float]:
        """The 12 numbers as `COCOeval.stats` holds them: -1 where there is no label."""
        return [-1.0 if value is None else value for value in self.summary.values()]


def coco_ap(data: Evidence, matches: Matches, *, max_detections: int = MAX_DETECTIONS) -> CocoAp:
    """AP and AR as pycocotools computes them.

    p(r) = max over r' >= r of TP/(TP+FP) at recall r'; AP = mean of p over r = 0, .01 … 1. By size:
    a detection that found a label outside the range, or found none and lies outside it itself, is
    not counted at all.

    The curve is only looked at where a label may be found: between such places precision falls and
    recall stands still.

    Args:
        data: labels and detections.
        matches: of the same evidence.
        max_detections: detections counted per image and class.

    Returns:
        Precision at each recall point and the last recall, per range, class and threshold.

    Source: pycocotools `COCOeval.accumulate`; equal to it to 1e-9 (see the tests).
    """
    classes, thresholds = len(data.classes), len(COCO_THRESHOLDS)
    walk = _walk(data, matches, max_detections)
    support_ac = np.stack(
        [np.bincount(data.label_class_l[in_l], minlength=classes) for in_l in walk.in_al]
    )
    precision_actr = np.zeros((len(AREAS), classes, thresholds, len(RECALL_POINTS)))
    recall_act = np.zeros((len(AREAS), classes, thresholds))
    for block, own, start_c in class_blocks(walk.start_c, len(AREAS) * thresholds):
        precision_actr[:, block], recall_act[:, block] = _curves(
            walk.true_ath[:, :, own],
            walk.seen_ath[:, :, own],
            walk.before_ah[:, own],
            start_c,
            support_ac[:, block],
        )
    precision_actr[support_ac == 0] = np.nan
    recall_act[support_ac == 0] = np.nan
    return CocoAp(precision_actr, recall_act, _early_recall(data, walk, support_ac[0]))


def _early_recall(data: Evidence, walk: "_Walk", support_c: Ints) -> Floats:
    """Recall with few detections per image and class; shape (m, c, t)."""
    in_image_h = data.ranking.in_image_d[walk.detection_h]
    recall_mct = np.full((len(FEW), len(support_c), len(COCO_THRESHOLDS)), np.nan)
    there = support_c > 0
    for m, few in enumerate(FEW):
        table = TrueTable.of(walk.true_ath[0] & (in_image_h < few), walk.start_c)
        recall_mct[m, there] = table.found_cw[there] / support_c[there, None]
    return recall_mct


@dataclass(frozen=True)
class _Walk:
    """Candidates by class and falling score, and what each is in each range of area."""

    detection_h: Ints
    start_c: Ints
    in_al: Bools
    true_ath: Bools
    seen_ath: Bools
    before_ah: Ints


def _walk(data: Evidence, matches: Matches, max_detections: int) -> _Walk:
    """What `coco_ap` walks along: candidates that found a label in range, or count as wrong."""
    ranks = data.ranking
    counted_d = ranks.in_image_d < max_detections
    detection_h = matches.taken.detection_h
    listed = np.argsort(ranks.place_d[detection_h])
    listed = listed[counted_d[detection_h[listed]]]
    detection_h = detection_h[listed]
    in_al, in_ad = in_range(data.area_l), in_range(data.area_d)
    true_ath, seen_ath = found_by_area(data, matches, in_al, in_ad, listed)
    # Wrong detections without any candidate are only counted, never looked at.
    alone_ad = in_ad & counted_d
    alone_ad[:, detection_h] = False
    before_ad = np.cumsum(alone_ad[:, ranks.order_d], axis=1, dtype=np.int64)
    before_ad = np.pad(before_ad, ((0, 0), (1, 0)))
    first_h = ranks.start_c[data.class_d[detection_h]]
    before_ah = before_ad[:, ranks.place_d[detection_h]] - before_ad[:, first_h]
    counts_c = np.bincount(data.class_d[detection_h], minlength=len(data.classes))
    start_c = np.concatenate(([0], np.cumsum(counts_c)))
    return _Walk(detection_h, start_c, in_al, true_ath, seen_ath, before_ah)


def _curves(
    true_atn: Bools, seen_atn: Bools, before_an: Ints, start_c: Ints, support_ac: Ints
) -> tuple[Floats, Floats]:
    """Interpolated precision at the 101 recall points, and the recall reached, of some classes."""
    areas, thresholds, columns = true_atn.shape
    table = TrueTable.of(true_atn.reshape(areas * thresholds, columns), start_c)
    said_e, _ = table.counted(seen_atn.reshape(areas * thresholds, columns))
    said_e += before_an[table.row_e // thresholds, table.column_e]
    envelope_cwk = table.envelope(table.number_e / (said_e + _EPS))
    classes, _, most = envelope_cwk.shape
    needed_car = np.stack(
        [[labels_needed(support) for support in own] for own in support_ac.T.tolist()]
    )
    needed_cwr = np.minimum(needed_car, most - 1).repeat(thresholds, axis=1)
    precision_cwr = table.at(envelope_cwk, needed_cwr)
    precision_catr = precision_cwr.reshape(classes, areas, thresholds, -1)
    found_act = table.found_cw.reshape(classes, areas, thresholds).transpose(1, 0, 2)
    recall_act = found_act / np.maximum(support_ac, 1)[:, :, None]
    return precision_catr.transpose(1, 0, 2, 3), recall_act


@lru_cache(maxsize=4096)
def labels_needed(support: int) -> Ints:
    """Index of the first true positive that reaches each recall point, out of `support` labels."""
    if not support:
        return np.full(len(RECALL_POINTS), np.iinfo(np.int64).max)
    return np.searchsorted(np.arange(1, support + 1) / support, RECALL_POINTS)


def mean(values: Floats) -> float | None:
    """Mean of what is not NaN; None of nothing."""
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if kept.size else None
