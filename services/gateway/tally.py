"""How many jobs stand where, and how long epochs took: kept up with the fold, not counted anew."""

from bisect import bisect_left
from collections import Counter

from libs.common.jobs import Job

EPOCH_S = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


class Tally:
    """Counts of one ledger."""

    def __init__(self) -> None:
        self.jobs: Counter[tuple[str, str]] = Counter()
        """By area and status."""
        self.epochs = [0] * (len(EPOCH_S) + 1)
        """By how many seconds they took: up to each of EPOCH_S, and more."""
        self.epochs_s = 0.0

    def moved(self, before: Job | None, job: Job) -> None:
        """A job was `before` and is `job` now."""
        self.jobs[job.area, job.status] += 1
        if before:
            self.jobs[before.area, before.status] -= 1
        for epoch in job.epochs[len(before.epochs) if before else 0 :]:
            self.epochs[bisect_left(EPOCH_S, epoch.seconds)] += 1
            self.epochs_s += epoch.seconds
