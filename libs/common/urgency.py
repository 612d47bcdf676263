"""Who gives way to whom, and who has not had its time yet: pure.

A level is the place of a queue among its service's queues, 0 = the most urgent. Three rules keep
urgent jobs quick and let every job come to its end:

1. A job gives way to one of a smaller level alone, never to its equal.
2. One that gave way k times runs k × 60 s (10 minutes at most) once it is back, before it is asked
   again: two streams of jobs cannot push each other around without getting anything done.
3. After four jobs in a row from more urgent queues while others waited, the next place goes to the
   most urgent of those others, and is its own for 60 s: a stream of urgent jobs starves nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass

QUANTUM_S = 60.0
MOST_QUANTUM_S = 600.0
IN_A_ROW = 4


@dataclass(frozen=True)
class Holder:
    """A job that has a place.

    `preempted` = how often it gave way; `by_turn` = it has the place by rule 3; `settled` = it
    leaves or finishes already, and cannot be asked.
    """

    job_id: str
    level: int
    began_s: float
    preempted: int = 0
    by_turn: bool = False
    settled: bool = False

    def may_be_asked(self, now_s: float) -> bool:
        """Whether it has had its time; `now_s` by the clock of `began_s`."""
        times = max(self.preempted, int(self.by_turn))
        return not self.settled and now_s - self.began_s >= min(times * QUANTUM_S, MOST_QUANTUM_S)


def gives_way(level: int, holders: Iterable[Holder], now_s: float) -> Holder | None:
    """The holder that a job of `level` may send away: the least urgent, of those the newest.

    The newest, because then the older ones come to their end; no work is lost either way.
    """
    below = [each for each in holders if each.level > level and each.may_be_asked(now_s)]
    return max(below, key=lambda each: (each.level, each.began_s), default=None)


def open_levels(levels: int, holders: Iterable[Holder], *, free: bool, now_s: float) -> int:
    """From how many queues, the most urgent first, a job may be taken now.

    Args:
        levels: number of queues.
        holders: who has a place.
        free: there is a place that nobody has.
        now_s: by the clock of `Holder.began_s`.
    """
    if free:
        return levels
    return max((each.level for each in holders if each.may_be_asked(now_s)), default=0)


@dataclass
class Turns:
    """Counts for rule 3."""

    row: int = 0

    @property
    def due(self) -> bool:
        """The next place goes to a less urgent queue, if anything waits there."""
        return self.row >= IN_A_ROW

    def took(self, *, others_wait: bool) -> None:
        """A job was taken; `others_wait` in less urgent queues than its own."""
        self.row = self.row + 1 if others_wait else 0
