"""Other systems read the bus with credentials of their own, and can do nothing else."""

import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import nats
import nats.errors
import nats.js.errors
import pytest
from nats.aio.client import Client as Nats

from libs.client import Client
from tests.conftest import ROOT, Stack
from tests.e2e.tiny import QUICK, tiny_dataset

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

REFUSED_S = 2.0


@asynccontextmanager
async def reader(stack: Stack, errors: list[Exception]) -> AsyncIterator[Nats]:
    """A connection of the READERS account; what the server refuses lands in `errors`."""

    async def note(error: Exception) -> None:
        errors.append(error)

    text = (stack.home / "readers.json").read_text(encoding="utf-8")
    given: dict[str, Any] = json.loads(text)
    nc = await nats.connect(
        given["url"], user=given["user"], password=given["password"], error_cb=note
    )
    try:
        yield nc
    finally:
        await nc.close()


def test_the_example_replays_from_the_first_event_and_follows_live(stack: Stack) -> None:
    with Client(stack.url) as client:
        client.validate_dataset(tiny_dataset(stack))
        before = client.recorded_events(limit=500)
        command = [sys.executable, "examples/subscribe.py", str(stack.home / "readers.json")]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                replayed = [process.stdout.readline().split() for _ in before]
                started = client.start_training(tiny_dataset(stack), epochs=2, **QUICK)
                live: list[list[str]] = []
                while not live or live[-1][1:] != [
                    "training.completed.v1",
                    started["training_id"],
                ]:
                    live.append(process.stdout.readline().split())
                    assert len(live) < 200
            finally:
                process.kill()
        after = client.recorded_events(after=before[-1]["seq"], limit=500)
    told = [[str(event["seq"]), event["type"], event["subject"]] for event in before + after]
    assert replayed[0][:2] == ["1", told[0][1]]
    assert replayed + live == told[: len(replayed) + len(live)]


@pytest.mark.parametrize(
    "subject",
    ["evt.training.requested.v1.default.normal.forged", "evt.training.completed.v1.x", "tel.x"],
)
async def test_a_reader_cannot_publish(stack: Stack, subject: str) -> None:
    with Client(stack.url) as client:
        before = client.recorded_events(limit=500)[-1:]
    errors: list[Exception] = []
    async with reader(stack, errors) as nc:
        await nc.publish(subject, b"{}")
        await nc.flush()
        with pytest.raises((nats.errors.Error, nats.js.errors.Error, TimeoutError)):
            await nc.jetstream(timeout=REFUSED_S).publish(subject, b"{}")
    assert any("permissions violation" in str(error).lower() for error in errors)
    with Client(stack.url) as client:
        after = client.recorded_events(limit=500)[-1:]
    assert not any("forged" in json.dumps(event) for event in after)
    assert [event["seq"] for event in after] >= [event["seq"] for event in before]


@pytest.mark.parametrize(
    "request_subject",
    [
        "$JS.API.STREAM.DELETE.EVENTS",
        "$JS.API.STREAM.PURGE.EVENTS",
        "$JS.API.CONSUMER.DELETE.EVENTS.trainer-default-normal",
    ],
)
async def test_a_reader_cannot_harm_the_log(stack: Stack, request_subject: str) -> None:
    errors: list[Exception] = []
    async with reader(stack, errors) as nc:
        with pytest.raises((nats.errors.Error, TimeoutError)):
            await nc.request(request_subject, b"", timeout=REFUSED_S)
    with Client(stack.url) as client:
        assert client.recorded_events(limit=1)[0]["seq"] == 1


def test_nobody_gets_on_the_bus_without_credentials(stack: Stack) -> None:
    text = (stack.home / "readers.json").read_text(encoding="utf-8")
    server = urlsplit(json.loads(text)["url"])
    with socket.create_connection((str(server.hostname), server.port or 0), timeout=5) as line:
        line.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
        said = b""
        while part := line.recv(4096):  # the server closes the line
            said += part
    assert b"-ERR 'Authorization Violation'" in said
    assert b"PONG" not in said
