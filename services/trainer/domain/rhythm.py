"""Whether a training still moves, from when it was last heard: pure."""

from collections import deque
from statistics import median

TIMES = 10
KNOWN = 5
"""Batches before a training's pace is trusted more than the look at its processes."""


class Rhythm:
    """The pace of one training.

    A training that is in mid-epoch, at a known pace, is stalled after `max(floor_s, 10 × the
    median time of its batches)` without one. Elsewhere (setting up, the first batches,
    validating, writing) silence counts only while its processes do nothing either.

    Args:
        floor_s: no silence below this is a stall.
        now: any clock in seconds.
    """

    def __init__(self, floor_s: float, now: float) -> None:
        self.floor_s = floor_s
        self.heard_at = self.busy_at = now
        self.kind = "start"
        self.intervals: deque[float] = deque(maxlen=100)

    def heard(self, kind: str, now: float) -> None:
        """A message came."""
        if kind == self.kind == "batch":
            self.intervals.append(now - self.heard_at)
        self.kind, self.heard_at, self.busy_at = kind, now, now

    def busy(self, now: float) -> None:
        """Its processes used the CPU just now."""
        self.busy_at = now

    @property
    def limit_s(self) -> float:
        """The silence that is too long."""
        return max(self.floor_s, TIMES * median(self.intervals) if self.intervals else 0.0)

    def stalled(self, now: float) -> bool:
        """Whether it must be taken for dead."""
        if now - self.heard_at <= self.limit_s:
            return False
        paced = self.kind == "batch" and len(self.intervals) >= KNOWN
        return paced or now - self.busy_at > self.limit_s
