"""Processes without a network: tried in real ones, by every way a program could get out."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from libs.common.isolation import probe

ROOT = Path(__file__).parents[4]
CUT = "from libs.common.isolation import *; import socket, os, ctypes, threading\n"
TRIES = """
def outcome(call):
    try:
        call()
    except OSError as error:
        return error.errno
    return 0
def reach(address):
    with socket.socket() as asked:
        asked.settimeout(5)
        asked.connect((address, 80))
"""
ENETUNREACH, EPERM = 101, 1


def told(script: str, **environment: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-c", CUT + TRIES + script],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def allowed() -> None:
    if probe() != "namespace":
        pytest.skip("this kernel or container allows no network namespaces")


@pytest.mark.usefixtures("allowed")
def test_a_namespace_has_a_loopback_of_its_own_and_nothing_else() -> None:
    script = """
enter_namespace()
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname(), timeout=5)
devices = [line.split(":")[0].strip() for line in open("/proc/self/net/dev") if ":" in line]
print(devices, outcome(lambda: reach("192.0.2.1")), os.getuid())
"""
    assert told(script) == f"['lo'] {ENETUNREACH} {os.getuid()}"


@pytest.mark.usefixtures("allowed")
def test_what_a_process_in_a_namespace_starts_shares_it() -> None:
    script = """
enter_namespace()
server = socket.create_server(("127.0.0.1", 0))
pid = os.fork()
if pid == 0:
    socket.create_connection(server.getsockname(), timeout=5)
    os._exit(outcome(lambda: reach("192.0.2.1")))
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    assert told(script) == str(ENETUNREACH)


def test_the_filter_refuses_sockets_that_leave_the_machine_to_threads_and_forks_too() -> None:
    script = """
refuse_sockets()
families = [socket.AF_INET, socket.AF_INET6, socket.AF_PACKET, socket.AF_VSOCK]
print(*[outcome(lambda: socket.socket(each)) for each in families], end=" ")
print(outcome(lambda: socket.socketpair()), outcome(lambda: socket.socket(socket.AF_UNIX)), end=" ")
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(425, 1, 0), ctypes.get_errno(), end=" ")
found = []
thread = threading.Thread(target=lambda: found.append(outcome(socket.socket)))
thread.start(); thread.join()
pid = os.fork()
if pid == 0:
    os._exit(outcome(socket.socket))
print(*found, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    assert told(script) == f"{EPERM} {EPERM} {EPERM} {EPERM} 0 0 -1 {EPERM} {EPERM} {EPERM}"


def test_a_filter_that_kills_shows_that_nothing_was_tried() -> None:
    script = "refuse_sockets(KILL); socket.socketpair(); print(1, flush=True); socket.socket()"
    done = subprocess.run(
        [sys.executable, "-c", CUT + script], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGSYS
    assert done.stdout == b"1\n"


@pytest.mark.parametrize(
    ("wish", "namespace", "loopback", "state"),
    [
        ("host", True, False, "host"),
        ("none", True, True, "namespace"),
        ("none", False, False, "filter"),
        ("none", False, True, "host"),
        ("strict", False, False, "filter"),
        ("strict", False, True, "network_not_cut"),
    ],
)
@pytest.mark.usefixtures("allowed")
def test_the_setting_decides_what_happens_where_no_namespace_is_allowed(
    wish: str, namespace: bool, loopback: bool, state: str
) -> None:
    script = f"""
import libs.common.isolation as isolation
def forbidden():
    raise PermissionError
if not {namespace}:
    isolation.enter_namespace = forbidden
try:
    print(leave_network(loopback={loopback}))
except PermanentError as error:
    print(error.code)
"""
    assert told(script, SHIRUSHI_CHILD_NETWORK=wish) == state
