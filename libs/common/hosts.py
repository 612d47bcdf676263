"""Hosts by name, and which of them are drained: a fold over their events, the same everywhere."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from libs.common.cloudevents import Recorded
from libs.common.events import HostDrained, HostDrainRequested, HostUndrainRequested


@dataclass(frozen=True)
class Drain:
    """A host that takes no trainings up, since when, and what becomes of those that run there."""

    host: str
    running: Literal["hand_over", "finish"]
    since: datetime
    seq: int
    """Of the request that began it, in the log."""
    empty: frozenset[str] = frozenset()
    """Its trainers of which nothing runs any more."""


class Drains:
    """The drained hosts, by name."""

    def __init__(self) -> None:
        self.of: dict[str, Drain] = {}

    def fold(self, record: Recorded) -> None:
        """After one more event; those of other areas change nothing."""
        event = record.event
        if isinstance(event, HostDrainRequested):
            new = Drain(event.host, event.running, record.time, record.seq)
            self.of[event.host] = replace(self.of.get(event.host, new), running=event.running)
        elif isinstance(event, HostDrained) and (drain := self.of.get(event.host)):
            if event.request_seq >= drain.seq:  # not one that was told before it was taken back
                self.of[event.host] = replace(drain, empty=drain.empty | {event.worker})
        elif isinstance(event, HostUndrainRequested):
            self.of.pop(event.host, None)
