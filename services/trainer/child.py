"""The parent's handle on a training process; imports no torch."""

import asyncio
import json
import logging
import os
import re
import signal
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from libs.common.groups import end_group, kill_group, living, reader, writer

log = logging.getLogger(__name__)

EXIT_S = 5.0
KEPT_LINES = 50
FRESH_LINES = 1000
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Child:
    """One process that trains once: ordered, heard, ended. It comes from the stock.

    Args:
        pid: of the process, and of its group.
        ended: its exit code, once it has ended; negative for a signal.
        commands: its standard input.
        console: what it prints.
        pipe: its messages.
    """

    def __init__(
        self,
        pid: int,
        ended: asyncio.Future[int],
        commands: asyncio.WriteTransport,
        console: asyncio.StreamReader,
        pipe: asyncio.StreamReader,
    ) -> None:
        self.pid = pid
        self._ended, self._commands, self._stdout, self._pipe = ended, commands, console, pipe
        self._log: Path | None = None
        self.console: deque[str] = deque(maxlen=KEPT_LINES)
        self.fresh: deque[str] = deque(maxlen=FRESH_LINES)
        """Lines that nobody has taken yet."""
        self._listener = asyncio.create_task(self._listen())
        self._reaper = asyncio.create_task(self._reap())

    @classmethod
    async def adopt(
        cls, pid: int, ended: asyncio.Future[int], commands: int, console: int, messages: int
    ) -> "Child":
        """From the file descriptors of our ends of its pipes, which it owns from here on."""
        return cls(
            pid, ended, await writer(commands), await reader(console), await reader(messages)
        )

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
        self._send(order)
        while (message := await self._receive()) is not None:
            yield message
        with suppress(TimeoutError):  # its exit code says more; the pipe closes a moment before
            async with asyncio.timeout(EXIT_S):
                await asyncio.shield(self._ended)

    def finish(self) -> None:
        """Ask it to stop after this batch, and to keep what there is."""
        self._send({"op": "finish"})

    def pause(self) -> None:
        """Ask it to write a checkpoint at the next optimizer step, and to end."""
        self._send({"op": "pause"})

    async def end(self) -> None:
        """Kill it and everything it started; return when nothing of it runs any more.

        Raises:
            TimeoutError: something is stuck in the kernel.
        """
        await end_group(self.pid, self._reaper)
        with suppress(TimeoutError):  # its last words; nobody can write there any more
            async with asyncio.timeout(EXIT_S):
                await self._listener
        self._commands.close()

    def _send(self, line: dict[str, Any]) -> None:
        if not self._commands.is_closing():
            self._commands.write(json.dumps(line).encode() + b"\n")

    async def _receive(self) -> dict[str, Any] | None:
        """The next message; None when the process is gone."""
        line = await self._pipe.readline()
        if not line.endswith(b"\n"):
            return None
        message: dict[str, Any] = json.loads(line)
        return message

    async def _reap(self) -> None:
        """When it is gone its loader processes go too: they hold the message pipe open."""
        await self._ended
        kill_group(self.pid)

    async def _listen(self) -> None:
        """Keep the console: a progress bar ends its line with a carriage return."""
        rest = ""
        while chunk := await self._stdout.read(2**16):
            text = COLOURS.sub("", rest + chunk.decode("utf-8", errors="replace"))
            *lines, rest = re.split(r"[\r\n]+", text)
            self._keep([line.rstrip() for line in lines if line.strip()])
        self._keep([rest] if rest.strip() else [])

    def _keep(self, lines: list[str]) -> None:
        self.console.extend(lines)
        self.fresh.extend(lines)
        if self._log and lines:
            try:
                with self._log.open("a", encoding="utf-8") as file:
                    file.write("\n".join(lines) + "\n")
            except OSError as error:  # the disk is full: whoever stops reading stops the child
                log.warning("console lines not kept on disk", extra={"reason": str(error)})
