"""TIDE: what each cause of errors costs in average precision, on all stored detections.

The causes of `errors.py` are those of the operating point, where a user works; these are the ones
of the paper, where every detection counts that an AP counts.

Shapes in names: `v` variants (one per fix), `c` classes, `r` recall points, `l` labels, `d`
detections, `n` those of one class, `e` data points: detections, and those moved to another class.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from services.analyzer.domain.assignment import take
from services.analyzer.domain.boxes import Bools, Floats, Ints, Overlaps, best_first, best_of
from services.analyzer.domain.errors import CAUSES
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import BACKGROUND_IOU, NONE, Matches
from services.analyzer.domain.tide_order import data_points
from services.analyzer.domain.true_table import TrueTable, class_blocks

RIGHT, CLS, LOC, BOTH, DUP, BKG = range(-1, 5)
"""Codes of detections: right or not counted, then places in `CAUSES`."""
RECALL_POINTS = np.arange(101) / 100
"""As tidecv divides them: 0.35 here is not the 35th of `linspace`."""
MAX_DETECTIONS = 100
"""Detections counted per image, of all classes together: tidecv's own default."""
FOUND_IOU = 0.5

Codes = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Tide:
    """Cause of every error, and what fixing each cause would give.

    `cause_d` holds codes, `label_d` the label that a `cls`, `loc` or `dup` is about, or -1.
    `missed_l` marks labels that no detection is about. `cost` is dAP in [0, 1]: mean AP at IoU 0.5
    with all errors of one cause fixed, minus `ap50`; `false_positive` and `false_negative` are the
    paper's two special ones, all of either kind.
    """

    ap50: float
    cost: dict[str, float]
    cause_d: Codes
    label_d: Ints
    missed_l: Bools

    @property
    def counts(self) -> dict[str, int]:
        """How many errors have each cause."""
        seen = np.bincount(self.cause_d[self.cause_d >= 0], minlength=5)
        return dict(zip(CAUSES, [*seen.tolist(), int(self.missed_l.sum())], strict=True))

    @property
    def names_d(self) -> npt.NDArray[np.str_]:
        """The cause of each detection in words; "" where it is right or not counted."""
        return np.array([*CAUSES, ""])[self.cause_d]

    @property
    def names_l(self) -> npt.NDArray[np.str_]:
        """`miss` for the labels that no detection is about, else ""."""
        return np.where(self.missed_l, "miss", "")


def tide(data: Evidence, matches: Matches, *, max_detections: int = MAX_DETECTIONS) -> Tide:
    """Causes and their cost, as the paper defines them and its authors' tidecv computes them.

    A wrong detection is, the first that fits, with own and other the highest IoU with a label of
    its class and of another: `loc` 0.1 <= own <= 0.5; `cls` other >= 0.5; `dup` own > 0.5; `bkg`
    both <= 0.1; `both`. Fixing `cls` or `loc` makes the surest of them about a label that nothing
    found right, and drops the rest; fixing `dup`, `bkg` and `both` drops all; fixing `miss` takes
    such labels away. Costs do not add up, and are at least 0.

    Ties, as in tidecv: of labels with equal IoU the first is taken. Once something is fixed, of
    equal scores the wrong come before the right; before, they keep the order of the set.

    Args:
        data: labels and detections.
        matches: of the same evidence.
        max_detections: detections counted per image, the highest scores first.

    Returns:
        The causes and costs.

    Source: Bolya et al., TIDE: A General Toolbox for Identifying Object Detection Errors, ECCV
    2020, section 2; equal to tidecv 1.0.1 to 1e-9 (see the tests).
    """
    starts_i = np.searchsorted(data.image_d, np.arange(data.images + 1))
    counted_d = np.arange(data.detections) - starts_i[data.image_d] < max_detections
    pairs, same_p = _first_label(data, matches)
    matched_d = _matched(data, matches, pairs, same_p, counted_d)
    found_l = np.zeros(data.labels, dtype=bool)
    found_l[matched_d[matched_d >= 0]] = True
    cause_d, label_d = _causes(data, (pairs, same_p), counted_d & (matched_d < 0))
    # The surest detection about a label that nothing found; detections rise by falling score.
    hopeful = np.flatnonzero(((cause_d == CLS) | (cause_d == LOC)) & (label_d >= 0))
    hopeful = hopeful[~found_l[label_d[hopeful]]]
    about, first = np.unique(label_d[hopeful], return_index=True)
    surest_d = np.zeros(data.detections, dtype=bool)
    surest_d[hopeful[first]] = True
    missed_l = ~found_l
    missed_l[about] = False
    ap50, cost = _costs(data, counted_d, matched_d, (cause_d, label_d, surest_d), missed_l)
    return Tide(ap50, cost, cause_d, label_d, missed_l)


