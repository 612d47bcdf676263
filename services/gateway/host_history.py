"""What hosts were doing, for charts: the last minutes finely, the last day coarsely.

Fed with readings of `system.*`; bounded, and lost with the process.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MOST_HOSTS = 64
FINE, COARSE = 600, 2880
FINE_S, COARSE_S = 1.5, 30.0
"""Readings nearer than this to the last kept one are dropped: several services tell of a host."""

Sample = tuple[float, dict[str, Any]]
"""Unix time in seconds, and the reading."""


@dataclass
class Line:
    """One host's samples, the oldest first."""

    fine: deque[Sample] = field(default_factory=lambda: deque(maxlen=FINE))
    coarse: deque[Sample] = field(default_factory=lambda: deque(maxlen=COARSE))

    def take(self, sample: Sample) -> None:
        """One more, if it is not too near to the last."""
        for kept, apart_s in ((self.fine, FINE_S), (self.coarse, COARSE_S)):
            if not kept or sample[0] - kept[-1][0] >= apart_s:
                kept.append(sample)

    def samples(self) -> list[Sample]:
        """Coarse ones where there are no fine ones any more."""
        first = self.fine[0][0] if self.fine else 0.0
        return [each for each in self.coarse if each[0] < first] + list(self.fine)


class HostHistory:
    """By host."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, Line] = OrderedDict()

    def take(self, reading: dict[str, Any], now: float) -> None:
        """Note a reading of a host; of very many hosts, those heard of last are kept."""
        host = str(reading.get("host") or "")
        if not host:
            return
        self._lines.setdefault(host, Line()).take((now, reading))
        self._lines.move_to_end(host)
        while len(self._lines) > MOST_HOSTS:
            self._lines.popitem(last=False)

    def columns(self, host: str, since: float, until: float) -> dict[str, Any]:
        """A host's samples from `since` to `until` (Unix time), a list per quantity."""
        line = self._lines.get(host)
        within = [each for each in line.samples() if since <= each[0] <= until] if line else []
        readings = [reading for _, reading in within]
        return {
            "host": host,
            "time": [round(at, 1) for at, _ in within],
            "cpu_percent": [reading.get("cpu_percent") for reading in readings],
            "memory_percent": [reading.get("memory_percent") for reading in readings],
            "disk_percent": [(reading.get("disk") or {}).get("percent") for reading in readings],
            "gpus": _gpus(readings),
        }

    def hosts(self) -> list[str]:
        """Names of those that were heard of."""
        return list(self._lines)


def _gpus(readings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per card that was ever there; None where it was not."""
    rows = [
        {str(gpu.get("uuid")): gpu for gpu in reading.get("gpus") or ()} for reading in readings
    ]
    names = dict.fromkeys(uuid for row in rows for uuid in row)
    told = []
    for uuid in names:
        seen = [row.get(uuid) or {} for row in rows]
        known = next(each for each in seen if each)
        told.append(
            {
                "uuid": uuid,
                "name": known.get("name"),
                "index": known.get("index"),
                "memory_total_bytes": known.get("memory_total_bytes"),
                "memory_used_bytes": [each.get("memory_used_bytes") for each in seen],
                "utilization_percent": [each.get("utilization_percent") for each in seen],
                "temperature_c": [each.get("temperature_c") for each in seen],
                "power_w": [each.get("power_w") for each in seen],
            }
        )
    return told
