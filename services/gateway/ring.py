"""The newest frames of the log, shared by all sockets as the same bytes."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from services.gateway.edge.wire import payload_of, text_frame

FRAMES = 20_000
BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Frame:
    """One event as it is sent: its envelope plus `seq`, in a WebSocket frame."""

    seq: int
    topic: str
    wire: bytes

    @property
    def text(self) -> str:
        """Without the frame around it."""
        return payload_of(self.wire).decode()


def topic_of(subject: str) -> str:
    """`training.requested.v1.<id>` of a stored subject: routing tokens are nobody's business."""
    parts = subject.split(".")
    return ".".join([*parts[1:4], parts[-1]])


def frame(seq: int, subject: str, payload: bytes) -> Frame:
    """Add the sequence to a stored envelope without parsing it again."""
    told = payload.strip().removesuffix(b"}") + b',"seq":%d}' % seq
    return Frame(seq, topic_of(subject), text_frame(told))


class Ring:
    """Append-only window on the log; a reader keeps its own place and is woken by `moved`."""

    def __init__(self, *, frames: int = FRAMES, size_bytes: int = BYTES) -> None:
        self.last = 0
        self.tell: Callable[[Frame], None] = lambda _: None
        self._limit = (frames, size_bytes)
        self._frames: list[Frame] = []
        self._seqs: list[int] = []
        self._bytes = 0
        self._moved = asyncio.Event()

    @property
    def first(self) -> int:
        """The oldest sequence still held; past `last` when empty."""
        return self._seqs[0] if self._seqs else self.last + 1

    def append(self, new: Frame) -> None:
        """Take one more frame, hand it to `tell`, and wake all who wait."""
        self._frames.append(new)
        self._seqs.append(new.seq)
        self._bytes += len(new.wire)
        self.last = new.seq
        if len(self._frames) > self._limit[0] or self._bytes > self._limit[1]:
            half = max(1, len(self._frames) // 2)
            self._bytes -= sum(len(old.wire) for old in self._frames[:half])
            del self._frames[:half], self._seqs[:half]
        self.tell(new)
        self._wake()

    def skip(self, seq: int) -> None:
        """Pass a sequence that nobody can be shown."""
        self.last = seq
        self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    def after(self, seq: int, limit: int = 500) -> list[Frame]:
        """Held frames past `seq`, the oldest first."""
        start = bisect_right(self._seqs, seq)
        return self._frames[start : start + limit]

    async def moved(self) -> None:
        """Wait for the next append."""
        await self._moved.wait()
