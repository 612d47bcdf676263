"""The process that children are forked from: `python -m libs.common.nursery FD PARENT_PID MODULE…`.

It imports its modules once, torch and ultralytics with them, and never computes anything, so that a
copy of it is a fresh process that starts in milliseconds. Its parent is a service, over a socket of
packets:

    -> {"id": 7, "module": "...", "environment": {...}} with three file descriptors: its standard
       input, its console, its message pipe
    <- {"ready": true} · {"id": 7, "pid": 4711} · {"ended": 4711, "code": -9}
"""

import faulthandler
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from contextlib import suppress
from typing import Any, NoReturn

from libs.common.children import die_with

PACKET_BYTES = 2**16


def main() -> None:
    """Fork on request until the parent closes the socket; tell how each copy ends."""
    die_with(int(sys.argv[2]))
    parent = socket.socket(fileno=int(sys.argv[1]))
    parent.set_inheritable(False)
    for module in sys.argv[3:]:
        importlib.import_module(module)  # seconds that a start is spared
    gc.collect()
    gc.freeze()  # what is shared stays shared
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    tell(parent, ready=True)
    with selectors.DefaultSelector() as selector:
        selector.register(parent, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is parent:
                    packet, files, _, _ = socket.recv_fds(parent, PACKET_BYTES, 3)
                    if not packet:
                        return
                    bear(parent, json.loads(packet), files)
                else:
                    os.read(woken, 512)
                    bury(parent)


def bear(parent: socket.socket, order: dict[str, Any], files: list[int]) -> None:
    """One copy of this process, in a group of its own."""
    ours = os.getpid()
    pid = os.fork()
    if pid == 0:
        live(parent, ours, order, files)
    with suppress(OSError):  # both do it: whoever comes second finds it done
        os.setpgid(pid, pid)
    for file in files:
        os.close(file)
    tell(parent, id=order["id"], pid=pid)


def live(parent: socket.socket, nursery: int, order: dict[str, Any], files: list[int]) -> NoReturn:
    """The life of a copy: everything of the nursery is put away first."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setpgid(0, 0)
        die_with(nursery)
        parent.close()
        messages = files[2]
        for standard, file in zip((0, 1, 2), (files[0], files[1], files[1]), strict=True):
            os.dup2(file, standard)
        for file in {files[0], files[1]}:
            os.close(file)
        os.environ.update(order["environment"])
        faulthandler.enable()
        faulthandler.register(signal.SIGUSR1, all_threads=True)  # how a stall is looked at
        importlib.import_module(order["module"]).main(messages)
        code = 0
    except BaseException:  # noqa: BLE001 - the last word of a process
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def bury(parent: socket.socket) -> None:
    """Tell of every copy that ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        tell(parent, ended=pid, code=os.waitstatus_to_exitcode(status))


def tell(parent: socket.socket, **fields: Any) -> None:
    """One packet; when the parent is gone, so are we in a moment."""
    with suppress(OSError):
        parent.send(json.dumps(fields).encode())


if __name__ == "__main__":
    main()
