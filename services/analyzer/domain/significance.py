"""From resampled differences to what may be said of them.

Shapes in names: `r` resamples, `n` hypotheses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.bootstrap import Interval, interval
from services.analyzer.domain.boxes import Floats

ALPHA = 0.05


@dataclass(frozen=True)
class Difference:
    """The second model's number less the first's, and how sure its sign is.

    `wrong_side` is the share of resamples in which the sign is the other one; no difference counts
    half. `p` is twice that share, two-sided, with the observed set counted as a resample.
    """

    base: float
    other: float
    delta: float
    bounds: Interval
    wrong_side: float
    p: float


def difference(base: float, other: float, base_r: Floats, other_r: Floats) -> Difference | None:
    """Compare one number of two models over the same resamples; None if it is undefined.

    With the models changed over, `delta` and its bounds change their signs and nothing else does.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 15.4; the count
    of the observed set as in Davison and Hinkley, Bootstrap Methods, 1997, section 4.2.
    """
    delta_r = other_r - base_r
    bounds = interval(other - base, delta_r)
    if bounds is None:
        return None
    delta_r = delta_r[~np.isnan(delta_r)]
    opposite = (delta_r * np.sign(bounds.value) < 0).mean() + (delta_r == 0).mean() / 2
    wrong = 0.5 if bounds.value == 0 else float(opposite)
    p = min(1.0, 2 * (wrong * len(delta_r) + 1) / (len(delta_r) + 1))
    return Difference(base, other, bounds.value, bounds, wrong, p if bounds.value else 1.0)


def holm(p_n: Sequence[float]) -> list[float]:
    """P-values for all of few hypotheses together: the chance of one false alarm or more.

    Source: Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    order = np.argsort(p_n, kind="stable")
    raised = np.maximum.accumulate(np.array(p_n)[order] * np.arange(len(p_n), 0, -1))
    return _back(raised, order)


def benjamini_hochberg(p_n: Sequence[float]) -> list[float]:
    """P-values for many hypotheses: the expected share of false ones among those reported.

    Source: Benjamini and Hochberg, Controlling the false discovery rate, 1995.
    """
    order = np.argsort(p_n, kind="stable")
    raised = np.array(p_n)[order] * len(p_n) / np.arange(1, len(p_n) + 1)
    return _back(np.minimum.accumulate(raised[::-1])[::-1], order)


def _back(raised: Floats, order: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[float]:
    """Into the order that the hypotheses came in, at most 1."""
    adjusted = np.empty(len(raised))
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted.tolist()
