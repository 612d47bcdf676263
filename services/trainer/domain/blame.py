"""Several processes trained together and ended: which one explains it. Pure."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass

CRASHES = frozenset({signal.SIGILL, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV})


@dataclass(frozen=True)
class End:
    """How one rank ended."""

    rank: int
    pid: int
    exit_code: int | None
    """None = it still ran, or waited for the others; negative = that signal."""
    code: str | None = None
    """Of its last word, when that was a failure; empty = an error without a name."""
    message: str = ""

    @property
    def failed(self) -> bool:
        """Whether it said so, or was killed."""
        return self.code is not None or self.exit_code not in (None, 0)


@dataclass(frozen=True)
class Blame:
    """Why the training ended."""

    code: str
    message: str
    crashed: tuple[int, ...] = ()
    """Process ids of ranks that crashed: the image that they were reading may be why."""


def blame(ends: Sequence[End], *, of: int | None = None) -> Blame:
    """The cause among what all ranks ended with: when one is gone, the others fail as well.

    Args:
        ends: of all ranks of this host, in the order of their ends; at least one has failed.
        of: ranks of all hosts; None = those are all.
    """
    of = of or len(ends)
    failed = [end for end in ends if end.failed]
    if named := next((end for end in failed if end.code), None):
        return Blame(named.code or "", f"{_who(named, of)}: {named.message}")
    killed = [end for end in failed if end.exit_code is not None and end.exit_code < 0]
    if killed:
        first = killed[0]
        name = signal.Signals(-(first.exit_code or 0)).name
        return Blame(
            "rank_lost",
            f"{_who(first, of)} was killed ({name})",
            tuple(end.pid for end in killed if -(end.exit_code or 0) in CRASHES),
        )
    first = failed[0]
    said = first.message or f"it ended with code {first.exit_code}"
    return Blame("rank_lost", f"{_who(first, of)}: {said}")


def _who(end: End, of: int) -> str:
    return f"rank {end.rank} of {of}"