def _first_label(data: Evidence, matches: Matches) -> tuple[Overlaps, Bools]:
    """The pairs so sorted that of equal overlaps the first label comes first."""
    pairs = matches.pairs
    same = pairs.detection_p[1:] == pairs.detection_p[:-1]
    if not (same & (pairs.iou_p[1:] == pairs.iou_p[:-1])).any():
        return pairs, matches.same_p
    pairs = best_first(pairs, last_label=False)
    return pairs, data.class_d[pairs.detection_p] == data.label_class_l[pairs.label_p]


def _matched(
    data: Evidence, matches: Matches, pairs: Overlaps, same_p: Bools, counted_d: Bools
) -> Ints:
    """The label each counted detection found at IoU 0.5, or -1."""
    taken = matches.taken
    if pairs is not matches.pairs:
        own = pairs.where(np.flatnonzero(same_p & (pairs.iou_p >= FOUND_IOU)))
        level_p = np.ones(len(own.iou_p), dtype=np.int64)
        taken = take(own, level_p, thresholds=1, group_l=data.label_image_l)
    matched_d = np.full(data.detections, NONE, dtype=np.int64)
    matched_d[taken.detection_h] = taken.label_th[0]
    matched_d[~counted_d] = NONE
    return matched_d


def _causes(
    data: Evidence, overlapping: tuple[Overlaps, Bools], wrong_d: Bools
) -> tuple[Codes, Ints]:
    """Code of each wrong detection, and the label it is about."""
    pairs, same_p = overlapping
    own_iou_d, own_label_d = best_of(pairs.where(np.flatnonzero(same_p)), data.detections)
    other_iou_d, other_label_d = best_of(pairs.where(np.flatnonzero(~same_p)), data.detections)
    best_iou_d = np.maximum(own_iou_d, other_iou_d)
    cause_d = np.where(best_iou_d <= BACKGROUND_IOU, BKG, BOTH)
    cause_d[own_iou_d > FOUND_IOU] = DUP
    cause_d[other_iou_d >= FOUND_IOU] = CLS
    cause_d[(own_iou_d >= BACKGROUND_IOU) & (own_iou_d <= FOUND_IOU)] = LOC
    cause_d[~wrong_d] = RIGHT
    label_d = np.full(data.detections, NONE, dtype=np.int64)
    of_own = (cause_d == LOC) | (cause_d == DUP)
    label_d[of_own] = own_label_d[of_own]
    label_d[cause_d == CLS] = other_label_d[cause_d == CLS]
    return cause_d.astype(np.int8), label_d


