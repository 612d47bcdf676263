"""The parent's handle on a child of a nursery: it is ordered, heard and ended. Imports no torch."""

import asyncio
import json
import re
from collections import deque
from typing import Any, Self

from libs.common.groups import end_group, kill_group, reader, writer

EXIT_S = 5.0
KEPT_LINES = 50
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Child:
    """One process that obeys once. It comes from a stock.

    Args:
        pid: of the process, and of its group.
        ended: its exit code, once it has ended; negative for a signal.
        orders: its standard input.
        console: what it prints.
        pipe: its messages.
    """

    def __init__(
        self,
        pid: int,
        ended: asyncio.Future[int],
        orders: asyncio.WriteTransport,
        console: asyncio.StreamReader,
        pipe: asyncio.StreamReader,
    ) -> None:
        self.pid = pid
        self._ended, self._orders, self._stdout, self._pipe = ended, orders, console, pipe
        self.console: deque[str] = deque(maxlen=KEPT_LINES)
        """Its last lines."""
        self._listener = asyncio.create_task(self._listen())
        self._reaper = asyncio.create_task(self._reap())

    @classmethod
    async def adopt(
        cls, pid: int, ended: asyncio.Future[int], orders: int, console: int, messages: int
    ) -> Self:
        """From the file descriptors of our ends of its pipes, which it owns from here on."""
        return cls(pid, ended, await writer(orders), await reader(console), await reader(messages))

    def send(self, order: dict[str, Any]) -> None:
        """One line on its standard input; nothing where that is closed."""
        if not self._orders.is_closing():
            self._orders.write(json.dumps(order).encode() + b"\n")

    async def receive(self) -> dict[str, Any] | None:
        """The next message; None when the process is gone."""
        line = await self._pipe.readline()
        if not line.endswith(b"\n"):
            return None
        message: dict[str, Any] = json.loads(line)
        return message

    async def end(self) -> None:
        """Kill it and everything it started; return when nothing of it runs any more.

        Raises:
            TimeoutError: something is stuck in the kernel.
        """
        await end_group(self.pid, self._reaper)
        # its last words; waited for, not awaited: a cancel of ours would end the listener, and then
        # whoever calls this next in place of us
        _, late = await asyncio.wait({self._listener}, timeout=EXIT_S)
        for listener in late:
            listener.cancel()
        self._orders.close()

    def keep(self, lines: list[str]) -> None:
        """Keep lines that it printed."""
        self.console.extend(lines)

    async def _reap(self) -> None:
        """When it is gone what it started goes too: that holds the message pipe open."""
        await self._ended
        kill_group(self.pid)

    async def _listen(self) -> None:
        """Keep the console: a progress bar ends its line with a carriage return."""
        rest = ""
        while chunk := await self._stdout.read(2**16):
            text = COLOURS.sub("", rest + chunk.decode("utf-8", errors="replace"))
            *lines, rest = re.split(r"[\r\n]+", text)
            self.keep([line.rstrip() for line in lines if line.strip()])
        self.keep([rest] if rest.strip() else [])
