"""When to ask again, and when it is safe to."""

import random
from collections.abc import Iterator

AGAIN = frozenset({502, 503, 504})
"""Answers that say: not now."""

_FIRST_S = 0.1
_MOST_S = 2.0


def back_off(patience_s: float) -> Iterator[float]:
    """Delays in seconds that double up to two seconds and sum to `patience_s`, then end.

    Up to a fifth is taken off each at random, so that many clients do not come back at once.
    """
    left_s, delay_s = patience_s, _FIRST_S
    while left_s > 0:
        step_s = min(delay_s, left_s)
        yield step_s * random.uniform(0.8, 1.0)  # noqa: S311 - spreading, not secrecy
        left_s -= step_s
        delay_s = min(2 * delay_s, _MOST_S)


def retry_after_s(header: str | None, otherwise_s: float) -> float:
    """The wait that a `Retry-After` in seconds asks for, at least `otherwise_s`, at most 30 s."""
    try:
        return min(max(float(header or 0), otherwise_s), 30.0)
    except ValueError:  # the date form: rare, and our own gateway never sends it
        return otherwise_s
