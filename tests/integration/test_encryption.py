"""Bus and store by TLS with certificates of our own: whoever comes without is refused."""

import asyncio
import json
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from deploy.certificates import GIVEN, SWITCH, Certificates, certificates, trusting
from deploy.nats_conf import API, bus_command, bus_environment
from deploy.ports import free_ports, is_free
from deploy.provision import provision
from deploy.secrets import Secrets, load_or_make
from deploy.store import BUCKET, make_bucket, store_command, store_environment, store_ports
from integrations.log import ReaderSettings, opened
from libs.client import Client
from libs.common.artifacts import ArtifactStore
from libs.common.bus import connect
from libs.common.errors import Unavailable
from libs.common.service import end
from libs.common.settings import Settings
from tests.conftest import ROOT, START_S, STOP_S, running, started_stack, wait_until
from tests.e2e.tiny import tiny_dataset
from tests.integration.test_supervisor import every_secret, processes


@dataclass(frozen=True)
class Server:
    """A nats-server or a store that speaks TLS."""

    port: int
    secrets: Secrets
    tls: Certificates
    stranger: Certificates


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Certificates, Certificates]:
    """Certificates of two homes."""
    monkeypatch.setenv(SWITCH, "on")
    pairs = []
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
        pair = certificates(tmp_path / name)
        assert pair
        pairs.append(pair)
    return pairs[0], pairs[1]


@pytest.fixture
async def bus_server(
    tmp_path: Path, made: tuple[Certificates, Certificates]
) -> AsyncIterator[Server]:
    [port] = free_ports(1)
    opened = Server(port, load_or_make(tmp_path), *made)
    command = bus_command(tmp_path / "nats", port, opened.tls)
    with running(command, tmp_path / "log", **bus_environment(opened.secrets)):
        wait_until(lambda: not is_free(port), "nats-server listens", STOP_S)
        await provision(f"tls://127.0.0.1:{port}", opened.secrets, opened.tls.ca)
        yield opened


@pytest.fixture
def store_server(tmp_path: Path, made: tuple[Certificates, Certificates]) -> Iterator[Server]:
    ports = store_ports()
    opened = Server(ports["s3.port"], load_or_make(tmp_path), *made)
    command = store_command(tmp_path / "store", ports, opened.secrets, tls=opened.tls)
    endpoint = f"https://127.0.0.1:{opened.port}"
    environment = store_environment(opened.secrets, tmp_path / "store")
    with running(command, tmp_path / "log", **environment):
        wait_until(
            lambda: asyncio.run(make_bucket(endpoint, opened.secrets, ca=opened.tls.ca)),
            "the store takes requests",
            START_S,
        )
        yield opened


def test_generated_files_are_private_kept_and_made_again_when_asked(
    made: tuple[Certificates, Certificates],
) -> None:
    files, _ = made
    for path in (files.ca, files.cert, files.key):
        assert path.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in files.ca.read_text()
    before = files.cert.read_text()
    home = files.ca.parent.parent
    assert certificates(home) == files
    assert files.cert.read_text() == before
    certificates(home, anew=True)
    assert files.cert.read_text() != before


def test_settings_that_would_leave_it_open_are_refused(
    tmp_path: Path, made: tuple[Certificates, Certificates], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = made
    monkeypatch.setenv(GIVEN[0], str(ours.ca))
    with pytest.raises(ValueError, match="give all of"):
        certificates(tmp_path)
    monkeypatch.setenv(GIVEN[1], str(ours.cert))
    monkeypatch.setenv(GIVEN[2], str(theirs.key))
    with pytest.raises(ValueError, match="cannot be used"):
        certificates(tmp_path)
    monkeypatch.setenv(GIVEN[2], str(ours.key))
    assert certificates(tmp_path) == ours
    monkeypatch.setenv(SWITCH, "off")
    with pytest.raises(ValueError, match="set it to on"):
        certificates(tmp_path)


async def test_a_service_gets_on_the_bus_by_tls_and_a_client_without_is_refused(
    bus_server: Server,
) -> None:
    url = f"tls://127.0.0.1:{bus_server.port}"
    password = bus_server.secrets.bus["gateway"]
    async with connect(
        url, source="gateway", user="gateway", password=password, ca=bus_server.tls.ca, api=API
    ) as bus:
        assert await bus.last_sequence() == 0
    assert b"PONG" in await said(bus_server.port, "gateway", password, bus_server.tls.ca)
    plain = await said(bus_server.port, "gateway", password)
    assert b"PONG" not in plain
    assert b"INFO" not in plain
    with pytest.raises(ssl.SSLCertVerificationError):
        await said(bus_server.port, "gateway", password, bus_server.stranger.ca)


async def said(port: int, user: str, password: str, ca: Path | None = None) -> bytes:
    """What the bus says to who logs in and asks whether it is there; without `ca` in plain text."""
    trusted = trusting(ca) if ca else None
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusted)
    login = json.dumps({"verbose": False, "user": user, "pass": password})
    writer.write(f"CONNECT {login}\r\nPING\r\n".encode())
    heard = b""
    async with asyncio.timeout(STOP_S):
        with suppress(ConnectionError, ssl.SSLError):
            while b"PONG" not in heard and (part := await reader.read(4096)):
                heard += part
    writer.transport.abort()
    return heard


