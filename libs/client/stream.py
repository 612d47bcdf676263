"""The live stream as an endless iterator: reconnects from the last sequence it has seen."""

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from libs.client.address import credentials, goes_around_proxy
from libs.client.errors import ApiError, Unreachable
from libs.client.retry import back_off
from libs.common.cloudevents import Recorded, decode

_SILENCE_S = 45.0  # the gateway's heartbeat comes every 15 s: three missed ones mean a dead line
_FRAME_BYTES = 1 << 20
_REFUSED_CODES = frozenset(
    {1002, 1003, 1007, 1008, 1009, 1010, 4401}
)  # RFC 6455: what we sent is at fault; 4401: the token has ended
_FIRST_PATIENCE_S = 5.0  # as long as it never answered, the address is probably wrong
_STEADY_S = 1.0  # a line that held this long makes the next failure the first one again


@dataclass(frozen=True, slots=True)
class Frame:
    """One event (`seq` is its place in the log) or one telemetry reading (`seq` is None)."""

    type: str
    subject: str
    data: dict[str, Any] = field(default_factory=dict)
    seq: int | None = None
    time: str | None = None
    raw: bytes = b""

    def recorded(self) -> Recorded | None:
        """The event inside, typed. None for telemetry and for kinds this release does not know."""
        return None if self.seq is None else decode(self.raw, seq=self.seq)


def parse_frame(text: str | bytes) -> Frame | None:
    """The frame of one message, or None for a heartbeat and for kinds that later versions add."""
    message = json.loads(text)
    if not isinstance(message, dict) or not {"type", "subject", "data"} <= message.keys():
        return None
    return Frame(
        type=str(message["type"]),
        subject=str(message["subject"]),
        data=message["data"] or {},
        seq=message.get("seq"),
        time=message.get("time"),
        raw=text.encode() if isinstance(text, str) else text,
    )


def socket_url(api_url: str, after: int, topics: Sequence[str]) -> str:
    """`http(s)://host/api/v1/ml` to the address of its live socket."""
    query = urlencode({"after": after} | ({"topics": ",".join(topics)} if topics else {}))
    return f"ws{api_url.removeprefix('http')}/ws?{query}"


def follow(
    api_url: str,
    after: int = 0,
    topics: Sequence[str] = (),
    *,
    patience_s: float = 60.0,
    token: str | None = None,
) -> Iterator[Frame]:
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
    last, shown = after, credentials(api_url, token)
    delays = back_off(min(patience_s, _FIRST_PATIENCE_S))
    began = math.inf
    while True:
        try:
            with _open(socket_url(api_url, last, topics), shown) as socket:
                began = time.monotonic()
                for frame in _frames(socket):
                    if frame.seq is not None:
                        if frame.seq <= last:
                            continue
                        last = frame.seq
                    yield frame
        except (OSError, InvalidHandshake, ConnectionClosed) as error:
            _raise_if_refused(error)
            cause = error
        if time.monotonic() - began > _STEADY_S:
            delays, began = back_off(patience_s), math.inf
        delay_s = next(delays, None)
        if delay_s is None:
            raise Unreachable(api_url, str(cause) or type(cause).__name__) from cause
        time.sleep(delay_s)


def _open(url: str, headers: dict[str, str]) -> ClientConnection:
    return connect(
        url,
        additional_headers=headers,
        open_timeout=10,
        close_timeout=1,
        max_size=_FRAME_BYTES,
        proxy=None if goes_around_proxy(url) else True,
    )


def _frames(socket: ClientConnection) -> Iterator[Frame]:
    while True:
        frame = parse_frame(socket.recv(timeout=_SILENCE_S))
        if frame is not None:
            yield frame


def _raise_if_refused(error: Exception) -> None:
    """A 4xx or a close for what we sent is an answer, not an outage."""
    if isinstance(error, InvalidStatus) and 400 <= error.response.status_code < 500:
        detail = f"the live socket was refused with HTTP {error.response.status_code}"
        raise ApiError(error.response.status_code, detail, []) from error
    if isinstance(error, ConnectionClosed) and error.rcvd and error.rcvd.code in _REFUSED_CODES:
        detail = f"the live socket was closed: {error.rcvd.reason or error.rcvd.code}"
        raise ApiError(400, detail, []) from error
