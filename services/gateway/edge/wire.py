"""A WebSocket that takes whole frames as bytes: one event is encoded once, for all who read it.

See docs/decisions/0055.
"""

from typing import Any, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION = "shirushi.wire"


def text_frame(payload: bytes) -> bytes:
    """An unmasked text frame, whole (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x81%c" % size + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def payload_of(frame: bytes) -> bytes:
    """What `text_frame` was made from."""
    return frame[{126: 4, 127: 10}.get(frame[1], 2) :]


class Wire(Protocol):
    """Takes frames that are encoded already."""

    def put(self, frame: bytes) -> bool:
        """Send it; whether the other side has taken so much that it may be sent more."""

    async def ready(self) -> bool:
        """Wait until it may be sent more; False when it is gone."""

    @property
    def full(self) -> bool:
        """Whether it has to read first."""


class EdgeSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, which the app also finds as a `Wire` in its scope."""

    def handle_connect(self, event: Request) -> None:
        """As uvicorn; its task starts after this."""
        super().handle_connect(event)
        if not self.handshake_complete:
            extensions = cast("dict[str, Any]", self.scope["extensions"])
            extensions[EXTENSION] = self

    def send_receive_event_to_app(self) -> None:
        """As uvicorn, but text that is no UTF-8 closes the socket without a trace in the log."""
        try:
            if self.curr_msg_data_type == "text":
                b"".join(self.frames).decode()
        except UnicodeDecodeError:
            self.frames = []
            self.conn.send_close(1007, "send UTF-8")
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    def put(self, frame: bytes) -> bool:
        """Send it; whether the other side has taken so much that it may be sent more."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frame)
        return self.writable.is_set()

    async def ready(self) -> bool:
        """Wait until it may be sent more; False when it is gone."""
        await self.writable.wait()
        return not (self.disconnected or self.close_sent)

    @property
    def full(self) -> bool:
        """Whether it has to read first."""
        return not self.writable.is_set()
