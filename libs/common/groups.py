"""The process group of a child, seen from its parent: its pipes, and the end of all of it."""

import asyncio
import os
import signal
from contextlib import suppress

import psutil

GONE_S = 30.0
POLL_S = 0.02
LINE_LIMIT_BYTES = 2**24


async def reader(file: int) -> asyncio.StreamReader:
    """Lines from a pipe, which belongs to the reader from here on."""
    lines = asyncio.StreamReader(limit=LINE_LIMIT_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(file, "rb", buffering=0)
    )
    return lines


async def writer(file: int) -> asyncio.WriteTransport:
    """The other end of a pipe that somebody reads, which belongs to the writer from here on."""
    transport, _ = await asyncio.get_running_loop().connect_write_pipe(
        asyncio.BaseProtocol, os.fdopen(file, "wb", buffering=0)
    )
    return transport


async def end_group(group: int, leader_gone: asyncio.Future[int] | asyncio.Task[None]) -> None:
    """Kill a process group; return when nothing of it runs any more.

    Args:
        group: its number.
        leader_gone: done when its first process has ended.

    Raises:
        TimeoutError: something is stuck in the kernel.
    """
    kill_group(group)
    async with asyncio.timeout(GONE_S):
        await asyncio.shield(leader_gone)
        while living(group):  # noqa: ASYNC110 - the kernel has no event for it
            await asyncio.sleep(POLL_S)


def kill_group(group: int) -> None:
    """Kill what there is of it."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def living(group: int) -> list[int]:
    """Processes of a group that still run; zombies only wait to be counted."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return []  # as nearly always: looking at every process takes much longer
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found
