"""A training of several ranks: this process starts them, watches them, and speaks for them.

It computes nothing, and imports no torch. Each rank is a copy of it in the same process group, and
dies with it. Rank 0 obeys the commands and tells the facts; the others are silent. When one ends
before its work is done, all are ended: the next attempt goes on from the last checkpoint.
"""

import json
import os
import selectors
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from libs.common.children import die_with
from services.trainer.domain.blame import Blame, End, blame

GRACE_S = 1.0
"""For the last words of the others, once one rank has failed or rank 0 is done."""
PIPE_BYTES = 2**16
Work = Callable[[int], None]
"""What a rank does; it gets the file descriptor of its messages."""


@dataclass
class Member:
    """One rank as its parent sees it."""

    rank: int
    pid: int
    messages: int
    life: int
    """A file descriptor that can be read once the process has ended."""
    rest: bytes = b""
    exit_code: int | None = None
    last: dict[str, Any] | None = None

    def end(self) -> End:
        """How it ended, so far."""
        failed = self.last if self.last and self.last["type"] == "failed" else None
        code, message = (failed["code"], failed["message"]) if failed else (None, "")
        return End(self.rank, self.pid, self.exit_code, code, message)


def lead(ranks: int, folder: Path, messages: int, work: Work) -> None:
    """Run `work` in each of `ranks` copies of this process, to their ends.

    Args:
        ranks: at least 2.
        folder: of the attempt; the ranks find each other by a file in it.
        messages: file descriptor; whole lines of rank 0 go there, and the reason of a failure.
        work: of a rank; its environment has RANK, WORLD_SIZE and so on, as under torchrun.
    """
    meeting = folder / "ranks"
    meeting.unlink(missing_ok=True)
    members: list[Member] = []
    try:
        for rank in range(ranks):
            members.append(_start(rank, ranks, meeting, messages, work, members))
        failure = _watch(members, messages)
    finally:
        _end(members)
    if failure:
        told = {"code": failure.code, "message": failure.message, "crashed": failure.crashed}
        _write(messages, json.dumps({"type": "failed", **told}).encode() + b"\n")


def rank_environment(rank: int, ranks: int, meeting: Path) -> dict[str, str]:
    """What a rank finds in its environment, named as torchrun names it.

    gloo and NCCL know each other by the loopback interface alone: a child has no network.
    """
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(ranks),
        "LOCAL_WORLD_SIZE": str(ranks),
        "SHIRUSHI_RANKS_FILE": str(meeting),
        "GLOO_SOCKET_IFNAME": "lo",
        "NCCL_SOCKET_IFNAME": "lo",
    }


def _start(
    rank: int, ranks: int, meeting: Path, messages: int, work: Work, others: list[Member]
) -> Member:
    """One copy of this process."""
    ours, theirs = os.pipe()
    leader = os.getpid()
    pid = os.fork()
    if pid == 0:
        for file in (ours, messages, *(each.messages for each in others)):
            os.close(file)
        os.environ.update(rank_environment(rank, ranks, meeting))
        _live(leader, rank, theirs, work)
    os.close(theirs)
    os.set_blocking(ours, False)
    return Member(rank, pid, ours, os.pidfd_open(pid))


def _live(leader: int, rank: int, messages: int, work: Work) -> NoReturn:
    """The life of a rank. Those after the first hear no commands and print nothing but errors."""
    code = 1
    try:
        die_with(leader)
        if rank:
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            os.dup2(nothing, 1)
        work(messages)
        code = 0
    except BaseException:  # noqa: BLE001 - the last word of a process
        traceback.print_exc()
    finally:
        os._exit(code)


def _watch(members: list[Member], messages: int) -> Blame | None:
    """Pass on what rank 0 says until all have ended, or one has failed; then, why."""
    ended: list[Member] = []
    deadline: float | None = None
    with selectors.DefaultSelector() as selector:
        for member in members:
            selector.register(member.messages, selectors.EVENT_READ, member)
            selector.register(member.life, selectors.EVENT_READ, member)
        while len(ended) < len(members) and (deadline is None or time.monotonic() < deadline):
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            for key, _ in selector.select(wait):
                member = key.data
                if key.fd == member.life:
                    selector.unregister(member.life)
                    member.exit_code = os.waitstatus_to_exitcode(os.waitpid(member.pid, 0)[1])
                _hear(member, selector, messages)
                if member.end().failed or (member.exit_code == 0 and member.rank == 0):
                    deadline = deadline or time.monotonic() + GRACE_S
                if member.exit_code is not None and member not in ended:
                    ended.append(member)
    first = members[0]
    if first.exit_code == 0 and not first.end().failed:
        return None
    order = [*ended, *(member for member in members if member not in ended)]
    return blame([member.end() for member in order])


def _hear(member: Member, selector: selectors.BaseSelector, messages: int) -> None:
    """Read what it said: whole lines of rank 0 are passed on, but for why it failed."""
    with suppress(BlockingIOError):
        while chunk := os.read(member.messages, PIPE_BYTES):
            *lines, member.rest = (member.rest + chunk).split(b"\n")
            for line in lines:
                member.last = json.loads(line)
                if member.rank == 0 and member.last and member.last["type"] != "failed":
                    _write(messages, line + b"\n")
        with suppress(KeyError):  # the pipe is closed
            selector.unregister(member.messages)


def _write(messages: int, line: bytes) -> None:
    """All of it; the parent reads at its own pace."""
    view = memoryview(line)
    while view:
        view = view[os.write(messages, view) :]


def _end(members: list[Member]) -> None:
    """Kill those that still run; nothing of them is left."""
    for member in members:
        if member.exit_code is None:
            with suppress(ProcessLookupError):
                os.kill(member.pid, signal.SIGKILL)
    for member in members:
        if member.exit_code is None:
            os.waitpid(member.pid, 0)
        os.close(member.messages)
        os.close(member.life)
