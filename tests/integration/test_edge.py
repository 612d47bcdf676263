"""What meets the network is bounded: frames, bodies, depth, time, and what reaches the log."""

import asyncio
import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import websockets
from fastapi import FastAPI

from libs.common.bus import Bus
from libs.common.logs import Terminal
from libs.common.settings import Settings
from tests.gateway_app import BASE, app, serving
from tests.gateway_process import gateway_process

assert app  # the fixture

MIB = 2**20
HEAD = "Host: localhost\r\nContent-Type: application/json\r\n"


def order(topics: int) -> str:
    return json.dumps({"op": "subscribe", "topics": [f"t.{n}" for n in range(topics)]})


def unmasked(payload: bytes) -> bytes:
    return b"\x81" + bytes([len(payload)]) + payload


def masked(first: int, payload: bytes) -> bytes:
    size = b"\xff" + len(payload).to_bytes(8, "big") if len(payload) > 125 else None
    return bytes([first]) + (size or bytes([0x80 | len(payload)])) + b"\0\0\0\0" + payload


MESSAGES: dict[str, tuple[str | bytes, int]] = {
    "no JSON": ("{", 1008),
    "binary": (b"\x00\xff" * 100, 1008),
    "deep JSON": ("[" * 60_000, 1008),
    "deep order": ('{"op":"subscribe","topics":' + "[" * 900 + "]" * 900 + "}", 1008),
    "300 topics": (order(300), 1008),
    "10,000 topics": (order(10_000), 1009),
    "100,000 topics": (order(100_000), 1009),
    "one text for a list": ('{"op":"subscribe","topics":"training"}', 1008),
    "a long topic": (json.dumps({"op": "subscribe", "topics": ["x" * 5000]}), 1008),
    "10 MB": ("x" * 10 * MIB, 1009),
}
RAW: dict[str, tuple[bytes, int]] = {
    "a frame without mask": (unmasked(b"{}"), 1002),
    "bytes that are no UTF-8": (masked(0x81, b"\xff\xfe"), 1007),
    "a message of 200 parts": (
        masked(0x01, b"x" * 1000) + masked(0x00, b"x" * 1000) * 199,
        1009,
    ),
    "a ping of 200 bytes": (masked(0x89, b"x" * 200), 1002),
    "an opcode that nobody knows": (masked(0x83, b"{}"), 1002),
}


async def closed(url: str, message: str | bytes) -> int | None:
    """The code with which a socket is closed after a message."""
    async with websockets.connect(url, proxy=None, max_size=None, compression=None) as socket:
        with suppress(websockets.ConnectionClosed):
            await socket.send(message)
        async with asyncio.timeout(10):
            await socket.wait_closed()
    return socket.close_code


