"""What running jobs print, as it comes: the last lines of each, numbered within an attempt."""

from collections import OrderedDict, deque
from typing import Any

MOST_JOBS = 64
MOST_LINES = 5000


class Consoles:
    """Fed with readings of `console.<area>.<job id>`; bounded, and lost with the process."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[tuple[int, int, str]]] = OrderedDict()

    def take(self, job_id: str, reading: dict[str, Any]) -> None:
        """More lines of a job; those of an older attempt than the newest are dropped."""
        kept = self._lines.setdefault(job_id, deque(maxlen=MOST_LINES))
        self._lines.move_to_end(job_id)
        attempt, first = reading.get("attempt"), reading.get("first")
        lines = reading.get("lines")
        if (
            not isinstance(attempt, int)
            or not isinstance(first, int)
            or not isinstance(lines, list)
        ):
            return
        if kept and kept[-1][0] > attempt:
            return
        if kept and kept[-1][0] < attempt:
            kept.clear()
        kept.extend((attempt, number, str(line)) for number, line in enumerate(lines, first))
        while len(self._lines) > MOST_JOBS:
            self._lines.popitem(last=False)

    def lines(self, job_id: str, after: int) -> list[dict[str, Any]]:
        """Lines of the newest attempt past line `after`."""
        return [
            {"line": number, "text": text, "attempt": attempt}
            for attempt, number, text in self._lines.get(job_id, ())
            if number > after
        ]
