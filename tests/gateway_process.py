"""The gateway alone as a process of its own, for what is measured or attacked from outside."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.ports import free_ports, is_free
from libs.common.settings import Settings
from tests.conftest import running, wait_until

READ = ("home", "nats_url", "s3_endpoint", "s3_bucket", "s3_access_key", "s3_secret_key")


@dataclass(frozen=True)
class GatewayProcess:
    """A gateway that answers."""

    port: int
    pid: int
    log: Path

    @property
    def url(self) -> str:
        """Of its API."""
        return f"http://127.0.0.1:{self.port}/api/v1/ml"

    @property
    def socket_url(self) -> str:
        """Of its live socket."""
        return f"ws://127.0.0.1:{self.port}/api/v1/ml/ws"

    @property
    def resident_bytes(self) -> int:
        """Its memory now."""
        found: int = psutil.Process(self.pid).memory_info().rss
        return found


@contextmanager
def gateway_process(settings: Settings, folder: Path) -> Iterator[GatewayProcess]:
    """`python -m services.gateway` on a free port, with the bus and the store of `settings`."""
    [port] = free_ports(1)
    environment = {f"SHIRUSHI_{name.upper()}": str(getattr(settings, name)) for name in READ}
    environment |= {"SHIRUSHI_PORT": str(port), "SHIRUSHI_ROOTS": str(settings.roots[0])}
    log = folder / "gateway.log"
    with running([sys.executable, "-m", "services.gateway"], log, **environment) as process:
        wait_until(
            lambda: process.poll() is not None or not is_free(port),
            f"the gateway listens; see {log}",
        )
        assert process.poll() is None, log.read_text()
        yield GatewayProcess(port, process.pid, log)
