"""A process without a network: in a namespace of its own, or held back by the kernel's filter.

Called in a child that will read files from outside, before it has a second thread. A namespace
(Linux `network_namespaces(7)`) has nothing but a loopback of its own, which the ranks of one
training share by being forked from it. Containers often forbid that; a filter (`seccomp(2)`) then
refuses every socket but those to processes of this machine.
"""

import ctypes
import fcntl
import os
import platform
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

from libs.common.errors import PermanentError

SETTING = "SHIRUSHI_CHILD_NETWORK"
State = Literal["namespace", "filter", "host"]
"""How the network of a process is cut; `host` = it is not."""
PROBE_S = 20.0

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1, 4
"""The flag keeps the processor's speculation as it is: the filter costs no speed."""
REFUSE, KILL, ALLOW = 0x00050000 | 1, 0x80000000, 0x7FFF0000
"""What the filter answers: EPERM; the end of the process; nothing."""
ARCHITECTURES = {"x86_64": (0xC000003E, 41, 317), "aarch64": (0xC00000B7, 198, 277)}
"""By machine: its audit number, and the numbers of socket(2) and seccomp(2)."""
IO_URING_SETUP = 425
LOCAL_FAMILIES = (socket.AF_UNIX, 16)
"""Sockets that reach no network: AF_UNIX, AF_NETLINK."""
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06


def leave_network(*, loopback: bool = False) -> State:
    """Cut this process and all it will start off the network, as the setting says.

    `SHIRUSHI_CHILD_NETWORK`: `none` (default) cuts it where the kernel allows; `strict` goes no
    further where it cannot be cut; `host` leaves it.

    Args:
        loopback: it is to talk to its own processes over 127.0.0.1: a filter would forbid that.

    Raises:
        PermanentError: `network_not_cut`, under `strict`.
    """
    wish = os.environ.get(SETTING, "none")
    if wish == "host":
        return "host"
    with suppress(OSError):
        enter_namespace()
        return "namespace"
    if not loopback:
        with suppress(OSError):
            refuse_sockets()
            return "filter"
    if wish == "strict":
        raise PermanentError(
            "the network of this process cannot be cut here: allow user namespaces, or set "
            f"{SETTING}=none",
            code="network_not_cut",
        )
    return "host"


def probe() -> State | None:
    """What `leave_network` does on this machine, tried in a process; None = it failed."""
    command = [sys.executable, "-m", "libs.common.isolation"]
    root = Path(__file__).resolve().parents[2]
    try:
        out = subprocess.run(command, capture_output=True, cwd=root, timeout=PROBE_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    told = out.stdout.decode().strip()
    return told if told in ("namespace", "filter", "host") else None  # type: ignore[return-value]


def enter_namespace() -> None:
    """Move this process to a network namespace of its own, with its loopback up.

    Raises:
        OSError: the kernel does not allow it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNET) == 0:
        _raise_loopback()
        return
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    itself = Path("/proc/self")
    with suppress(FileNotFoundError):
        (itself / "setgroups").write_text("deny")
    (itself / "uid_map").write_text(f"{user} {user} 1")  # who it was, it stays
    (itself / "gid_map").write_text(f"{group} {group} 1")
    _raise_loopback()


def _raise_loopback() -> None:
    """127.0.0.1 answers; the request goes through a socket of another family on purpose."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asked:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(asked, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(asked, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def refuse_sockets(answer: int = REFUSE) -> None:
    """From here on, no socket of this process reaches a network; it cannot be undone.

    Args:
        answer: `REFUSE` = the call fails with EPERM; `KILL` = the process ends with SIGSYS.

    Raises:
        OSError: the kernel does not allow it, or the machine is of another kind.
    """
    if platform.machine() not in ARCHITECTURES:
        raise OSError(f"no filter for {platform.machine()}")
    audit, socket_call, seccomp_call = ARCHITECTURES[platform.machine()]
    program = _program(audit, socket_call, answer)
    buffer = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    options = (SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, head)
    if libc.syscall(seccomp_call, *options) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def _program(audit: int, socket_call: int, answer: int) -> bytes:
    """Classic BPF over `struct seccomp_data`: number at 0, architecture at 4, arguments from 16."""
    families = len(LOCAL_FAMILIES)
    lines = [
        (LOAD, 0, 0, 4),
        (EQUAL, 0, families + 5, audit),  # calls of another architecture have other numbers
        (LOAD, 0, 0, 0),
        (AT_LEAST, families + 3, 0, 0x40000000),  # so have those of x32
        (EQUAL, families + 2, 0, IO_URING_SETUP),  # it can open sockets, too
        (EQUAL, 0, families + 2, socket_call),
        (LOAD, 0, 0, 16),
        *[(EQUAL, families - at, 0, family) for at, family in enumerate(LOCAL_FAMILIES)],
        (RETURN, 0, 0, answer),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


if __name__ == "__main__":
    print(leave_network())