async def test_a_password_is_never_sent_to_a_server_that_says_it_has_no_tls(
    made: tuple[Certificates, Certificates],
) -> None:
    """Somebody on the way answers in plain text, in the place of the server."""
    heard: list[bytes] = []
    info = b'INFO {"server_id":"x","version":"2.15.1","max_payload":1048576,"headers":true}\r\n'

    async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(info)
        heard.append(await reader.read(4096))
        writer.close()

    async def log_in(port: int) -> None:
        url = f"tls://127.0.0.1:{port}"
        async with connect(url, source="x", user="x", password="very-secret", ca=made[0].ca):
            pass

    async with await asyncio.start_server(impostor, "127.0.0.1", 0) as server:
        client = asyncio.create_task(log_in(server.sockets[0].getsockname()[1]))
        async with asyncio.timeout(STOP_S):
            while len(heard) < 2 and not client.done():
                await asyncio.sleep(0.01)
        await end(client)
    assert heard
    assert not any(b"very-secret" in part for part in heard)


async def test_the_store_is_reached_by_https_and_by_nothing_else(
    store_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    access_key, secret_key = store_server.secrets.store_keys("trainer")
    settings = Settings(
        s3_endpoint=f"https://127.0.0.1:{store_server.port}",
        s3_bucket=BUCKET,
        s3_access_key=access_key,
        s3_secret_key=SecretStr(secret_key),
        s3_ca=store_server.tls.ca,
    )
    artifacts = ArtifactStore.open(settings)
    await artifacts.put_bytes("trainings/p/e/results.csv", b"epoch\n")
    assert await artifacts.get_bytes("trainings/p/e/results.csv") == b"epoch\n"
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{store_server.port}/{BUCKET}")
        assert answer.status_code == 400
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get(f"https://127.0.0.1:{store_server.port}/")
    for other in (
        {"s3_ca": store_server.stranger.ca},
        {"s3_endpoint": f"http://127.0.0.1:{store_server.port}"},
    ):
        with pytest.raises(Unavailable):
            async with asyncio.timeout(STOP_S):
                await ArtifactStore.open(settings.model_copy(update=other)).ping()


@pytest.mark.e2e
@pytest.mark.slow
def test_a_whole_stack_works_by_tls_and_its_secrets_are_replaced_by_one_command(
    tmp_path: Path,
) -> None:
    with started_stack(tmp_path, SHIRUSHI_INTERNAL_TLS="on") as stack:
        before = {path: (stack.home / path).read_text() for path in ("secrets.json", "tls/ca.pem")}
        old = every_secret(stack.home)
        with Client(stack.url) as client:
            told = client.validate_dataset(tiny_dataset(stack))
        assert told["valid"] is not None
        assert (stack.home / "store/identities.json").stat().st_mode & 0o777 == 0o600
        rotated = subprocess.run(
            [sys.executable, "-m", "deploy.rotate"],
            cwd=ROOT,
            env={"SHIRUSHI_HOME": str(stack.home), "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
            timeout=START_S,
        )
        assert rotated.returncode == 0, rotated.stderr
        for path, text in before.items():
            assert (stack.home / path).read_text() != text
        new = every_secret(stack.home)
        assert not set(old) & set(new)
        shown = [" ".join(process.cmdline()) for process in processes(stack)]
        shown += [log.read_text(errors="replace") for log in (stack.home / "logs").iterdir()]
        assert not [secret for secret in old + new if any(secret in text for text in shown)]
        with Client(stack.url) as client:
            events = client.recorded_events(limit=500)
            assert [event["subject"] for event in events if event["type"].endswith("validated.v1")]
            assert client.validate_dataset(tiny_dataset(stack))["valid"] == told["valid"]
        reader = json.loads((stack.home / "readers.json").read_text())
        asyncio.run(_only_the_new_password(reader, json.loads(before["secrets.json"])["bus"]))
        command = [sys.executable, "examples/subscribe.py", str(stack.home / "readers.json")]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            line = process.stdout.readline()
            process.kill()
        assert re.match(r"1 dataset\.requested\.v1 ", line)
        assert asyncio.run(_as_an_integration(stack.home)) == "dataset.requested.v1"


async def _as_an_integration(home: Path) -> str:
    """The kind of the first event, as `integrations/` read it."""
    async with opened(ReaderSettings(home=home)) as bus:
        [first, *_] = await bus.read(after=0)
    return str(first.event.kind)


async def _only_the_new_password(reader: dict[str, str], old: dict[str, str]) -> None:
    port, ca = int(reader["url"].rpartition(":")[2]), Path(reader["ca"])
    assert b"PONG" in await said(port, "reader", reader["password"], ca)
    refused = await said(port, "reader", old["reader"], ca)
    assert b"Authorization Violation" in refused
    assert b"PONG" not in refused