def _costs(
    data: Evidence,
    counted_d: Bools,
    matched_d: Ints,
    wrong: tuple[Codes, Ints, Bools],
    missed_l: Bools,
) -> tuple[float, dict[str, float]]:
    """AP at IoU 0.5 as it is, and what each fix adds."""
    cause_d, label_d, surest_d = wrong
    true_d = matched_d >= 0
    classes = len(data.classes)
    order_d = data.ranking.order_d[counted_d[data.ranking.order_d]]
    base = _mean_ap(data.class_d[order_d], true_d[order_d][None], None, data.support_c[None])[0]
    moved_d = np.flatnonzero(surest_d & (cause_d == CLS))
    to_c = data.label_class_l[label_d[moved_d]]
    detection_e, class_e, moved_e = data_points(data, order_d, true_d, moved_d, to_c)
    true_e, cause_e = true_d[detection_e] & ~moved_e, cause_d[detection_e]
    placed_e = (cause_e == LOC) & surest_d[detection_e] & ~moved_e
    fixes = range(len(CAUSES) - 1)
    seen_ve = np.stack([(cause_e != fix) & ~moved_e for fix in fixes] + [~moved_e] * 3)
    true_ve = np.repeat(true_e[None], len(seen_ve), axis=0)
    true_ve[CLS] |= moved_e
    true_ve[LOC] |= placed_e
    seen_ve |= true_ve
    seen_ve[-2] = true_e  # every false positive gone
    found_c = np.bincount(data.class_d[true_d], minlength=classes)
    support_vc = np.repeat(data.support_c[None], len(seen_ve), axis=0)
    support_vc[-3] -= np.bincount(data.label_class_l[missed_l], minlength=classes)
    support_vc[-1] = found_c
    there_c = (np.bincount(class_e[~moved_e], minlength=classes) > 0) | (data.support_c > 0)
    fixed_v = _mean_ap(class_e, true_ve, seen_ve, support_vc, always=(len(seen_ve) - 2, there_c))
    gain_v = fixed_v - base
    cost = dict(zip(CAUSES, np.maximum(gain_v[:-2], 0).tolist(), strict=True))
    return float(base), cost | {
        "false_positive": float(gain_v[-2]),
        "false_negative": float(gain_v[-1]),
    }


def _mean_ap(
    class_e: Ints,
    true_ve: Bools,
    seen_ve: Bools | None,
    support_vc: Ints,
    *,
    always: tuple[int, Bools] | None = None,
) -> Floats:
    """Mean over classes of AP at 101 recall points, per variant; 0 without any class.

    As in tidecv, a class counts that has a label or a detection, so that detections of a class
    that is never labelled lower the mean; COCO leaves such classes out.

    Args:
        class_e: class of each data point, not falling.
        true_ve: right or not, per variant.
        seen_ve: whether it is there; None = all are.
        support_vc: labels.
        always: a variant, and the classes that count in it although their wrong data points are
            left out here: tidecv only gives these the score 0.
    """
    classes = support_vc.shape[1]
    start_c = np.searchsorted(class_e, np.arange(classes + 1))
    ap_vc = np.zeros(support_vc.shape)
    there_vc = support_vc > 0
    for block, own, local_c in class_blocks(start_c, len(true_ve)):
        true_vn = true_ve[:, own]
        seen_vn = np.ones(true_vn.shape, dtype=bool) if seen_ve is None else seen_ve[:, own]
        table = TrueTable.of(true_vn, local_c)
        said_e, all_cv = table.counted(seen_vn)
        there_vc[:, block] |= all_cv.T > 0
        ap_vc[:, block] = _ap(table, said_e, support_vc[:, block])
    if always is not None:
        there_vc[always[0]] = always[1]
    return np.asarray(ap_vc.sum(axis=1) / np.maximum(there_vc.sum(axis=1), 1))


def _ap(table: TrueTable, said_e: Ints, support_vc: Ints) -> Floats:
    """AP of some classes, per variant; 0 without labels."""
    envelope_cvk = table.envelope(table.number_e / said_e)
    needed_cvr = np.stack([[_needed(each) for each in own] for own in support_vc.T.tolist()])
    needed_cvr = np.minimum(needed_cvr, envelope_cvk.shape[2] - 1)
    ap: Floats = table.at(envelope_cvk, needed_cvr).mean(axis=2).T
    return ap


@lru_cache(maxsize=4096)
def _needed(support: int) -> Ints:
    """Index of the first true positive at each recall point; out of reach without labels."""
    if not support:
        return np.full(len(RECALL_POINTS), np.iinfo(np.int64).max)
    return np.searchsorted(np.arange(1, support + 1) / support, RECALL_POINTS)
