"""Real servers for tests: a bus per test, one store with a bucket per test, one whole stack."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import MinioException
from PIL import Image
from urllib3.exceptions import HTTPError

from deploy.ports import free_ports, is_free
from deploy.secrets import Secrets, load_or_make
from deploy.store import (
    make_bucket,
    server_binary,
    store_command,
    store_environment,
    store_ports,
)
from libs.common.artifacts import ArtifactStore
from libs.common.bus import Bus, connect, provision
from libs.common.outbox import open_outbox
from libs.common.service import Deps
from libs.common.settings import Settings
from services.analyzer.asking import AnalyzerDeps
from services.trainer.gpu import read_gpus
from tests.nursery import SharedJudges, shared_judges, shared_nursery

PLAIN_OPEN = Image.open  # before a test imports ultralytics, which puts its own in place
START_S = 60.0
STOP_S = 10.0
POLL_S = 0.005
ROOT = Path(__file__).parent.parent


def _say_what_is_not_tested(items: list[pytest.Item]) -> None:
    """Tests that only a GPU can pass say that they were not run."""
    needing = [item for item in items if item.get_closest_marker("gpu")]
    if needing and not read_gpus():
        reason = "no NVIDIA GPU answers NVML here: this is NOT tested; run `pytest -m gpu` on one"
        for item in needing:
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side: one worker has the shared stack, and a file's tests share what it starts."""
    _say_what_is_not_tested(items)
    for item in items:
        shared = "stack" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("stack" if shared else str(item.path)))


