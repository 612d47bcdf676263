"""How often: wrong credentials per address, requests per caller. Memory stays bounded."""

import time
from collections import OrderedDict
from collections.abc import Callable

MOST_CALLERS = 10_000


class Rates:
    """Token buckets by key: `burst` at once, `per_s` in the long run; `per_s` 0 = no limit.

    The least recently seen caller is forgotten first, which gives it a full bucket again.
    """

    def __init__(
        self, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_s = per_s
        self.burst = burst
        self.clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Seconds until `key` may try again; 0 = now."""
        return max(0.0, (1.0 - self._now(key)) / self.per_s) if self.per_s else 0.0

    def take(self, key: str) -> float:
        """Count one; answers as `wait_s` before it."""
        if not self.per_s:
            return 0.0
        left = self._now(key)
        if left < 1.0:
            return (1.0 - left) / self.per_s
        self._left[key] = (left - 1.0, self.clock())
        self._left.move_to_end(key)
        while len(self._left) > MOST_CALLERS:
            self._left.popitem(last=False)
        return 0.0

    def _now(self, key: str) -> float:
        left, at = self._left.get(key, (self.burst, self.clock()))
        return min(self.burst, left + (self.clock() - at) * self.per_s)
