"""The folder with all state of one local stack, its lock, and what others may read about it."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.certificates import Certificates
from deploy.ports import free_ports, is_free
from deploy.store import store_ports
from libs.common.private_files import write_private

DEFAULT_PORT = 8000


class CannotStart(Exception):
    """The stack cannot be started as asked; the message says what to do."""


def home_folder() -> Path:
    """`SHIRUSHI_HOME`, absolute; `.shirushi` here if it is not set."""
    return Path(os.environ.get("SHIRUSHI_HOME") or ".shirushi").resolve()


def speaks_tls() -> bool:
    """Whether the gateway is told a certificate."""
    return bool(os.environ.get("SHIRUSHI_TLS_CERT"))


def read_stack(home: Path) -> dict[str, Any]:
    """What the running stack of `home` wrote down; empty if there is none."""
    try:
        known: dict[str, Any] = json.loads((home / "stack.json").read_text())
    except (OSError, ValueError):
        return {}
    return known


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold `home` for one stack; the lock ends with the process, however it ends.

    Raises:
        CannotStart: another stack holds it.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            known = read_stack(home)
            raise CannotStart(
                f"a stack runs in {home} already (process {known.get('pid', '?')}, "
                f"{known.get('url', 'not ready yet')}): `make down` stops it, "
                "another SHIRUSHI_HOME starts a second one"
            ) from error
        yield


def is_locked(home: Path) -> bool:
    """Whether a stack holds `home` now."""
    if not (home / "lock").exists():
        return False
    with (home / "lock").open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def choose_ports(home: Path) -> dict[str, int]:
    """A port for each listener: as the environment says, else as the last time, else a free one.

    Raises:
        CannotStart: a port that was asked for is taken or is no port.
    """
    last: dict[str, int] = {}
    if (home / "ports.json").exists():
        last = json.loads((home / "ports.json").read_text())
    asked = {
        "http": _asked("SHIRUSHI_PORT", DEFAULT_PORT),
        "nats": _asked("SHIRUSHI_NATS_PORT", 0),
        "s3.port": _asked("SHIRUSHI_S3_PORT", 0),
    }
    ports = dict(zip(("http", "nats"), free_ports(2), strict=True)) | store_ports()
    for name in ports:
        before = last.get(name, 0) if name not in {"http", "admin.port"} else 0
        ports[name] = asked.get(name) or (before if before and is_free(before) else ports[name])
    write_private(home / "ports.json", json.dumps(ports, indent=2))
    return ports


def nats_url(ports: dict[str, int], tls: Certificates | None) -> str:
    """Where the bus is."""
    return f"{'tls' if tls else 'nats'}://127.0.0.1:{ports['nats']}"


def write_stack(
    home: Path, ports: dict[str, int], reader_password: str, tls: Certificates | None = None
) -> str:
    """Write down where this stack is, for commands and for readers; answers its address."""
    url = f"http{'s' if speaks_tls() else ''}://127.0.0.1:{ports['http']}"
    write_private(
        home / "stack.json",
        json.dumps(
            {"pid": os.getpid(), "since": time.time(), "url": url, "ports": ports}, indent=2
        ),
    )
    reader = {
        "url": nats_url(ports, tls),
        "user": "reader",
        "password": reader_password,
        "stream": "EVENTS",
    }
    if tls:  # the handshake comes first: see libs/common/nats_client.py
        reader["ca"] = str(tls.ca)
    write_private(home / "readers.json", json.dumps(reader, indent=2))
    return url


def _asked(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isdigit() or int(text) > 65535:
        raise CannotStart(f"{variable}={text} is no port: give 1 to 65535, or 0 for a free one")
    if int(text) and not is_free(int(text)):
        raise CannotStart(
            f"port {text} is taken: set {variable} to another, or to 0 for a free one"
        )
    return int(text)
