"""HTTP/1.1 as uvicorn speaks it, with bounds in time: a caller who dribbles holds nothing open.

Headers have to be there within `HEADERS_S`; a body has to go on with `LEAST_BYTES_S` on average
over each `BODY_S`, except while we ourselves do not read. What cannot be read is a problem, too.
"""

import asyncio
import json

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_S = 10.0
BODY_S = 20.0
LEAST_BYTES_S = 256
MEDIA_TYPE = "application/problem+json"
UNREADABLE = "this is no HTTP/1.1 request, or its address and headers are larger than 64 KiB"
TOO_SLOW = "the request did not come in time: send it without pauses"


class EdgeHttp(H11Protocol):
    """One connection."""

    _timer: asyncio.TimerHandle | None = None
    _in_body = False
    _taken = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The headers have to come."""
        super().connection_made(transport)
        self._wait(HEADERS_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Look what has to come next."""
        super().data_received(data)
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            self._stop()
            return
        their = self.conn.their_state
        if their is h11.SEND_BODY:
            self._taken += len(data)
            if not self._in_body:
                self._in_body = True
                self._taken = 0
                self._wait(BODY_S)
        elif their is h11.IDLE and (self._in_body or self._timer is None):
            self._wait(HEADERS_S)  # the next request has begun
        elif their is not h11.IDLE:
            self._stop()

    def on_response_complete(self) -> None:
        """Between requests uvicorn's own limit on idle connections counts."""
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            self._stop()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - ours says more
        """Say what a request looks like."""
        self._refuse(400, "Bad request", UNREADABLE)

    def _wait(self, seconds: float) -> None:
        self._stop(in_body=self._in_body and seconds == BODY_S)
        self._timer = self.loop.call_later(seconds, self._late)

    def _stop(self, *, in_body: bool = False) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer, self._in_body = None, in_body

    def _late(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        reading = not self.flow.read_paused
        if self._in_body and (self._taken >= LEAST_BYTES_S * BODY_S or not reading):
            self._taken = 0
            self._wait(BODY_S)
            return
        if self._in_body and self.cycle and self.cycle.response_started:
            self.transport.close()  # it was answered before all of it had come
            return
        self._refuse(408, "Too slow", TOO_SLOW)

    def _refuse(self, status: int, title: str, detail: str) -> None:
        """Answer past h11, whose state may be beyond an answer, and hang up."""
        problem = {"type": f"urn:shirushi:problem:{status}", "title": title, "status": status}
        body = json.dumps(problem | {"detail": detail}).encode()
        head = [
            f"HTTP/1.1 {status} {title}",
            f"Content-Type: {MEDIA_TYPE}",
            f"Content-Length: {len(body)}",
            *("X-Content-Type-Options: nosniff", "Connection: close"),
        ]
        self.transport.write("\r\n".join([*head, "", ""]).encode() + body)
        self.transport.close()
