"""Waiting for the store: what must be stored is tried again for about an hour."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from libs.common.errors import Unavailable

log = logging.getLogger(__name__)

WAITS_S = (0.5, 1.0, 2.0, 5.0, 10.0, *[30.0] * 120)
T = TypeVar("T")


async def patiently(action: Callable[[], Awaitable[T]]) -> T:
    """Do it; while the store is away, wait and do it again, for about an hour.

    Raises:
        Unavailable: the store stayed away.
    """
    for wait_s in WAITS_S:
        try:
            return await action()
        except Unavailable:
            log.warning("store away, artifacts wait", extra={"wait_s": wait_s})
            await asyncio.sleep(wait_s)
    return await action()
