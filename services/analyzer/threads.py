"""Long arithmetic off the event loop: it shows how far it is, and stops when its job is stopped."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from libs.common.work import Attempt

T = TypeVar("T")
Tell = Callable[[int, int], None]


class StoppedError(Exception):
    """The job was stopped; nobody waits for the result."""


async def in_thread(attempt: Attempt, stage: str, work: Callable[[Tell], T]) -> T:
    """Run `work` in a thread.

    Args:
        attempt: told how far it is.
        stage: what it does, for people.
        work: given a function to be called now and then with steps done and steps in all.
    """
    loop, stopped = asyncio.get_running_loop(), threading.Event()

    def tell(done: int, of: int) -> None:
        if stopped.is_set():
            raise StoppedError
        asyncio.run_coroutine_threadsafe(attempt.progress(done=done, of=of, stage=stage), loop)

    try:
        return await asyncio.to_thread(work, tell)
    finally:
        stopped.set()
