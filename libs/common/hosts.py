"""Hosts by name, and which of them are drained: a fold over their events, the same everywhere."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from libs.common.cloudevents import Recorded
from libs.common.events import HostDrainRequested, HostUndrainRequested


def host_id(host: str) -> str:
    """A host's name as a token of a subject: readable, and no two hosts have the same."""
    digest = hashlib.sha256(host.encode()).hexdigest()[:8]
    return f"{re.sub('[^A-Za-z0-9_-]', '-', host)[:50]}-{digest}"


@dataclass(frozen=True)
class Drain:
    """A host that takes no trainings up, since when, and what becomes of those that run there."""

    host: str
    running: Literal["hand_over", "finish"]
    since: datetime
    seq: int
    """Of the request, in the log."""


class Drains:
    """The drained hosts, by name."""

    def __init__(self) -> None:
        self.of: dict[str, Drain] = {}

    def fold(self, record: Recorded) -> None:
        """After one more event; those of other areas change nothing."""
        event = record.event
        if isinstance(event, HostDrainRequested):
            self.of[event.host] = Drain(event.host, event.running, record.time, record.seq)
        elif isinstance(event, HostUndrainRequested):
            self.of.pop(event.host, None)
