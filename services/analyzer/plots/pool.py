"""Processes that draw: a diagram is a tenth of a second of Python, and there are a dozen."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from libs.common.children import die_with
from libs.common.errors import TransientError
from services.analyzer.plots.catalogue import Pen
from services.analyzer.plots.matrix import draw_counts

MOST_PROCESSES = 2


class Pens:
    """Up to two processes, started when first wanted and kept for the next report."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def get_ready(self) -> None:
        """Start them, so that their imports are done when there is something to draw.

        Call it from the event loop: they die with the thread that starts them.
        """
        if self._pool is None:
            processes = min(MOST_PROCESSES, len(os.sched_getaffinity(0)))
            self._pool = ProcessPoolExecutor(
                processes,
                mp_context=multiprocessing.get_context("spawn"),  # there are threads here
                initializer=_die_with_parent,
                initargs=(os.getpid(),),
            )
            for _ in range(processes):
                self._pool.submit(_be_ready)

    async def draw(self, wanted: Mapping[str, tuple[Pen, Any]]) -> dict[str, bytes | BaseException]:
        """Draw diagrams at once.

        Args:
            wanted: pen and data, by name.

        Returns:
            PNGs, or what went wrong, by name.

        Raises:
            TransientError: a process was killed while it drew.
        """
        self.get_ready()
        loop, pool = asyncio.get_running_loop(), self._pool
        try:
            drawn = await asyncio.gather(
                *(loop.run_in_executor(pool, pen, data) for pen, data in wanted.values()),
                return_exceptions=True,
            )
        except BrokenProcessPool as error:  # raised by submitting
            self._pool = None
            raise TransientError("a drawing process died", code="child_died") from error
        for each in drawn:
            if isinstance(each, BrokenProcessPool):
                self._pool = None
                raise TransientError("a drawing process died", code="child_died") from each
        return dict(zip(wanted, drawn, strict=True))


PENS = Pens()
"""Of this service."""


def _be_ready() -> None:
    """Draw nothing much, so that fonts and renderer are loaded."""
    draw_counts({"names": ["a", "b"], "counts": [[1, 0], [0, 1]]})


def _die_with_parent(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    die_with(parent)
