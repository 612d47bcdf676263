"""What processes hold: memory, file descriptors, threads; and percentiles of answers."""

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import psutil

MIB = 2**20


@dataclass(frozen=True)
class Held:
    """Of one process."""

    rss_mib: float
    fds: int
    threads: int


def name_of(process: psutil.Process) -> str:
    """`gateway`, `nats-server`, …; children of a service carry its name and what they are."""
    words = process.cmdline()
    services = [word for word in words if word.startswith("services.")]
    if services:
        return services[-1].removeprefix("services.")
    return words[0].rsplit("/", 1)[-1] if words else process.name()


def held(supervisor_pid: int) -> dict[str, Held]:
    """What each process of a stack holds now, those that the supervisor itself started."""
    found: dict[str, Held] = {}
    supervisor = psutil.Process(supervisor_pid)
    for process in [supervisor, *supervisor.children()]:
        with process.oneshot():
            found["supervisor" if process.pid == supervisor_pid else name_of(process)] = Held(
                process.memory_info().rss / MIB, process.num_fds(), process.num_threads()
            )
    return found


@dataclass
class Answers:
    """Latencies in seconds and statuses, by kind of request."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, status: int, seconds: float) -> None:
        """One answer."""
        self.seconds.setdefault(kind, []).append(seconds)
        self.statuses[status] += 1

    def rows(self) -> list[str]:
        """A line per kind: number, p50, p99."""
        whole = [value for values in self.seconds.values() for value in values]
        return [
            f"{kind:28} {len(values):6} {percentile(values, 50):7.1f} {percentile(values, 99):7.1f}"
            for kind, values in [*sorted(self.seconds.items()), ("all", whole)]
        ]


def percentile(seconds: Iterable[float], share: int) -> float:
    """In ms."""
    values = sorted(seconds)
    if len(values) < 2:
        return values[0] * 1000 if values else 0.0
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1] * 1000