async def closed_raw(port: int, frames: bytes) -> int:
    """The same, of bytes that no client library sends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [
        f"GET {BASE}/ws HTTP/1.1",
        *("Host: localhost", "Upgrade: websocket", "Connection: Upgrade"),
        *("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    async with asyncio.timeout(10):
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(frames)
        head = await reader.readexactly(2)
        while head[0] != 0x88:
            await reader.readexactly(head[1])
            head = await reader.readexactly(2)
        code = int.from_bytes((await reader.readexactly(head[1]))[:2], "big")
    writer.close()
    return code


async def test_whatever_a_socket_is_sent_closes_it_with_a_code_and_costs_no_memory(
    settings: Settings, bus: Bus, tmp_path: Path
) -> None:
    with gateway_process(settings, tmp_path) as gateway:
        before = 0
        for _ in range(4):
            for name, (message, code) in MESSAGES.items():
                assert await closed(gateway.socket_url, message) == code, name
            for name, (frames, code) in RAW.items():
                assert await closed_raw(gateway.port, frames) == code, name
            before = before or gateway.resident_bytes
        assert gateway.resident_bytes - before < 8 * MIB
        assert "Traceback" not in gateway.log.read_text()


async def test_ten_thousand_orders_close_the_socket(app: FastAPI) -> None:
    async with (
        serving(app) as host,
        websockets.connect(f"ws://{host}{BASE}/ws", proxy=None) as socket,
    ):
        with suppress(websockets.ConnectionClosed):
            for number in range(10_000):
                await socket.send(json.dumps({"op": "subscribe", "topics": [f"t.{number}"]}))
        async with asyncio.timeout(10):
            await socket.wait_closed()
        assert socket.close_code == 1008


async def answered(host: str, request: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status, headers and problem that a server answers before it hangs up."""
    name, port = host.split(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    writer.write(request)
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        body = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            assert await reader.read() == b""
    writer.close()
    return int(first.split(" ")[1]), headers, json.loads(body)


def post(body: str, path: str = "/dataset/validate") -> bytes:
    return f"POST {BASE}{path} HTTP/1.1\r\n{HEAD}Content-Length: {len(body)}\r\n\r\n{body}".encode()


HOSTILE: dict[str, tuple[bytes, int]] = {
    "lists in lists": (post("[" * 4000), 400),
    "objects in objects": (post('{"a":' * 900), 422),
    "closed lists in lists": (post('{"dataset_path":' + "[" * 2000 + "]" * 2000 + "}"), 400),
    "a number of 4,500 digits": (post('{"dataset_path":' + "9" * 4500 + "}"), 400),
    "a number beyond all": (post('{"dataset_path":"a","max_examples":1e999}'), 422),
    "no UTF-8": (post("{}").replace(b"{}", b"\xff\xfe"), 422),
    "a body beyond the limit": (post('"' + "x" * 6000 + '"'), 413),
    "chunks beyond the limit": (
        (
            f"POST {BASE}/dataset/validate HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n"
        ).encode()
        + (b"400\r\n" + b"x" * 1024 + b"\r\n") * 8
        + b"0\r\n\r\n",
        413,
    ),
    "two lengths": (
        f"POST {BASE}/dataset/validate HTTP/1.1\r\n{HEAD}Content-Length: 2\r\nContent-Length: 3\r\n"
        "\r\n{}".encode(),
        400,
    ),
    "headers without end": (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 400),
    "a line break in a header": (
        b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nX: a\n b\r\n\r\n",
        404,
    ),
    "another protocol": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", 400),
    "a line break in a path": (
        f"GET {BASE}/training/status/a%0d%0aX-Evil:%20b HTTP/1.1\r\n{HEAD}\r\n".encode(),
        404,
    ),
    "a range without end": (
        (
            f"GET {BASE}/artifacts/trainings/x HTTP/1.1\r\n{HEAD}Range: bytes={'9' * 5000}-\r\n\r\n"
        ).encode(),
        404,
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_request_is_answered_by_a_problem(app: FastAPI, name: str) -> None:
    request, expected = HOSTILE[name]
    async with serving(app) as host:
        status, headers, problem = await answered(host, request)
    assert (status, problem["status"]) == (expected, expected), problem
    assert headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    assert "x-evil" not in headers


@pytest.mark.parametrize(
    ("limit", "begun"),
    [
        ("HEADERS_S", b"GET / HTTP/1.1\r\nHost: localhost\r\n"),
        ("HEADERS_S", b""),
        ("BODY_S", post("{}")[:-1]),
        ("BODY_S", post("{}").replace(b"Content-Length: 2", b"Content-Length: 900")),
    ],
)
async def test_who_dribbles_is_hung_up_on(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, limit: str, begun: bytes
) -> None:
    monkeypatch.setattr(f"services.gateway.edge.http.{limit}", 0.3)
    async with serving(app) as host:
        status, _, problem = await answered(host, begun)
    assert status == problem["status"] == 408


async def test_a_slow_answer_and_a_second_request_are_not_taken_for_dribbling(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.edge.http.HEADERS_S", 0.3)
    monkeypatch.setattr("services.gateway.edge.http.BODY_S", 0.3)
    wait = post('{"dataset_path":"logos"}').replace(b"Host:", b"Prefer: wait=1\r\nHost:")
    async with serving(app) as host:
        name, port = host.split(":")
        reader, writer = await asyncio.open_connection(name, int(port))
        async with asyncio.timeout(10):
            writer.write(wait)
            assert b" 202 " in await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.5)  # longer than a header may take, shorter than a line may idle
            writer.write(f"GET {BASE}/models HTTP/1.1\r\n{HEAD}\r\n".encode())
            rest = await reader.readuntil(b"HTTP/1.1 200")
            assert b"408" not in rest
        writer.close()


def test_nobody_writes_a_line_of_the_log_but_us() -> None:
    record = logging.makeLogRecord({"msg": "request failed", "levelname": "ERROR"})
    record.path = "/a\n12:00:00 info    all is well\x1b[2J\r"
    line = Terminal().format(record)
    assert "\n" not in line
    assert "\x1b" not in line
    assert "/a\\n12:00:00" in line
