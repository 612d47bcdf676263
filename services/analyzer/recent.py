"""What was used last, as far as it fits: a cache bounded by bytes."""

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """Values by key; the longest unused ones go first, the newest is always kept."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[object, tuple[V, int]] = OrderedDict()
        self.size_bytes = 0

    def get(self, key: object) -> V | None:
        """The value, which is the newest now; None if it is not kept."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def put(self, key: object, value: V, size_bytes: int) -> None:
        """Keep a value, and forget what does not fit beside it."""
        _, before = self._kept.pop(key, (None, 0))
        self._kept[key] = (value, size_bytes)
        self.size_bytes += size_bytes - before
        while len(self._kept) > 1 and self.size_bytes > self._most_bytes:
            _, (_, freed) = self._kept.popitem(last=False)
            self.size_bytes -= freed
