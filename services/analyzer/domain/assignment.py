"""Greedy one-to-one matching without a loop over boxes: each detection in turn takes its best.

Shapes in names: `t` IoU thresholds, `l` labels, `h` detections with a candidate, `p` pairs, `e`
pairs at one threshold each.
"""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.boxes import Bools, Floats, Ints, Overlaps

NONE = -1
"""Stands for "no label" in arrays of label indices."""
_PAIRS_AT_ONCE = 5_000_000
_FIRST_TURNS = 128
_NOBODY = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Taken:
    """Which label each detection took at each threshold.

    Only detections with a pair at the lowest threshold are listed, rising, in `detection_h`; the
    others took nothing. `label_th` holds -1 where a listed one took nothing either.
    """

    detection_h: Ints
    label_th: Ints

    def spread(self, detections: int) -> Ints:
        """The same for all detections, listed or not; shape (t, detections)."""
        label_td = np.full((len(self.label_th), detections), NONE, dtype=np.int64)
        label_td[:, self.detection_h] = self.label_th
        return label_td

    def replaced(self, other: "Taken") -> "Taken":
        """With the columns of `other`, whose detections must all be listed here."""
        label_th = self.label_th.copy()
        label_th[:, np.searchsorted(self.detection_h, other.detection_h)] = other.label_th
        return Taken(self.detection_h, label_th)


def take(pairs: Overlaps, level_p: Ints, *, thresholds: int, group_l: Ints) -> Taken:
    """Let detections take free labels in turn, by falling score, at each threshold.

    Args:
        pairs: what may be taken; by rising detection (that is falling score within a group), and
            for each detection by falling preference.
        level_p: how many of the thresholds each pair reaches: it counts at the first `level_p`.
        thresholds: number of thresholds.
        group_l: the group (image) of each label. Groups share no detections.

    Returns:
        What was taken. The same as serving one detection after the other, threshold by threshold.
    """
    reached_p = np.flatnonzero(level_p > 0)
    pairs, level_p = pairs.where(reached_p), level_p[reached_p]
    new_p = np.ones(len(level_p), dtype=bool)
    new_p[1:] = pairs.detection_p[1:] != pairs.detection_p[:-1]
    row_p = np.cumsum(new_p) - 1
    detection_h = pairs.detection_p[new_p]
    label_th = np.full((thresholds, len(detection_h)), NONE, dtype=np.int64)
    tangled_p = tangled(pairs, group_l)
    plain, rest = np.flatnonzero(~tangled_p), np.flatnonzero(tangled_p)
    _take_plain(pairs.label_p[plain], level_p[plain], row_p[plain], label_th)
    if len(rest):
        turn_h = _turns(group_l[pairs.label_p[new_p]])
        here = row_p[rest]
        _take_tangled(pairs.label_p[rest], level_p[rest], here, turn_h[here], label_th)
    return Taken(detection_h, label_th)


def tangled(pairs: Overlaps, group_l: Ints) -> Bools:
    """Which pairs lie in a group where some detection has a choice of labels; shape (p,)."""
    same = pairs.detection_p[1:] == pairs.detection_p[:-1]
    chosen = group_l[pairs.label_p]
    tangled_g = np.zeros(int(group_l.max()) + 1 if len(group_l) else 0, dtype=bool)
    tangled_g[chosen[1:][same]] = True
    found: Bools = tangled_g[chosen]
    return found


def _turns(group_h: Ints) -> Ints:
    """How many detections of the same group come before each; groups come one after the other."""
    first_h = np.ones(len(group_h), dtype=bool)
    first_h[1:] = group_h[1:] != group_h[:-1]
    place_h = np.arange(len(group_h))
    turns: Ints = place_h - np.maximum.accumulate(np.where(first_h, place_h, 0))
    return turns


