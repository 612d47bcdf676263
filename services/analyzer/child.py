"""The parent's handle on a judging process; imports no torch."""

import asyncio
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from libs.common.children import child_environment
from libs.common.errors import BadInput, PermanentError, TransientError
from libs.common.gpu_lease import Lease

REPOSITORY = Path(__file__).resolve().parents[2]
LINE_LIMIT_BYTES = 2**24
KEPT_LINES = 50
SILENCE_S = 600.0
GONE_S = 30.0
POLL_S = 0.02
MOST_PIXELS = 178_956_970
"""Of one image: what Pillow takes for a decompression bomb."""
USERS_FAULT = frozenset(
    {
        "bad_input",
        "classes_differ",
        "no_gpu",
        "not_a_detector",
        "unreadable_weights",
        "unsafe_weights",
    }
)

OnProgress = Callable[[int, int], Awaitable[None]]
OnPart = Callable[[str], None]


def judging_environment(home: Path) -> dict[str, str]:
    """The environment of a judging process; `home` is a folder of ours it may write to."""
    return child_environment(home) | {"OPENCV_IO_MAX_IMAGE_PIXELS": str(MOST_PIXELS)}


async def run_child(
    order: dict[str, Any],
    environment: dict[str, str],
    on_progress: OnProgress,
    *,
    on_part: OnPart | None = None,
    stock: "Stock | None" = None,
    lease: Lease | None = None,
) -> dict[str, Any]:
    """Run one order in a process of its own, to its end or to ours.

    However this returns, by answer, error or cancellation, nothing of the process is left.

    Args:
        order: `operation` and what that reads: see `looking.judge` and `explaining.explain`.
        environment: see `judging_environment`.
        on_progress: awaited with images done and images in all.
        on_part: told the name of each part that can be read.
        stock: where a warm process may be in stock.
        lease: of the card that it computes on; told its process id.

    Returns:
        The fields of all other messages: for `judge` classes, architecture, parameters, imgsz.

    Raises:
        BadInput: the model or the dataset is at fault.
        PermanentError: judging again would end the same way.
        TransientError: the process died, or was silent for ten minutes.
    """
    child = await (stock.take() if stock else Child.start(environment))
    if lease:
        lease.pid = child.pid
    try:
        child.send(order)
        answer: dict[str, Any] = {}
        while (message := await child.receive()) is not None:
            kind = message.pop("type")
            if kind == "progress":
                await on_progress(message["done"], message["of"])
            elif kind == "part" and on_part:
                on_part(message["name"])
            elif kind == "failed":
                raise _error(message, tuple(child.console))
            else:
                answer |= message
                if kind == "done":
                    return answer
        raise TransientError(
            f"the judging process died: {' | '.join(child.console)[-500:]}",
            code="child_died",
            console=tuple(child.console),
        )
    finally:
        await asyncio.shield(child.end())


class Child:
    """One process that obeys one order: started, ordered, heard, ended."""

    def __init__(self, process: asyncio.subprocess.Process, pipe: asyncio.StreamReader) -> None:
        self._process, self._pipe = process, pipe
        self.console: deque[str] = deque(maxlen=KEPT_LINES)
        self._listener = asyncio.create_task(self._listen())

    @property
    def pid(self) -> int:
        """Of the process, and of its group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.returncode is None

    @classmethod
    async def start(cls, environment: dict[str, str]) -> "Child":
        """The process, in a session and a process group of its own, and its message pipe."""
        read, write = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "services.analyzer.entry", str(write), str(os.getpid())),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=LINE_LIMIT_BYTES,
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

    def send(self, order: dict[str, Any]) -> None:
        """Give the one order."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.close()

    async def receive(self) -> dict[str, Any] | None:
        """The next message; None when the process is gone."""
        try:
            line = await asyncio.wait_for(self._pipe.readline(), SILENCE_S)
        except TimeoutError:
            raise TransientError(
                f"the judging process said nothing for {SILENCE_S:.0f} s", code="child_silent"
            ) from None
        if not line.endswith(b"\n"):
            return None
        message: dict[str, Any] = json.loads(line)
        return message

    async def end(self) -> None:
        """Kill the process and all it started; return when nothing of it runs any more."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        async with asyncio.timeout(GONE_S):
            await self._process.wait()
            while _living(self._process.pid):  # noqa: ASYNC110 - the kernel has no event for it
                await asyncio.sleep(POLL_S)
        self._listener.cancel()
        with suppress(asyncio.CancelledError):
            await self._listener

    async def _listen(self) -> None:
        """Keep the last lines of the console, so that the child never waits for a full pipe."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            if text := line.decode("utf-8", errors="replace").strip():
                self.console.append(text)


class Stock:
    """Keeps one process warm, with torch imported, so that a request starts in a moment."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._next: asyncio.Task[Child] | None = None

    def refill(self) -> None:
        """Start a process if none is in stock."""
        if self._next is None:
            self._next = asyncio.create_task(Child.start(self._environment))

    async def take(self) -> Child:
        """A process that waits for its order, warm or just started; a dead one is replaced."""
        while True:
            self.refill()
            assert self._next is not None
            task, self._next = self._next, None
            child = await task
            if child.alive:
                return child
            await child.end()

    async def close(self) -> None:
        """End what is in stock."""
        task, self._next = self._next, None
        if task is not None:
            await (await task).end()


def _living(group: int) -> list[int]:
    """Processes of a group that still run; zombies only wait to be counted."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def _error(message: dict[str, Any], console: tuple[str, ...]) -> Exception:
    code, text = message["code"], message["message"]
    if not code:
        return TransientError(text, code="child_failed", console=console)
    if code in USERS_FAULT:
        return BadInput(text, code=code)
    return PermanentError(text, code=code, console=console)
