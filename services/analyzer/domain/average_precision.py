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
    ranks = data.ranking
    classes, thresholds = len(data.classes), len(COCO_THRESHOLDS)
    walk = _walk(data, matches, max_detections)
    support_ac = np.stack(
        [np.bincount(data.label_class_l[in_l], minlength=classes) for in_l in walk.in_al]
    )
    precision_actr = np.full((len(AREAS), classes, thresholds, len(RECALL_POINTS)), np.nan)
    recall_act = np.full((len(AREAS), classes, thresholds), np.nan)
    recall_few_mct = np.full((len(FEW), classes, thresholds), np.nan)
    in_image_h = ranks.in_image_d[walk.detection_h]
    for c in np.flatnonzero(data.support_c):
        own = slice(walk.start_c[c], walk.start_c[c + 1])
        true_atn, seen_atn = walk.true_ath[:, :, own], walk.seen_ath[:, :, own]
        for m, few in enumerate(FEW):
            early = true_atn[0][:, in_image_h[own] < few].sum(axis=1)
            recall_few_mct[m, c] = early / support_ac[0, c]
        there_a = np.flatnonzero(support_ac[:, c])
        precision_actr[there_a, c], recall_act[there_a, c] = _curves(
            true_atn[there_a],
            seen_atn[there_a],
            walk.before_ah[there_a, None, own],
            support_ac[there_a, c],
        )
    return CocoAp(precision_actr, recall_act, recall_few_mct)


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
    true_atn: Bools, seen_atn: Bools, before_a1n: Ints, support_a: Ints
) -> tuple[Floats, Floats]:
    """Precision at the 101 recall points, and the recall reached, per range and threshold."""
    ranges, thresholds, columns = true_atn.shape
    said_atn = np.cumsum(seen_atn, axis=2) + before_a1n
    table = TrueTable.of(true_atn.reshape(ranges * thresholds, columns))
    said_e = said_atn.reshape(ranges * thresholds, columns)[table.place]
    envelope_k = table.envelope(table.number_e / (said_e + _EPS))
    needed_ar = np.stack([labels_needed(support) for support in support_a.tolist()])
    rows = np.arange(len(envelope_k))[:, None]
    needed_r = np.repeat(np.minimum(needed_ar, envelope_k.shape[1] - 1), thresholds, axis=0)
    precision_atr = envelope_k[rows, needed_r].reshape(ranges, thresholds, -1)
    return precision_atr, table.found_t.reshape(ranges, thresholds) / support_a[:, None]


@lru_cache(maxsize=4096)
def labels_needed(support: int) -> Ints:
    """Index of the first true positive that reaches each recall point, out of `support` labels."""
    return np.searchsorted(np.arange(1, support + 1) / support, RECALL_POINTS)


@dataclass(frozen=True)
class TrueTable:
    """The true positives of each threshold, numbered from 1: all that a curve's envelope needs.

    `place` are rows and columns of the `e` true positives in the marks they came from, `number_e`
    says how many of the row there are up to each, `found_t` how many there are in all.
    """

    place: tuple[Ints, Ints]
    number_e: Ints
    found_t: Ints

    @classmethod
    def of(cls, true_tn: Bools) -> "TrueTable":
        """Of marks along a curve, shape (t, n)."""
        rows, columns = np.nonzero(true_tn)
        found_t = np.bincount(rows, minlength=len(true_tn))
        first_t = np.cumsum(found_t) - found_t
        return cls((rows, columns), np.arange(1, len(rows) + 1) - first_t[rows], found_t)

    def spread(self, value_e: Floats) -> Floats:
        """Values by threshold and number, 0 from the row's end on; shape (t, most + 1)."""
        most = int(self.found_t.max()) if len(self.found_t) else 0
        value_tk = np.zeros((len(self.found_t), most + 1))
        value_tk[self.place[0], self.number_e - 1] = value_e
        return value_tk

    def envelope(self, precision_e: Floats) -> Floats:
        """Highest precision from each true positive on; shape (t, most + 1), last column 0."""
        best: Floats = np.maximum.accumulate(self.spread(precision_e)[:, ::-1], axis=1)[:, ::-1]
        return best


def mean(values: Floats) -> float | None:
    """Mean of what is not NaN; None of nothing."""
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if kept.size else None
