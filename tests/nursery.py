"""One nursery for all tests of a session: importing torch takes longer than most of them."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.trainer.domain.levers import LEVERS
from services.trainer.stock import (
    ENTRY,
    PACKET_BYTES,
    REPOSITORY,
    Nursery,
    Stock,
    training_environment,
)


@contextmanager
def shared_nursery(home: Path) -> Iterator[socket.socket]:
    """The real process, and our end of its socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    words = ("-m", "services.trainer.nursery", str(theirs.fileno()), str(os.getpid()))
    process = subprocess.Popen(
        [sys.executable, *words],
        env=training_environment(home, LEVERS),
        cwd=REPOSITORY,
        pass_fds=(theirs.fileno(),),
        start_new_session=True,
    )
    theirs.close()
    try:
        ours.settimeout(120)
        assert json.loads(ours.recv(PACKET_BYTES))["ready"]
        ours.setblocking(False)
        yield ours
    finally:
        process.kill()
        process.wait()
        ours.close()


class SharedNursery(Nursery):
    """A handle for one test: the process outlives it."""

    def __init__(self, packets: socket.socket) -> None:
        self._packets = packets
        self._asked, self._ends, self._number = {}, {}, 0

    async def close(self) -> None:
        assert self._listener is not None
        self._listener.cancel()
        await asyncio.gather(self._listener, return_exceptions=True)
        self._gone()


class SharedStock(Stock):
    """The service's stock, on a nursery that is there already."""

    def __init__(self, packets: socket.socket, module: str = ENTRY) -> None:
        super().__init__({}, module)
        self._packets = packets

    def refill(self) -> None:
        if self._nursery is None:
            self._nursery = asyncio.create_task(self._attach())

    async def _attach(self) -> Nursery:
        nursery = SharedNursery(self._packets)
        nursery.listen()
        return nursery

    async def close(self) -> None:
        if self._nursery is not None:
            await (await self._nursery).close()
            self._nursery = None
