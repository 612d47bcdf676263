"""What the parent and a training process say to each other, without torch."""

from dataclasses import dataclass, field
from enum import IntEnum
from threading import Event
from typing import Any, Protocol

SAID_S = 0.25
"""Between two messages about batches, at least."""


class Say(Protocol):
    """Sends one message to the parent."""

    def __call__(self, type_: str, **fields: Any) -> None:
        """`type_` names the message, `fields` are JSON values."""


class Paused(BaseException):
    """The training left its place, and can go on from its checkpoint; not an error."""


@dataclass
class Wishes:
    """What the parent wants of a running training."""

    finish: Event = field(default_factory=Event)
    pause: Event = field(default_factory=Event)


class Word(IntEnum):
    """What all ranks do after a batch."""

    GO_ON = 0
    SAVE = 1
    PAUSE = 2
    FINISH = 3
