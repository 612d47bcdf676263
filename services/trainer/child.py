"""The parent's handle on a training process; imports no torch."""

import asyncio
import logging
import os
import signal
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from libs.common import child
from libs.common.groups import living

log = logging.getLogger(__name__)

FRESH_LINES = 1000


class Child(child.Child):
    """One process that trains once; see `libs.common.child`."""

    def __init__(self, *pipes: Any) -> None:
        super().__init__(*pipes)
        self._log: Path | None = None
        self.fresh: deque[str] = deque(maxlen=FRESH_LINES)
        """Lines that nobody has taken yet."""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return not self._ended.done()

    @property
    def exit_code(self) -> int | None:
        """Negative for the signal that ended it; None while it runs."""
        return self._ended.result() if self._ended.done() else None

    def used_cpu_s(self) -> float:
        """CPU time of the process and what it started, so far."""
        used = 0.0
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            for each in (process, *process.children(recursive=True)):
                with suppress(psutil.Error):
                    times = each.cpu_times()
                    used += times.user + times.system
        return used

    def show_stacks(self) -> None:
        """Ask each of its processes to print where it is."""
        for pid in living(self.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR1)

    async def messages(
        self, order: dict[str, Any], *, console: Path
    ) -> AsyncIterator[dict[str, Any]]:
        """Give the order, and yield what the child says, up to its last word or its death.

        Args:
            order: of `Plan.order`.
            console: file for what it prints.
        """
        self._log = console
        self.send(order)
        while (message := await self.receive()) is not None:
            yield message
        with suppress(TimeoutError):  # its exit code says more; the pipe closes a moment before
            async with asyncio.timeout(child.EXIT_S):
                await asyncio.shield(self._ended)

    def finish(self) -> None:
        """Ask it to stop after this batch, and to keep what there is."""
        self.send({"op": "finish"})

    def pause(self) -> None:
        """Ask it to write a checkpoint at the next optimizer step, and to end."""
        self.send({"op": "pause"})

    def keep(self, lines: list[str]) -> None:
        """Keep lines that it printed, in the log of the run too."""
        super().keep(lines)
        self.fresh.extend(lines)
        if self._log and lines:
            try:
                with self._log.open("a", encoding="utf-8") as file:
                    file.write("\n".join(lines) + "\n")
            except OSError as error:  # the disk is full: whoever stops reading stops the child
                log.warning("console lines not kept on disk", extra={"reason": str(error)})
