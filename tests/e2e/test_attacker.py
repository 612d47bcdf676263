"""What an attacker tries first, on a whole running stack: addresses, names, sockets, masses."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import websockets

from tests.conftest import Stack

BASE = "/api/v1/ml"
SECRET = "root-of-all-secrets"
ADDRESSES = (
    "/ui/ml/..%2f..%2f..%2f..%2f..%2fetc/passwd",
    "/ui/ml/../../../../../../etc/passwd",
    "/ui/ml/assets/..%5c..%5c..%5cetc%5cpasswd",
    "/docs/..%2f..%2fpyproject.toml",
    f"{BASE}/artifacts/trainings/..%2f..%2fsecrets.json",
    f"{BASE}/artifacts/%2e%2e/%2e%2e/secrets.json",
    f"{BASE}/artifacts/trainings/%252e%252e/secrets.json",
    f"{BASE}/artifacts//etc/passwd",
    f"{BASE}/artifacts/trainings/..;/secrets.json",
    f"{BASE}/artifacts/uploads/x.zip",
    f"{BASE}/artifacts/trainings/a%00.png",
    f"{BASE}/datasets/..%2f..%2fhome/images",
    f"{BASE}/models/..%2f..%2fsecrets/info",
    "/../../../../etc/passwd",
    "//etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
)
ORIGINS = (
    "null",
    "http://localhost.evil.example",
    "http://evil.example",
    "http://127.0.0.1.evil.example",
    "http://localhost:1",
    "file://",
    "http://evil.example#@localhost",
)


def port_of(stack: Stack) -> int:
    return int(stack.url.rsplit(":", 1)[1])


def raw(stack: Stack, target: str, *headers: str, method: str = "GET") -> bytes:
    """What is answered to an address that no client library would leave as it is."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    with socket.create_connection(("127.0.0.1", port_of(stack)), timeout=20) as link:
        link.sendall("\r\n".join([*lines, "", ""]).encode())
        said = b""
        with suppress(ConnectionResetError):
            while chunk := link.recv(65536):
                said += chunk
    return said


@pytest.mark.e2e
@pytest.mark.parametrize("address", ADDRESSES)
def test_no_address_leads_to_a_file(stack: Stack, address: str) -> None:
    said = raw(stack, address)
    head, _, body = said.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    if address.startswith("/ui/ml/"):  # every address of the page's is the page
        assert status < 500
        assert b"<html" in body or status >= 400
    else:
        assert 300 <= status < 500, said[:200]
    assert not [each for each in (b"root:", b"[project]", b"password") if each in body]


def nasty(stack: Stack) -> Iterator[str]:
    """Paths to what nobody may have."""
    yield from ("/etc/passwd", "/proc/self/environ", "/dev/zero", "file:///etc/passwd", "~/.ssh")
    yield from ("..%2f..%2fetc%2fpasswd", "\\\\host\\share", "a\x00b", "a" * 5000, "/" * 300)
    yield str(stack.home)
    yield str(stack.home / "secrets.json")
    yield str(stack.home / "nats")
    yield str(stack.home.parent / "into-home" / "secrets.json")


FIELDS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("/dataset/validate", {}, "dataset_path"),
    ("/dataset/import", {"dataset_name": "stolen"}, "source"),
    ("/dataset/split", {}, "dataset_path"),
    ("/model/validate", {"model_path": "shirushi-logo-n"}, "test_dataset_path"),
    ("/model/validate", {"test_dataset_path": "x"}, "model_path"),
    ("/model/validate", {"test_dataset_path": "x"}, "predictions_path"),
    ("/model/visualize", {}, "model_path"),
    ("/model/explain", {"model_path": "shirushi-logo-n"}, "image_path"),
    ("/training/start", {"mode": "full", "experiment_name": "e"}, "dataset_path"),
    ("/training/start", {"mode": "transfer", "experiment_name": "e"}, "base_model_path"),
)


