"""The live stream over a real socket: outages, doubles, refusals."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from libs.client import ApiError, Unreachable
from libs.client.stream import follow, parse_frame, socket_url

HEARTBEAT = json.dumps({"type": "heartbeat", "data": {"last_seq": 9}})
Script = Callable[[ServerConnection, int], None]


def event(seq: int) -> str:
    return json.dumps({"type": "training.started.v1", "subject": "t1", "data": {}, "seq": seq})


class Gateway:
    """A socket server that plays one script per connection and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.scripts: list[Script] = []
        self.url = ""

    def handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.asked.append(parse_qs(urlsplit(connection.request.path).query))
        self.scripts[len(self.asked) - 1](connection, len(self.asked))


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    played = Gateway()
    with serve(played.handle, "127.0.0.1", 0) as server:
        yield from _running(server, played)


def _running(server: Server, played: Gateway) -> Iterator[Gateway]:
    played.url = f"http://127.0.0.1:{server.socket.getsockname()[1]}/api/v1/ml"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield played
    server.shutdown()
    thread.join(5)


def sends(*frames: str) -> Script:
    def script(connection: ServerConnection, _: int) -> None:
        for frame in frames:
            connection.send(frame)

    return script


def test_a_dropped_line_is_taken_up_after_the_last_sequence_seen(gateway: Gateway) -> None:
    gateway.scripts = [sends(event(1), event(2)), sends(event(3), event(4))]
    frames = list(islice(follow(gateway.url, 0, ("training.>",)), 4))
    assert [frame.seq for frame in frames] == [1, 2, 3, 4]
    assert [asked["after"] for asked in gateway.asked] == [["0"], ["2"]]
    assert gateway.asked[1]["topics"] == ["training.>"]


def test_an_event_that_is_sent_twice_is_given_once(gateway: Gateway) -> None:
    gateway.scripts = [sends(event(1), event(2)), sends(event(2), event(3))]
    assert [frame.seq for frame in islice(follow(gateway.url), 3)] == [1, 2, 3]


def test_telemetry_comes_through_without_a_sequence_and_heartbeats_do_not(
    gateway: Gateway,
) -> None:
    reading = json.dumps({"type": "telemetry.progress", "subject": "t1", "data": {"done": 3}})
    gateway.scripts = [sends(HEARTBEAT, reading, event(7))]
    frames = list(islice(follow(gateway.url, 6), 2))
    assert [(frame.type, frame.seq) for frame in frames] == [
        ("telemetry.progress", None),
        ("training.started.v1", 7),
    ]
    assert frames[0].recorded() is None


def test_a_refused_subscription_is_an_error_at_once(gateway: Gateway) -> None:
    def refuse(connection: ServerConnection, _: int) -> None:
        connection.close(1008, "no such topic")

    gateway.scripts = [refuse]
    with pytest.raises(ApiError, match="no such topic"):
        next(follow(gateway.url))


def test_a_handshake_that_is_forbidden_is_an_error_at_once() -> None:
    def forbid(_: ServerConnection, __: Request) -> Response:
        return Response(HTTPStatus.FORBIDDEN, "Forbidden", Headers({"Content-Length": "0"}))

    played = Gateway()
    with serve(played.handle, "127.0.0.1", 0, process_request=forbid) as server:
        for gateway in _running(server, played):
            with pytest.raises(ApiError) as refused:
                next(follow(gateway.url))
    assert refused.value.status == 403


def test_nobody_at_the_address_is_unreachable_within_the_patience() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        with pytest.raises(Unreachable, match="make up"):
            next(follow(f"http://127.0.0.1:{port}/api/v1/ml", patience_s=0.3))


@pytest.mark.parametrize(
    "message", ["{}", "[]", '"ping"', HEARTBEAT, '{"op": "subscribed", "data": 1}']
)
def test_what_is_no_event_is_no_frame(message: str) -> None:
    assert parse_frame(message) is None


def test_a_frame_keeps_the_bytes_it_came_in() -> None:
    text = event(5)
    frame = parse_frame(text)
    assert frame is not None
    kept: dict[str, Any] = json.loads(frame.raw)
    assert kept == json.loads(text)


def test_the_socket_is_beside_the_api() -> None:
    assert socket_url("https://host/api/v1/ml", 3, ("a.>", "b.>")) == (
        "wss://host/api/v1/ml/ws?after=3&topics=a.%3E%2Cb.%3E"
    )
