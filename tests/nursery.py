"""One nursery for all tests of a session: importing torch takes longer than most of them."""

import asyncio
import json
import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil

from libs.common.stock import PACKET_BYTES, REPOSITORY, Nursery, command
from libs.common.stock import Stock as AnyStock
from services.analyzer import child as judging
from services.trainer.child import Child
from services.trainer.domain.levers import LEVERS
from services.trainer.stock import ENTRY, IMPORTS, Stock, training_environment

C = TypeVar("C")


@contextmanager
def shared_nursery(home: Path) -> Iterator[socket.socket]:
    """The real process that trainings are copied from, and our end of its socket."""
    with _running(training_environment(home, LEVERS), IMPORTS) as packets:
        yield packets


@contextmanager
def shared_judges(home: Path) -> Iterator[socket.socket]:
    """The real process that judgements are copied from, and our end of its socket."""
    with _running(judging.judging_environment(home), judging.IMPORTS) as packets:
        yield packets


def judging_processes() -> list[psutil.Process]:
    """Those of this test process, shared nursery or not, that judge or wait for an order."""
    return [
        child
        for each in psutil.Process().children()
        if each.cmdline()[-1:] == [judging.IMPORTS[-1]]
        for child in each.children()
    ]


@contextmanager
def _running(environment: dict[str, str], imports: Sequence[str]) -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        command(theirs.fileno(), imports),
        env=environment,
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


class _Attached(AnyStock[C]):
    """The service's stock, on a nursery that is there already."""

    _packets: socket.socket

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


class SharedStock(_Attached[Child], Stock):
    """Of trainings."""

    def __init__(self, packets: socket.socket, module: str = ENTRY) -> None:
        super().__init__({}, module)
        self._packets = packets

    async def told_by(self, script: str, *paths: Path | str) -> str:
        """The last line that a short torch program prints, "" if none; in a child of its own."""
        self.refill()
        assert self._nursery is not None
        nursery = await asyncio.shield(self._nursery)
        child = await nursery.bear("tests.faults.script", {}, Child.adopt)
        order = {"script": script, "paths": [str(path) for path in paths]}
        try:
            said = [each async for each in child.messages(order, console=Path(os.devnull))]
        finally:
            await child.end()
        assert said, list(child.console)
        return str(said[-1]["printed"]).strip().rpartition("\n")[2]


class SharedJudges(_Attached[judging.Child], judging.Stock):
    """Of judgements."""

    def __init__(self, packets: socket.socket) -> None:
        super().__init__({})
        self._packets = packets
