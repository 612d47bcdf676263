"""A training of several ranks: this process starts them, watches them, and speaks for them.

It computes nothing, and imports no torch. Each rank is a copy of it in the same process group, and
dies with it. Rank 0 obeys the commands and tells the facts; the others are silent. When one ends
before its work is done, all are ended: the next attempt goes on from the last checkpoint.
"""

import json
import os
import selectors
import signal
import socket
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import psutil

from libs.common.children import die_with
from services.trainer.domain.blame import Blame, End, blame

GRACE_S = 1.0
"""For the last words of the others, once one rank has failed or rank 0 is done."""
MEET_SAY_S = 2.0
"""How often we say that we wait for other hosts."""
PIPE_BYTES = 2**16
Work = Callable[[int], None]
"""What a rank does; it gets the file descriptor of its messages."""


@dataclass
class Hosts:
    """Which ranks are ours, and where all of them meet."""

    local: int
    """Ranks of this host; as many on each other one."""
    count: int
    node: int
    endpoint: str | None
    folder: Path
    """Of the attempt: the ranks of a single host find each other by a file in it."""
    meet_s: float
    """How long hosts may take to find each other."""

    @classmethod
    def of(cls, order: dict[str, Any]) -> "Hosts":
        """As the order says."""
        folder = Path(order["run_dir"]).parent
        where = (order["ranks"], order["nodes"], order["node"], order["endpoint"])
        return cls(*where, folder, order["meet_s"])

    @property
    def ranks(self) -> int:
        """Of all hosts."""
        return self.local * self.count

    def environment(self, local: int) -> dict[str, str]:
        """What a rank finds in its environment, named as torchrun names it.

        gloo and NCCL take the interface that leads to the others; on one host that is the loopback.
        """
        told = {
            "RANK": str(self.node * self.local + local),
            "LOCAL_RANK": str(local),
            "WORLD_SIZE": str(self.ranks),
            "LOCAL_WORLD_SIZE": str(self.local),
        }
        interface = "lo"
        if self.endpoint:
            address, port = self.endpoint.rsplit(":", 1)
            interface = interface_to(address)
            told |= {"MASTER_ADDR": address, "MASTER_PORT": port}
        else:
            told["SHIRUSHI_RANKS_FILE"] = str(self.folder / "ranks")
        return told | {"GLOO_SOCKET_IFNAME": interface, "NCCL_SOCKET_IFNAME": interface}


def interface_to(address: str) -> str:
    """The network interface whose address others at `address` see; the loopback if none is."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect((address, 9))  # sends nothing
        ours = asked.getsockname()[0]
        for name, addresses in psutil.net_if_addrs().items():
            if any(each.address == ours for each in addresses):
                return name
    return "lo"


@dataclass
class Member:
    """One rank as its parent sees it."""

    local: int
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


def lead(hosts: Hosts, messages: int, work: Work) -> None:
    """Run `work` in a copy of this process for each rank of this host, to their ends.

    Args:
        hosts: of the training.
        messages: file descriptor; whole lines of rank 0 go there, and the reason of a failure.
        work: of a rank; its environment has RANK, WORLD_SIZE and so on, as under torchrun.
    """
    (hosts.folder / "ranks").unlink(missing_ok=True)
    members: list[Member] = []
    try:
        for local in range(hosts.local):
            members.append(_start(local, hosts, messages, work, members))
        failure = _watch(members, hosts, messages)
    finally:
        _end(members)
    if failure:
        told = {"code": failure.code, "message": failure.message, "crashed": failure.crashed}
        _say(messages, "failed", **told)


def _start(local: int, hosts: Hosts, messages: int, work: Work, others: list[Member]) -> Member:
    """One copy of this process."""
    ours, theirs = os.pipe()
    leader = os.getpid()
    pid = os.fork()
    if pid == 0:
        for file in (ours, messages, *(each.messages for each in others)):
            os.close(file)
        os.environ.update(hosts.environment(local))
        _live(leader, local, theirs, work)
    os.close(theirs)
    os.set_blocking(ours, False)
    rank = hosts.node * hosts.local + local
    return Member(local, rank, pid, ours, os.pidfd_open(pid))


def _live(leader: int, local: int, messages: int, work: Work) -> NoReturn:
    """The life of a rank. Those after the first hear no commands and print nothing but errors."""
    code = 1
    try:
        die_with(leader)
        if local:
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            os.dup2(nothing, 1)
        work(messages)
        code = 0
    except BaseException:  # noqa: BLE001 - the last word of a process
        traceback.print_exc()
    finally:
        os._exit(code)


def _watch(members: list[Member], hosts: Hosts, messages: int) -> Blame | None:
    """Pass on what rank 0 says until all have ended, or one has failed; then, why."""
    ended: list[Member] = []
    deadline: float | None = None
    meeting_ends = time.monotonic() + hosts.meet_s if hosts.count > 1 else None
    with selectors.DefaultSelector() as selector:
        for member in members:
            selector.register(member.messages, selectors.EVENT_READ, member)
            selector.register(member.life, selectors.EVENT_READ, member)
        while len(ended) < len(members) and (deadline is None or time.monotonic() < deadline):
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            if meeting_ends and members[0].last:
                meeting_ends = None
            if meeting_ends and deadline is None:
                if time.monotonic() > meeting_ends:
                    return _missing(hosts)
                _say(messages, "meeting", hosts=hosts.count, endpoint=hosts.endpoint)
                wait = MEET_SAY_S
            for key, _ in selector.select(wait):
                member = key.data
                if key.fd == member.life:
                    selector.unregister(member.life)
                    member.exit_code = os.waitstatus_to_exitcode(os.waitpid(member.pid, 0)[1])
                _hear(member, selector, messages)
                if member.end().failed or (member.exit_code == 0 and member.local == 0):
                    deadline = deadline or time.monotonic() + GRACE_S
                if member.exit_code is not None and member not in ended:
                    ended.append(member)
    first = members[0]
    if first.exit_code == 0 and not first.end().failed:
        return None
    order = [*ended, *(member for member in members if member not in ended)]
    return blame([member.end() for member in order], of=hosts.ranks)


def _missing(hosts: Hosts) -> Blame:
    """Somebody did not come."""
    return Blame(
        "hosts_missing",
        f"{hosts.count} hosts were to meet at {hosts.endpoint} within {hosts.meet_s:g} s, and some "
        "did not: start `python -m services.trainer.join TRAINING_ID --node N` on each other one",
    )


def _hear(member: Member, selector: selectors.BaseSelector, messages: int) -> None:
    """Read what it said: whole lines of rank 0 are passed on, but for why it failed."""
    with suppress(BlockingIOError):
        while chunk := os.read(member.messages, PIPE_BYTES):
            *lines, member.rest = (member.rest + chunk).split(b"\n")
            for line in lines:
                member.last = json.loads(line)
                if member.local == 0 and member.last and member.last["type"] != "failed":
                    _write(messages, line + b"\n")
        with suppress(KeyError):  # the pipe is closed
            selector.unregister(member.messages)


def _say(messages: int, type_: str, **fields: Any) -> None:
    """One line of the leader's own."""
    _write(messages, json.dumps({"type": type_, **fields}).encode() + b"\n")


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