@pytest.fixture(autouse=True)
def _plain_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only children import ultralytics: the other services' tests see Pillow as it is."""
    monkeypatch.setattr(Image, "open", PLAIN_OPEN)


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = START_S) -> None:
    """Return as soon as `condition` holds; fail with `what` when it does not in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(POLL_S)


@contextmanager
def running(command: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server of ours, killed at the end: none of them has state worth a farewell."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(STOP_S)


@pytest.fixture
def nats_url(tmp_path: Path) -> Iterator[str]:
    """A nats-server with an empty store and no users."""
    [port] = free_ports(1)
    folder = tmp_path / "nats"
    folder.mkdir()
    command = [server_binary("nats-server"), "-a", "127.0.0.1", "-p", str(port)]
    with running([*command, "-js", "-sd", str(folder)], folder / "log"):
        wait_until(lambda: not is_free(port), "nats-server listens", STOP_S)
        yield f"nats://127.0.0.1:{port}"


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    """A connection to `nats_url`, with the streams made."""
    async with connect(nats_url, source="tests", patience_s=STOP_S) as opened:
        await provision(opened.nc)
        yield opened


@dataclass(frozen=True)
class Store:
    """The session's object store."""

    endpoint: str
    secrets: Secrets
    ports: dict[str, int]
    command: list[str]
    folder: Path


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    """One object store for all tests; each makes its own bucket."""
    with tempfile.TemporaryDirectory(prefix="shirushi-store-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        ports = store_ports()
        secrets = load_or_make(folder)
        command = store_command(folder, ports, secrets)
        endpoint = f"http://127.0.0.1:{ports['s3.port']}"
        opened = Store(endpoint, secrets, ports, command, folder)
        with running(command, folder / "out", **store_environment(opened.secrets, folder)):
            wait_until(
                lambda: asyncio.run(make_bucket(opened.endpoint, opened.secrets, "ready")),
                f"the store takes requests; {folder}/log",
            )
            yield opened


def drop_bucket(store: Store, bucket: str) -> None:
    """Remove a bucket and what is in it: each holds volumes, of which the store has few."""
    client = Minio(
        store.endpoint.removeprefix("http://"),
        store.secrets.store["access_key"],
        store.secrets.store["secret_key"],
        secure=False,
        region="us-east-1",
    )
    with suppress(MinioException, OSError, HTTPError):  # a test may have ended the store itself
        inside = client.list_objects(bucket, recursive=True)
        list(client.remove_objects(bucket, (DeleteObject(each.object_name) for each in inside)))
        client.remove_bucket(bucket)


@pytest.fixture
async def settings(nats_url: str, store: Store, tmp_path: Path) -> AsyncIterator[Settings]:
    """What a service reads, for `nats_url` and an empty bucket of `store`."""
    bucket = "t-" + re.sub(r"[^a-z0-9]+", "-", str(tmp_path).lower())[-50:].strip("-")
    assert await make_bucket(store.endpoint, store.secrets, bucket)
    yield Settings(
        home=tmp_path / "home",
        roots=(tmp_path,),
        nats_url=nats_url,
        s3_endpoint=store.endpoint,
        s3_bucket=bucket,
        s3_access_key=store.secrets.store["access_key"],
        s3_secret_key=store.secrets.store["secret_key"],
    )
    await asyncio.to_thread(drop_bucket, store, bucket)


@pytest.fixture
def artifacts(settings: Settings) -> ArtifactStore:
    """An empty artifact store."""
    return ArtifactStore.open(settings)


@pytest.fixture
async def deps(bus: Bus, artifacts: ArtifactStore, settings: Settings) -> AsyncIterator[Deps]:
    """What a handler works with, as `open_service` makes it."""
    scratch = settings.home / "scratch" / "tests"
    scratch.mkdir(parents=True)
    async with open_outbox(bus, settings.home / "outbox" / "tests") as outbox:
        yield Deps("tests", f"tests:{os.getpid()}", bus, outbox, artifacts, settings, scratch)


@pytest.fixture(scope="session")
def child_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where ultralytics and matplotlib keep their settings, for all children of this session."""
    return tmp_path_factory.mktemp("child-home")


@pytest.fixture(scope="session")
def nursery(child_home: Path) -> Iterator[socket.socket]:
    """One process that all training processes of this session are copied from."""
    with shared_nursery(child_home) as packets:
        yield packets


@pytest.fixture(scope="session")
def judging_nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[socket.socket]:
    """One process that all judging processes of this session are copied from."""
    with shared_judges(tmp_path_factory.mktemp("judging-home")) as packets:
        yield packets


@pytest.fixture
async def judges(judging_nursery: socket.socket) -> AsyncIterator[SharedJudges]:
    """Judging processes in milliseconds."""
    opened = SharedJudges(judging_nursery)
    yield opened
    await opened.close()


@pytest.fixture
def analyzer_deps(deps: Deps, judges: SharedJudges) -> AnalyzerDeps:
    """What the analyzer's handlers work with."""
    return AnalyzerDeps(**vars(deps), stock=judges)


@dataclass(frozen=True)
class Stack:
    """A whole system, started by the supervisor."""

    url: str
    home: Path
    supervisor: subprocess.Popen[bytes]
    log: Path

    def log_tail(self, lines: int = 40) -> str:
        """The end of what the supervisor and all services said."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def started_stack(
    folder: Path, *, module: str = "deploy.up", **environment: str
) -> Iterator[Stack]:
    """`python -m deploy.up` on free ports with its state in `folder/home`; stopped at the end.

    Datasets and models may come from `folder` and from the repository.
    """
    log = folder / "stack.log"
    variables = {
        "SHIRUSHI_HOME": str(folder / "home"),
        "SHIRUSHI_PORT": "0",
        "SHIRUSHI_ROOTS": os.pathsep.join((str(folder), str(ROOT))),
        "NO_COLOR": "1",
    }
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=os.environ | variables | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Stack(_ready_url(supervisor, log), folder / "home", supervisor, log)
    finally:
        supervisor.terminate()
        try:
            supervisor.wait(STOP_S)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            supervisor.wait(STOP_S)
            raise


def _ready_url(supervisor: subprocess.Popen[bytes], log: Path) -> str:
    """The address that the supervisor announces; fails with the log when it announces none."""
    ready = re.compile(rb"ready\s+(http://[^/\s]+)/ui/ml")
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and supervisor.poll() is None:
        if found := ready.search(log.read_bytes()):
            return found[1].decode()
        time.sleep(0.05)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-40:])
    raise AssertionError(f"the stack did not become ready in {START_S:g} s:\n{tail}")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One whole system for all tests that only use it; those that break it start their own."""
    folder = tmp_path_factory.mktemp("stack")
    with started_stack(folder) as opened:
        yield opened
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    """A client of the stack's API, past any proxy of the environment."""
    base = f"{stack.url}/api/v1/ml"
    with httpx.Client(base_url=base, timeout=60.0, trust_env=False) as client:
        yield client