def _take_plain(label_n: Ints, level_n: Ints, row_n: Ints, label_th: Ints) -> None:
    """Detections with one candidate each: fill in what they take.

    Of the detections that want a label, the first that reaches a threshold gets it there. So one
    takes it at the thresholds that it reaches and none before it did: a running maximum.
    """
    if not len(label_n):
        return
    order = np.argsort(label_n, kind="stable")
    label, level = label_n[order], level_n[order]
    new = np.ones(len(label), dtype=bool)
    new[1:] = label[1:] != label[:-1]
    base = (np.cumsum(new) - 1) * (len(label_th) + 1)
    best_so_far = np.maximum.accumulate(base + level) - base
    before = np.where(new, 0, np.concatenate(([0], best_so_far[:-1])))
    steps = np.arange(len(label_th))[:, None]
    label_th[:, row_n[order]] = np.where((steps >= before) & (steps < level), label, NONE)


def _take_tangled(label_n: Ints, level_n: Ints, row_n: Ints, turn_n: Ints, label_th: Ints) -> None:
    """Detections with a choice: fill in what they take.

    In heaps of boxes, first come the surest of each group, then the others with what is left: those
    who come late would only be refused by one label after the other.

    Args:
        label_n: label of each pair.
        level_n: how many thresholds it reaches.
        row_n: column of its detection in `label_th`.
        turn_n: how many detections of the group come before its own.
        label_th: what is filled in.
    """
    wanted, local_n = np.unique(label_n, return_inverse=True)
    free_tl = np.ones((len(label_th), len(wanted)), dtype=bool)
    first, last = 0, _FIRST_TURNS
    while first <= turn_n.max(initial=-1):
        now = np.flatnonzero((turn_n >= first) & (turn_n < last))
        for t in range(0, len(label_th), max(1, _PAIRS_AT_ONCE // max(len(now), 1))):
            steps = slice(t, t + max(1, _PAIRS_AT_ONCE // max(len(now), 1)))
            _propose_at(steps, (wanted, local_n[now]), level_n[now], row_n[now], free_tl, label_th)
        first, last = last, 4 * last


def _propose_at(
    steps: slice,
    labels: tuple[Ints, Ints],
    level_n: Ints,
    row_n: Ints,
    free_tl: Bools,
    label_th: Ints,
) -> None:
    """Let some detections take what is free at some thresholds."""
    wanted, local_n = labels
    thresholds = np.arange(len(label_th))[steps]
    step_e, n_e = np.nonzero((level_n > thresholds[:, None]) & free_tl[steps][:, local_n])
    rows, width = label_th.shape[1], len(wanted)
    holder = propose(
        step_e * rows + row_n[n_e],
        step_e * width + local_n[n_e],
        labels=len(thresholds) * width,
    )
    held = np.flatnonzero(holder != NONE)
    (step, row), label = np.divmod(holder[held], rows), held % width
    label_th[thresholds[step], row] = wanted[label]
    free_tl[thresholds[step], label] = False


def propose(proposer_e: Ints, label_e: Ints, *, labels: int) -> Ints:
    """Who gets each label, if the proposer with the lower number always goes first.

    Taking turns gives the one stable matching in which every label prefers the lowest number, so
    all may propose at once: a label keeps the lowest, the others go on to their next choice. The
    number of rounds is the longest chain of refusals, not the number of proposers.

    Args:
        proposer_e: who proposes, not falling; each one's proposals by falling preference.
        label_e: to which label, in 0..labels - 1.
        labels: number of labels.

    Returns:
        The proposer that holds each label, or -1; shape (labels,).

    Source: Gale and Shapley, College Admissions and the Stability of Marriage, 1962.
    """
    holder = np.full(labels, _NOBODY, dtype=np.int64)
    if not len(proposer_e):
        return np.full(labels, NONE, dtype=np.int64)
    size = int(proposer_e[-1]) + 1
    count = np.bincount(proposer_e, minlength=size)
    end = np.cumsum(count)
    at = end - count
    asking = np.flatnonzero(count)
    while len(asking):
        label = label_e[at[asking]]
        before = holder[label]
        np.minimum.at(holder, label, asking)
        won = holder[label] == asking
        dropped = before[won & (before != _NOBODY)]
        asking = np.concatenate((asking[~won], dropped))
        at[asking] += 1
        asking = asking[at[asking] < end[asking]]
    return np.where(holder == _NOBODY, NONE, holder)


def levels(iou_p: Floats, thresholds_t: Floats) -> Ints:
    """How many of the rising thresholds each IoU reaches; shape (p,)."""
    reached: Ints = np.searchsorted(thresholds_t, iou_p, side="right")
    return reached
