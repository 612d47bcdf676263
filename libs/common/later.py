"""Events of one kind that are read when somebody looks: a fold that was kept starts at once."""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload

import orjson

from libs.common.events import Event

E = TypeVar("E", bound=Event)


class Later(Sequence[E], Generic[E]):
    """As the tuple of its events.

    Args:
        kind: of all of them.
        raw: their fields, a JSON array.
        count: how many these are.
    """

    __slots__ = ("_count", "_events", "_kind", "raw")

    def __init__(self, kind: type[E], raw: bytes, count: int) -> None:
        self._kind, self.raw, self._count = kind, raw, count
        self._events: tuple[E, ...] | None = None

    def _read(self) -> tuple[E, ...]:
        if self._events is None:
            self._events = tuple(map(self._kind.model_validate, orjson.loads(self.raw)))
        return self._events

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> E: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[E, ...]: ...
    def __getitem__(self, index: int | slice) -> E | tuple[E, ...]:
        return self._read()[index]

    def __iter__(self) -> Iterator[E]:
        return iter(self._read())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Later | tuple) and self._read() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._read())
