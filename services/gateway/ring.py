"""The newest frames of the log, shared by all sockets as the same bytes."""

import asyncio
from bisect import bisect_right
from dataclasses import dataclass

FRAMES = 20_000
BYTES = 64 * 2**20


@dataclass(frozen=True)
class Frame:
    """One event as it is sent: its envelope plus `seq`."""

    seq: int
    topic: str
    text: str


def topic_of(subject: str) -> str:
    """`training.requested.v1.<id>` of a stored subject: routing tokens are nobody's business."""
    parts = subject.split(".")
    return ".".join([*parts[1:4], parts[-1]])


def frame(seq: int, subject: str, payload: bytes) -> Frame:
    """Add the sequence to a stored envelope without parsing it again."""
    text = payload.decode().rstrip().removesuffix("}") + f',"seq":{seq}}}'
    return Frame(seq, topic_of(subject), text)


class Ring:
    """Append-only window on the log; a reader keeps its own place and is woken by `moved`."""

    def __init__(self, *, frames: int = FRAMES, size_bytes: int = BYTES) -> None:
        self.last = 0
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
        """Take one more frame and wake all readers."""
        self._frames.append(new)
        self._seqs.append(new.seq)
        self._bytes += len(new.text)
        self.last = new.seq
        if len(self._frames) > self._limit[0] or self._bytes > self._limit[1]:
            half = max(1, len(self._frames) // 2)
            self._bytes -= sum(len(old.text) for old in self._frames[:half])
            del self._frames[:half], self._seqs[:half]
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
