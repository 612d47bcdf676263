"""The gate in front of a worker: whether it takes jobs up, and which attempts are behind it."""

import asyncio

from libs.common.attempts import Attempt, Leaving


class Gate:
    """Whether a worker may take jobs up, and the attempts that are under way behind it."""

    def __init__(self) -> None:
        self.opened, self.empty = asyncio.Event(), asyncio.Event()
        self.opened.set()
        self.empty.set()
        self.inside: dict[str, Attempt] = {}

    def open(self) -> None:
        """Jobs may be taken up."""
        self.opened.set()

    def close(self, why: Leaving | None) -> None:
        """No more jobs; those that are under way are asked to leave, if there is a reason."""
        self.opened.clear()
        if why:
            for attempt in self.inside.values():
                attempt.leave(why)

    def enter(self, attempt: Attempt) -> None:
        """A job was taken up."""
        self.inside[attempt.job.id] = attempt
        self.empty.clear()

    def leave(self, attempt: Attempt) -> None:
        """It ended, or was handed back."""
        del self.inside[attempt.job.id]
        if not self.inside:
            self.empty.set()
