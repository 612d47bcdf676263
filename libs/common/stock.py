"""The parent's handle on the nursery: children that start in milliseconds. Imports no torch."""

import asyncio
import json
import logging
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from libs.common.errors import TransientError

log = logging.getLogger(__name__)

READY_S = 180.0
PACKET_BYTES = 2**16
REPOSITORY = Path(__file__).resolve().parents[2]
KILLED = -9
Born = tuple[int, asyncio.Future[int]]
"""A child's process id, and its exit code to come."""
C = TypeVar("C")
Adopt = Callable[[int, asyncio.Future[int], int, int, int], Awaitable[C]]
"""Makes a handle of a child's process id, its exit code to come, and our ends of its pipes: its
standard input, its console, its messages."""


class Stock(Generic[C]):
    """Starts children, each a copy of one process that has imported everything.

    Args:
        environment: of all children.
        imports: modules that the process imports.
        module: whose `main(messages_fd)` a child runs.
        adopt: makes our handle on a child.
    """

    def __init__(
        self, environment: dict[str, str], imports: Sequence[str], module: str, adopt: Adopt[C]
    ) -> None:
        self._environment, self._imports = environment, imports
        self._module, self._adopt = module, adopt
        self._nursery: asyncio.Task[Nursery] | None = None

    def refill(self) -> None:
        """Start the nursery if there is none."""
        if self._nursery is None:
            self._nursery = asyncio.create_task(Nursery.start(self._environment, self._imports))

    async def take(self, **environment: str) -> C:
        """A new child; a nursery that died is replaced.

        Raises:
            TransientError: none can be started.
        """
        while True:
            self.refill()
            assert self._nursery is not None
            task = self._nursery
            try:
                nursery = await asyncio.shield(task)
            except TransientError:
                self._forget(task)
                raise
            try:
                return await nursery.bear(self._module, environment, self._adopt)
            except ConnectionError:
                log.warning("the nursery died, starting another")
                self._forget(task)
                await nursery.close()

    def _forget(self, task: "asyncio.Task[Nursery]") -> None:
        if self._nursery is task:
            self._nursery = None

    async def close(self) -> None:
        """End the nursery, and every child of it that still runs."""
        task, self._nursery = self._nursery, None
        if task is None:
            return
        task.cancel()
        with suppress(asyncio.CancelledError, TransientError):
            await (await task).close()


def command(packets: int, imports: Sequence[str]) -> list[str]:
    """That starts a nursery with this end of a socket."""
    words = ("-m", "libs.common.nursery", str(packets), str(os.getpid()))
    return [sys.executable, *words, *imports]


class Nursery:
    """One running nursery."""

    def __init__(self, process: Process, packets: socket.socket) -> None:
        self._process, self._packets = process, packets
        self._asked: dict[int, asyncio.Future[Born]] = {}
        self._ends: dict[int, asyncio.Future[int]] = {}
        self._number = 0
        self._listener: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, environment: dict[str, str], imports: Sequence[str]) -> "Nursery":
        """Start one, and wait until it has imported everything.

        Raises:
            TransientError: it ended, or took longer than three minutes.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *command(theirs.fileno(), imports),
                stdin=asyncio.subprocess.DEVNULL,
                env=environment,
                cwd=REPOSITORY,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        nursery = cls(process, ours)
        try:
            async with asyncio.timeout(READY_S):
                packet = await asyncio.get_running_loop().sock_recv(ours, PACKET_BYTES)
        except BaseException:
            await nursery.close()
            raise
        if not packet:
            await nursery.close()
            raise TransientError(
                "the process that others are copied from did not start: see the log",
                code="nursery_not_ready",
            )
        nursery.listen()
        return nursery

    def listen(self) -> None:
        """Hear who was born and who ended, from now on."""
        self._listener = asyncio.create_task(self._listen())

    async def bear(self, module: str, environment: dict[str, str], adopt: Adopt[C]) -> C:
        """A child.

        Raises:
            ConnectionError: the nursery is gone.
        """
        stdin_theirs, stdin_ours = os.pipe()
        console_ours, console_theirs = os.pipe()
        messages_ours, messages_theirs = os.pipe()
        self._number = number = self._number + 1
        order = {"id": number, "module": module, "environment": environment}
        asked: asyncio.Future[Born] = asyncio.get_running_loop().create_future()
        self._asked[number] = asked
        theirs = [stdin_theirs, console_theirs, messages_theirs]
        ours = [stdin_ours, console_ours, messages_ours]
        try:
            socket.send_fds(self._packets, [json.dumps(order).encode()], theirs)
            pid, end = await asked
        except BaseException:
            for file in ours:
                os.close(file)
            raise
        finally:
            for file in theirs:
                os.close(file)
            self._asked.pop(number, None)
        return await adopt(pid, end, *ours)

    async def close(self) -> None:
        """End it; its children die with it."""
        if self._listener:
            self._listener.cancel()
        self._packets.close()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        self._gone()

    async def _listen(self) -> None:
        """Who was born, and who ended."""
        while True:
            try:
                packet = await asyncio.get_running_loop().sock_recv(self._packets, PACKET_BYTES)
            except ConnectionError:
                packet = b""
            if not packet:
                self._gone()
                return
            told = json.loads(packet)
            if "pid" in told:
                end = self._ends[told["pid"]] = asyncio.get_running_loop().create_future()
                if (asked := self._asked.get(told["id"])) and not asked.done():
                    asked.set_result((told["pid"], end))
            elif (over := self._ends.pop(told["ended"], None)) and not over.done():
                over.set_result(told["code"])

    def _gone(self) -> None:
        """The kernel killed the children with it."""
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(ConnectionResetError("the nursery is gone"))
        for end in self._ends.values():
            if not end.done():
                end.set_result(KILLED)
        self._ends.clear()
