"""The live stream as an endless iterator: reconnects from the last sequence it has seen.

Made from `libs/client/stream.py` by `python -m tests.contract.async_client`.
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Sequence

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from libs.client.address import credentials, goes_around_proxy
from libs.client.errors import Unreachable
from libs.client.retry import back_off
from libs.client.stream import (
    _FIRST_PATIENCE_S,
    _FRAME_BYTES,
    _STEADY_S,
    Frame,
    _raise_if_refused,
    parse_frame,
    socket_url,
)


async def follow(
    api_url: str,
    after: int = 0,
    topics: Sequence[str] = (),
    *,
    patience_s: float = 60.0,
    token: str | None = None,
) -> AsyncGenerator[Frame, None]:
    """Every event past `after`, then the live ones: no gap and no double over reconnects.

    Args:
        api_url: base address, e.g. http://localhost:8000/api/v1/ml.
        after: last sequence already seen; 0 starts at the first event.
        topics: NATS-like patterns over the kinds, e.g. `training.>`; none means every event.
        patience_s: how long nobody may answer before this gives up.
        token: shown to the gateway.

    Raises:
        Unreachable: nobody answered for `patience_s`.
        ApiError: the gateway refused the subscription.
    """
    last, shown = (after, credentials(api_url, token))
    delays = back_off(min(patience_s, _FIRST_PATIENCE_S))
    began = math.inf
    while True:
        try:
            async with _open(socket_url(api_url, last, topics), shown) as socket:
                began = time.monotonic()
                async for frame in _frames(socket):
                    if frame.seq is not None:
                        if frame.seq <= last:
                            continue
                        last = frame.seq
                    yield frame
        except (OSError, InvalidHandshake, ConnectionClosed) as error:
            _raise_if_refused(error)
            cause = error
        if time.monotonic() - began > _STEADY_S:
            delays, began = (back_off(patience_s), math.inf)
        delay_s = next(delays, None)
        if delay_s is None:
            raise Unreachable(api_url, str(cause) or type(cause).__name__) from cause
        await asyncio.sleep(delay_s)


def _open(url: str, headers: dict[str, str]) -> connect:
    return connect(
        url,
        additional_headers=headers,
        open_timeout=10,
        close_timeout=1,
        max_size=_FRAME_BYTES,
        proxy=None if goes_around_proxy(url) else True,
    )


async def _frames(socket: ClientConnection) -> AsyncGenerator[Frame, None]:
    while True:
        frame = parse_frame(await socket.recv())
        if frame is not None:
            yield frame
