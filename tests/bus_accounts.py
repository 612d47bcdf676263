"""A real server with our accounts, and connections as its users."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.nats_conf import API, bus_command, bus_environment
from deploy.ports import free_ports, is_free
from deploy.provision import provision
from deploy.secrets import Secrets, load_or_make
from libs.common.bus import Bus, connect
from libs.common.events import (
    DatasetRef,
    TrainingArguments,
    TrainingRequested,
)
from tests.conftest import STOP_S, running, wait_until

REFUSED_S = 0.4

As = Callable[[str], AbstractAsyncContextManager[Bus]]


@dataclass(frozen=True)
class Server:
    """A nats-server with our accounts."""

    url: str
    secrets: Secrets


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    [port] = free_ports(1)
    opened = Server(f"nats://127.0.0.1:{port}", load_or_make(tmp_path))
    command = bus_command(tmp_path / "nats", port)
    with running(command, tmp_path / "log", **bus_environment(opened.secrets)):
        wait_until(lambda: not is_free(port), "nats-server listens", STOP_S)
        await provision(opened.url, opened.secrets)
        yield opened


@pytest.fixture
def logged_in(server: Server) -> As:
    """A bus as one user; it gives up after a moment, since a refusal is silence."""

    @asynccontextmanager
    async def open_bus(user: str) -> AsyncIterator[Bus]:
        password = server.secrets.bus[user]
        api = "$JS.API" if user == "reader" else API
        async with connect(
            server.url, source=user, user=user, password=password, api=api, patience_s=REFUSED_S
        ) as bus:
            yield bus

    return open_bus


def request(job_id: str = "t1") -> TrainingRequested:
    return TrainingRequested(
        job_id=job_id,
        dataset=DatasetRef(name="d", path="/d"),
        arguments=TrainingArguments(mode="full"),
        experiment_name="e",
    )


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    reasons = [str(getattr(record, "reason", "")) for record in caplog.records]
    return [reason for reason in reasons if "permissions violation" in reason.lower()]
