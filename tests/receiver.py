"""A receiver of OTLP over HTTP, for tests: what OpenTelemetry's own collector would be sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from gzip import decompress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Seen:
    """One span as it came."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    kind: int
    failed: bool
    attributes: dict[str, Any]


@dataclass
class Receiver:
    """Where it listens, and what came."""

    url: str = ""
    spans: list[Seen] = field(default_factory=list)

    def named(self, name: str) -> list[Seen]:
        return [span for span in list(self.spans) if span.name == name]

    def above(self, span: Seen) -> list[Seen]:
        """A span's parents, the nearest first."""
        by_id = {each.span_id: each for each in list(self.spans)}
        found = []
        while parent := by_id.get(span.parent_id):
            found.append(parent)
            span = parent
        return found

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for group in request.resource_spans:
            about = _values(group.resource.attributes)
            for scope in group.scope_spans:
                for each in scope.spans:
                    self.spans.append(
                        Seen(
                            service=str(about["service.name"]),
                            name=each.name,
                            trace_id=each.trace_id.hex(),
                            span_id=each.span_id.hex(),
                            parent_id=each.parent_span_id.hex(),
                            start_ns=each.start_time_unix_nano,
                            end_ns=each.end_time_unix_nano,
                            kind=each.kind,
                            failed=each.status.code == 2,
                            attributes=_values(each.attributes),
                        )
                    )


def _values(pairs: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in pairs}


@contextmanager
def receiving() -> Iterator[Receiver]:
    """One that listens as long as the block lasts."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = decompress(body)
            right = self.path == "/v1/traces"
            if right:
                receiver.take(body)
            self.send_response(200 if right else 404)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