@pytest.mark.e2e
def test_no_field_reaches_a_file_of_the_machine_or_of_the_stack_itself(stack: Stack) -> None:
    link = stack.home.parent / "into-home"
    if not link.is_symlink():
        link.symlink_to(stack.home)
    with httpx.Client(base_url=f"{stack.url}{BASE}", timeout=30, trust_env=False) as client:
        for route, body, field in FIELDS:
            for path in nasty(stack):
                answer = client.post(
                    route, json=body | {field: path}, headers={"Prefer": "respond-async"}
                )
                assert 400 <= answer.status_code < 500, (route, field, path, answer.text)
                assert "password" not in answer.text


@pytest.mark.e2e
def test_a_dataset_that_links_into_the_home_of_the_stack_shows_nothing_of_it(stack: Stack) -> None:
    """Our home lies under the root, as it does by default."""
    from tests.planted.base import make  # noqa: PLC0415 - draws pictures

    root = make(stack.home.parent / "linking")
    secrets = (stack.home / "secrets.json").read_text()
    word = json.loads(secrets)["bus"]["setup"]
    label = next((root / "labels/train").glob("*.txt"))
    label.unlink()
    label.symlink_to(stack.home / "secrets.json")
    with httpx.Client(base_url=f"{stack.url}{BASE}", timeout=60, trust_env=False) as client:
        report = client.post("/dataset/validate", json={"dataset_path": str(root)}).json()
        assert "symlink_outside_root" in report["summary"]
        assert word not in json.dumps(report)
        rows = client.get("/datasets/linking/images").text
        assert word not in rows


@pytest.mark.e2e
@pytest.mark.parametrize("origin", ORIGINS)
def test_no_other_site_watches_or_changes_anything(stack: Stack, origin: str) -> None:
    upgrade = (
        *("Upgrade: websocket", "Sec-WebSocket-Version: 13"),
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        f"Origin: {origin}",
    )
    said = raw(stack, f"{BASE}/ws", "Connection: Upgrade", *upgrade)
    assert b" 101 " not in said.split(b"\r\n", 1)[0], said[:200]
    said = raw(stack, f"{BASE}/dataset/validate", f"Origin: {origin}", method="POST")
    assert said.split(b" ", 2)[1] == b"403"


@pytest.mark.e2e
def test_a_thousand_idle_connections_keep_nobody_out(stack: Stack) -> None:
    links = [
        socket.create_connection(("127.0.0.1", port_of(stack)), timeout=10) for _ in range(1000)
    ]
    try:
        for number, link in enumerate(links):
            link.sendall(b"GET / HTTP/1.1\r\nX: " if number % 2 else b"\x16\x03\x01")
        assert httpx.get(f"{stack.url}/healthz", timeout=20, trust_env=False).status_code == 200
    finally:
        for link in links:
            link.close()


@pytest.mark.e2e
async def test_a_hundred_thousand_subscriptions_hold_up_nobody(stack: Stack) -> None:
    """200 topics on each of 500 sockets, no two alike; who wants an event has it at once."""
    url = f"{stack.url.replace('http', 'ws', 1)}{BASE}/ws"
    gate = asyncio.Semaphore(40)
    sockets: list[websockets.ClientConnection] = []

    async def enter(number: int) -> None:
        topics = ",".join(f"training.{number}x{n}.*" for n in range(200))
        async with gate:
            link = await websockets.connect(
                f"{url}?topics={topics}", proxy=None, open_timeout=60, compression=None
            )
            sockets.append(link)

    try:
        await asyncio.gather(*(enter(number) for number in range(500)))
        async with (
            websockets.connect(url, proxy=None) as reader,
            httpx.AsyncClient(base_url=f"{stack.url}{BASE}", timeout=60, trust_env=False) as client,
        ):
            body = {"dataset_path": str(stack.home.parent)}
            began = time.monotonic()
            await client.post("/dataset/validate", json=body, headers={"Prefer": "respond-async"})
            async with asyncio.timeout(20):
                while "dataset." not in str(await reader.recv()):
                    pass
            print(f"an event among 100,000 subscriptions: {time.monotonic() - began:.3f} s")
            assert (await client.get("/status")).status_code == 200
    finally:
        await asyncio.gather(*(link.close() for link in sockets), return_exceptions=True)
