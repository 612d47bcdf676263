"""The parent's handle on a training process; imports no torch."""

import asyncio
import json
import logging
import os
import re
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from libs.common.errors import TransientError

log = logging.getLogger(__name__)

ENTRY = "services.trainer.entry"
READY_S = 180.0
GONE_S = 30.0
POLL_S = 0.02
LINE_LIMIT_BYTES = 2**24
KEPT_LINES = 50
FRESH_LINES = 1000
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
REPOSITORY = Path(__file__).resolve().parents[2]


class Child:
    """One process that trains once: started, ordered, heard, ended."""

    def __init__(self, process: asyncio.subprocess.Process, pipe: asyncio.StreamReader) -> None:
        self._process = process
        self._pipe = pipe
        self._log: Path | None = None
        self.console: deque[str] = deque(maxlen=KEPT_LINES)
        self.fresh: deque[str] = deque(maxlen=FRESH_LINES)
        """Lines that nobody has taken yet."""
        self._listener = asyncio.create_task(self._listen())
        self._reaper = asyncio.create_task(self._reap())

    @property
    def pid(self) -> int:
        """Also the id of its process group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.returncode is None

    @property
    def exit_code(self) -> int | None:
        """Negative for the signal that ended it; None while it runs."""
        return self._process.returncode

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

    @classmethod
    async def start(cls, environment: dict[str, str], module: str = ENTRY) -> "Child":
        """Start a process; it is in stock once `ready` returns."""
        read, write = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", module, str(write), str(os.getpid())),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=environment,
                cwd=REPOSITORY,
                pass_fds=(write,),
                start_new_session=True,
            )
        finally:
            os.close(write)
        pipe = asyncio.StreamReader(limit=LINE_LIMIT_BYTES)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(pipe), os.fdopen(read, "rb", buffering=0)
        )
        return cls(process, pipe)

    async def ready(self) -> None:
        """Wait until torch is imported.

        Raises:
            TransientError: the process ended, or took longer than three minutes.
        """
        try:
            message = await asyncio.wait_for(self._receive(), READY_S)
        except TimeoutError:
            message = None
        if message is None or message["type"] != "ready":
            raise TransientError(
                f"the training process did not start: {' | '.join(self.console)[-500:]}",
                code="child_not_ready",
            )

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
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        async with asyncio.timeout(GONE_S):
            await self._reaper
            while living(self.pid):  # noqa: ASYNC110 - the kernel has no event for it
                await asyncio.sleep(POLL_S)
        self._listener.cancel()
        with suppress(asyncio.CancelledError):
            await self._listener

    def _send(self, line: dict[str, Any]) -> None:
        if self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(line).encode() + b"\n")

    async def _receive(self) -> dict[str, Any] | None:
        """The next message; None when the process is gone."""
        line = await self._pipe.readline()
        if not line.endswith(b"\n"):
            return None
        message: dict[str, Any] = json.loads(line)
        return message

    async def _reap(self) -> None:
        """When it is gone its loader processes go too: they hold the message pipe open."""
        await self._process.wait()
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    async def _listen(self) -> None:
        """Keep the console: a progress bar ends its line with a carriage return."""
        assert self._process.stdout is not None
        rest = ""
        while chunk := await self._process.stdout.read(2**16):
            text = COLOURS.sub("", rest + chunk.decode("utf-8", errors="replace"))
            *lines, rest = re.split(r"[\r\n]+", text)
            self._keep([line.rstrip() for line in lines if line.strip()])
        self._keep([rest] if rest.strip() else [])

    def _keep(self, lines: list[str]) -> None:
        self.console.extend(lines)
        self.fresh.extend(lines)
        if self._log and lines:
            with self._log.open("a", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")


def living(group: int) -> list[int]:
    """Processes of a group that still run; zombies only wait to be counted."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


class Stock:
    """Keeps one child warm, so that a job starts in a fraction of a second."""

    def __init__(self, environment: dict[str, str], module: str = ENTRY) -> None:
        self._environment, self._module = environment, module
        self._next: asyncio.Task[Child] | None = None

    def refill(self) -> None:
        """Start a child if none is in stock."""
        if self._next is None:
            self._next = asyncio.create_task(self._start())

    async def take(self) -> Child:
        """A child that is ready; one that died in stock is replaced."""
        while True:
            self.refill()
            assert self._next is not None
            task, self._next = self._next, None
            try:
                child = await task
            except asyncio.CancelledError:
                await _put_away(task)
                raise
            if child.alive:
                return child
            await child.end()

    async def close(self) -> None:
        """End what is in stock."""
        task, self._next = self._next, None
        if task is not None:
            await _put_away(task)

    async def _start(self) -> Child:
        child = await Child.start(self._environment, self._module)
        try:
            await child.ready()
        except BaseException:
            await child.end()
            raise
        return child


async def _put_away(task: asyncio.Task[Child]) -> None:
    """End a child that was started but will not be used."""
    task.cancel()
    with suppress(asyncio.CancelledError, TransientError):
        await (await task).end()
