"""The processes that look at files: shared by all scans, renewed when a file kills one of them."""

import asyncio
import ctypes
import gc
import logging
import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Hashable
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import suppress
from functools import lru_cache
from types import TracebackType
from typing import Any, Self, TypeVar

from threadpoolctl import threadpool_limits

from services.dataset.domain.paths import Paths
from services.dataset.look import look_at
from services.dataset.part import Chunk, Orders, Part, Stamps, deadly, joined
from services.dataset.standing import Mask, standing

Given = TypeVar("Given")
Told = TypeVar("Told")

log = logging.getLogger(__name__)

MAX_WORKERS = 2
MOST_REMEMBERED = 50_000
_PR_SET_PDEATHSIG = 1


class Workers:
    """Processes that outlive neither this context nor, on Linux, a killed parent."""

    def __init__(self, processes: int | None = None) -> None:
        self.processes = processes or min(os.cpu_count() or 1, MAX_WORKERS)
        self._pool: Executor | None = None
        self._quarantine = asyncio.Lock()
        self._limits: threadpool_limits | None = None
        self.remembered: dict[Hashable, Any] = {}
        """Answers by the content that they are about, for later checks of the same files."""

    async def __aenter__(self) -> Self:
        """Start the processes at once: the first check shall not wait for their imports.

        Until the end of the context, products of matrices use one thread: what helps them waits
        busily after each, which costs more than a check's few products take.
        """
        self._limits = threadpool_limits(1, user_api="blas")  # type: ignore[no-untyped-call]
        self._pool = get_executor(self.processes)
        for _ in range(self.processes):
            self._pool.submit(_be_ready)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._limits:
            self._limits.restore_original_limits()  # type: ignore[no-untyped-call]
        if self._pool:
            await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    def remember(self, key: Hashable, answer: Any) -> None:
        """Keep an answer that depends on content alone; the oldest of very many goes."""
        if len(self.remembered) >= MOST_REMEMBERED:
            self.remembered.pop(next(iter(self.remembered)))
        self.remembered[key] = answer

    async def run(self, work: Callable[[Given], Told], given: Given) -> Told:
        """Do a piece of work in one of the processes.

        Raises:
            BrokenExecutor: the work killed its process.
        """
        pool = self._pool = self._pool or get_executor(self.processes)
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, work, given)
        except BrokenExecutor:
            if self._pool is pool:
                self._pool = None
            raise

    async def standing(
        self, root: str, images: Paths, labels: Paths | None, stamps: Stamps, orders: Orders
    ) -> tuple[Mask, Mask]:
        """Which images, and which labels, are still those that are known; opens none of them."""
        return await asyncio.to_thread(
            standing, root, images, labels, stamps, with_images=orders.images
        )

    async def look(self, chunk: Chunk, orders: Orders) -> Part:
        """Look at a chunk. A file that kills the process that opens it becomes a finding."""
        pool = self._pool = self._pool or get_executor(self.processes)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(pool, _look, chunk, _packed(orders))
        except BrokenExecutor:
            log.warning("a file killed a scan process", extra={"images": len(chunk.images)})
            if self._pool is pool:
                self._pool = None
            async with self._quarantine:
                return await asyncio.to_thread(_look_one_by_one, chunk, orders)


def _look_one_by_one(chunk: Chunk, orders: Orders) -> Part:
    """Look at each item in a process that may die of it."""
    parts: list[Part] = []
    pool = get_executor(1)
    try:
        for image in chunk.images:
            try:
                parts.append(pool.submit(look_at, Chunk((image,)), orders).result())
            except BrokenExecutor:
                parts.append(deadly(orders))
                pool = get_executor(1)
    finally:
        pool.shutdown()
    return joined(parts)


def get_executor(processes: int) -> Executor:
    """What looks at chunks: processes of this machine, which a poison image may end.

    Anything else that is a `concurrent.futures.Executor`, on hosts that see the same files, serves
    as well: a chunk, its orders and its part are plain values that can be pickled.
    """
    return ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),  # threads of the store client run here
        initializer=_die_with_parent,
    )


@lru_cache(maxsize=8)
def _packed(orders: Orders) -> bytes:
    """Orders are the same for thousands of chunks: packed once, and unpacked once per process."""
    return pickle.dumps(orders)


@lru_cache(maxsize=8)
def _unpacked(orders: bytes) -> Orders:
    unpacked: Orders = pickle.loads(orders)  # noqa: S301 -- from our own parent process
    return unpacked


def _look(chunk: Chunk, orders: bytes) -> Part:
    return look_at(chunk, _unpacked(orders))


def _be_ready() -> None:
    """Importing this module has brought in all that a scan needs: it stays, and is no garbage."""
    threadpool_limits(1, user_api="blas")  # type: ignore[no-untyped-call]
    gc.freeze()
    gc.set_threshold(100_000)  # of a scan's small objects, hardly any refers to another


def _die_with_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    with suppress(OSError, AttributeError):  # not Linux: the pool's own pipe has to do
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent and parent.pid != os.getppid():  # it died before we could ask to be told
        os._exit(1)
