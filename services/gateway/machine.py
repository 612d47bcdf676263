"""How the gateway's host is, which datasets and weights lie on its disk: seen off the event loop.

Who asks often gets what was seen up to a second and a look's time ago, at once; who asks again
after a while waits for a fresh look. A busy host answers its status as soon as an idle one.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

FRESH_S = 1.0
OLD_S = 4.0
GIB = 2**30


@dataclass(frozen=True)
class Facts:
    """What was seen; usages in percent, sizes in GiB."""

    cpu: float
    memory: float
    disk: dict[str, float]
    datasets: tuple[str, ...]
    models: tuple[str, ...]
    """Weights that the project ships."""


class Machine:
    """One per gateway."""

    def __init__(
        self,
        home: Path,
        datasets: Callable[[], Iterable[str]],
        models: Callable[[], Iterable[str]],
    ) -> None:
        self._home = home
        self._datasets = datasets
        self._models = models
        self._seen: Facts | None = None
        self._at = -math.inf
        self._looking: asyncio.Task[Facts] | None = None

    async def facts(self) -> Facts:
        """The newest that is known, at most `OLD_S` old."""
        age_s = time.monotonic() - self._at
        if age_s > FRESH_S and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look())
        if self._seen is None or age_s > OLD_S:
            assert self._looking
            return await asyncio.shield(self._looking)
        return self._seen

    async def _look(self) -> Facts:
        self._seen = await asyncio.to_thread(self._now)
        self._at = time.monotonic()
        return self._seen

    def _now(self) -> Facts:
        disk = psutil.disk_usage(str(self._home.resolve()))
        sizes = {"total": disk.total, "used": disk.used, "free": disk.free}
        return Facts(
            cpu=psutil.cpu_percent(),
            memory=psutil.virtual_memory().percent,
            disk={name: round(size / GIB, 2) for name, size in sizes.items()}
            | {"percent": disk.percent},
            datasets=tuple(self._datasets()),
            models=tuple(self._models()),
        )
