"""A nats-server that a test may kill, and that comes back with its log."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.ports import free_ports, is_free
from deploy.store import server_binary
from tests.conftest import STOP_S, wait_until


class NatsServer:
    """Not started by being made."""

    def __init__(self, folder: Path) -> None:
        [port] = free_ports(1)
        self.port, self.folder, self.url = port, folder, f"nats://127.0.0.1:{port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [server_binary("nats-server"), "-a", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "-js", "-sd", str(self.folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: not is_free(self.port), "nats-server listens", STOP_S)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@contextmanager
def mortal_server(folder: Path) -> Iterator[NatsServer]:
    """One that runs; killed at the end."""
    opened = NatsServer(folder)
    opened.start()
    yield opened
    opened.kill()
