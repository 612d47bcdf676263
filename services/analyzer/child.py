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

from libs.common.errors import BadInput, PermanentError, TransientError

REPOSITORY = Path(__file__).resolve().parents[2]
LINE_LIMIT_BYTES = 2**24
KEPT_LINES = 50
SILENCE_S = 600.0
GONE_S = 30.0
POLL_S = 0.02
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


async def run_child(
    order: dict[str, Any], environment: dict[str, str], on_progress: OnProgress
) -> dict[str, Any]:
    """Run one order of `yolo.judge` in a process of its own, to its end or to ours.

    However this returns, by answer, error or cancellation, nothing of the process is left.

    Args:
        order: see `yolo.judge`.
        environment: see `child_environment`.
        on_progress: awaited with images done and images in all.

    Returns:
        The fields of `model` and `done`: classes, architecture, parameters, imgsz, findings,
        images, seconds.

    Raises:
        BadInput: the model or the dataset is at fault.
        PermanentError: judging again would end the same way.
        TransientError: the process died, or was silent for ten minutes.
    """
    process, pipe = await _start(environment)
    console: deque[str] = deque(maxlen=KEPT_LINES)
    listener = asyncio.create_task(_listen(process, console))
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.close()
        answer: dict[str, Any] = {}
        while (message := await _receive(pipe)) is not None:
            kind = message.pop("type")
            if kind == "progress":
                await on_progress(message["done"], message["of"])
            elif kind == "failed":
                raise _error(message, tuple(console))
            else:
                answer |= message
                if kind == "done":
                    return answer
        raise TransientError(
            f"the judging process died: {' | '.join(console)[-500:]}",
            code="child_died",
            console=tuple(console),
        )
    finally:
        await asyncio.shield(_end(process, listener))


async def _start(
    environment: dict[str, str],
) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader]:
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
    return process, pipe


async def _receive(pipe: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next message; None when the process is gone."""
    try:
        line = await asyncio.wait_for(pipe.readline(), SILENCE_S)
    except TimeoutError:
        raise TransientError(
            f"the judging process said nothing for {SILENCE_S:.0f} s", code="child_silent"
        ) from None
    if not line.endswith(b"\n"):
        return None
    message: dict[str, Any] = json.loads(line)
    return message


async def _listen(process: asyncio.subprocess.Process, console: deque[str]) -> None:
    """Keep the last lines of the console, so that the child never waits for a full pipe."""
    assert process.stdout is not None
    async for line in process.stdout:
        if text := line.decode("utf-8", errors="replace").strip():
            console.append(text)


async def _end(process: asyncio.subprocess.Process, listener: asyncio.Task[None]) -> None:
    """Kill the process and all it started; return when nothing of it runs any more."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    async with asyncio.timeout(GONE_S):
        await process.wait()
        while _living(process.pid):  # noqa: ASYNC110 - the kernel has no event for it
            await asyncio.sleep(POLL_S)
    listener.cancel()
    with suppress(asyncio.CancelledError):
        await listener


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
