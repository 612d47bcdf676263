"""Traces by OpenTelemetry, for whoever sets an endpoint; without one nothing of it is imported.

A span begins where a client changes something (or sends a `traceparent` itself) and goes on over
the bus: the `traceparent` of the W3C is an attribute of each CloudEvent and a header of each
question. Spans are made only inside of others, so that polls and pings make none.
"""

import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

from libs.common.events import Event
from libs.common.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

log = logging.getLogger(__name__)

Kind = Literal["internal", "server", "client", "producer", "consumer"]
STANDARD = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""The names that OpenTelemetry gives the address of a receiver."""
LAST_WORDS_S = 1.0
MOST_CHILD_SPANS = 5000
"""Of one process that cannot tell them itself: what it says may be made up."""
HEX = re.compile(r"^[0-9a-f]+$")

_here: "Exporting | None" = None


class Exporting:
    """The spans of this process, on their way to a receiver."""

    def __init__(self, provider: "TracerProvider") -> None:
        self.provider = provider
        self.tracer: Tracer = provider.get_tracer("shirushi", VERSION)


def wanted(endpoint: str | None) -> bool:
    """Whether spans are to be sent somewhere."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not off and bool(endpoint or any(os.environ.get(name) for name in STANDARD))


@contextmanager
def exporting(service: str, instance: str, endpoint: str | None) -> Iterator[None]:
    """Send the spans of this process as long as the block lasts, by OTLP over HTTP.

    Args:
        service: `gateway`, `trainer`, …
        instance: which of them.
        endpoint: base address of the receiver; None = as OpenTelemetry's own variables say, and
            without these nothing happens.
    """
    global _here  # noqa: PLW0603 - one per process, as the logging is
    if not wanted(endpoint):
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    told = {
        "service.namespace": "shirushi",
        "service.name": f"shirushi-{service}",
        "service.instance.id": instance,
        "service.version": VERSION,
    }
    provider = TracerProvider(resource=Resource.create(told), shutdown_on_exit=False)
    address = f"{endpoint.rstrip('/')}/v1/traces" if endpoint else None
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(address)))
    _here = Exporting(provider)
    try:
        yield
    finally:
        _here = None
        ending = threading.Thread(target=provider.shutdown, daemon=True)  # it may wait for long
        ending.start()
        ending.join(LAST_WORDS_S)


def span(
    name: str,
    kind: Kind = "internal",
    *,
    root: bool = False,
    quiet: tuple[type[Exception], ...] = (),
    **attributes: str | float | None,
) -> AbstractContextManager["Span | None"]:
    """A span around a block; None without a receiver, or where there is none to be inside of.

    Args:
        name: of few different values.
        kind: as OpenTelemetry has them.
        root: begin a trace where there is none.
        quiet: errors that are none for a reader of traces.
        attributes: `__` stands for a dot; None is left out.
    """
    if _here is None or not (root or _current().is_valid):
        return nullcontext()
    return _span(_here.tracer, name, kind, quiet, attributes)


@contextmanager
def _span(
    tracer: "Tracer",
    name: str,
    kind: str,
    quiet: tuple[type[Exception], ...],
    attributes: dict[str, Any],
) -> Iterator["Span"]:
    from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415 - is there

    told = {key.replace("__", "."): each for key, each in attributes.items() if each is not None}
    with tracer.start_as_current_span(
        name,
        kind=SpanKind[kind.upper()],
        attributes=told,
        record_exception=False,  # a stack trace may hold what is nobody's business
        set_status_on_exception=False,
    ) as opened:
        try:
            yield opened
        except quiet:
            raise
        except Exception as error:
            opened.set_attribute("error.type", getattr(error, "code", type(error).__name__))
            opened.set_status(Status(StatusCode.ERROR, str(error)[:300]))
            raise


def sending(event: Event) -> AbstractContextManager["Span | None"]:
    """Around the telling of an event."""
    return span(
        f"send {event.kind}",
        "producer",
        messaging__system="nats",
        messaging__operation__type="send",
        messaging__destination__name="EVENTS",
        messaging__message__id=event.dedupe_key,
        shirushi__job_id=event.job_id,
        shirushi__attempt=event.attempt,
    )


@contextmanager
def continued(traceparent: str | None) -> Iterator[None]:
    """What is done in the block belongs to the trace that somebody else began."""
    if _here is None or not traceparent:
        yield
        return
    from opentelemetry import context  # noqa: PLC0415 - is there

    token = context.attach(_read(traceparent))
    try:
        yield
    finally:
        context.detach(token)


def traceparent() -> str | None:
    """Of the span that we are in, as the W3C writes it; None outside of any."""
    if _here is None or not (here := _current()).is_valid:
        return None
    return f"00-{here.trace_id:032x}-{here.span_id:016x}-{int(here.trace_flags):02x}"


def ids() -> dict[str, str]:
    """For log lines: which trace and span they belong to."""
    if _here is None or not (here := _current()).is_valid:
        return {}
    return {"trace_id": f"{here.trace_id:032x}", "span_id": f"{here.span_id:016x}"}


class Relayed:
    """Spans of a child that has no network: its parent passes them on, if they can be its own."""

    def __init__(self, service: str) -> None:
        self._service, self._left = service, MOST_CHILD_SPANS
        self._trace = ids().get("trace_id")

    def own(self, traceparent: object) -> str | None:
        """`traceparent`, if it is of a span of the same trace."""
        ours = self._trace and str(traceparent).startswith(f"00-{self._trace}-")
        return str(traceparent) if ours else None

    def take(self, said: dict[str, Any]) -> None:
        """Pass one on: see `libs.common.child_spans`. What is none, or of another trace, is not."""
        if _here is None or self._trace is None or self._left <= 0 or not self._fits(said):
            return
        self._left -= 1
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - is there
        from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415
        from opentelemetry.trace import SpanContext, TraceFlags  # noqa: PLC0415

        def place(span_id: str) -> SpanContext:
            sampled = TraceFlags(TraceFlags.SAMPLED)
            trace = int(self._trace or "0", 16)
            return SpanContext(trace, int(span_id, 16), is_remote=False, trace_flags=sampled)

        theirs = Resource({"service.name": self._service})
        found = ReadableSpan(
            said["name"][:100],
            context=place(said["span_id"]),
            parent=place(said["parent_id"]),
            resource=_here.provider.resource.merge(theirs),
            attributes={
                str(name)[:64]: each
                for name, each in list(said["attributes"].items())[:16]
                if isinstance(each, int | float)
            },
            start_time=said["start_ns"],
            end_time=said["end_ns"],
        )
        _here.provider._active_span_processor.on_end(found)  # noqa: SLF001 - the only way in

    def _fits(self, said: dict[str, Any]) -> bool:
        hexes = (said.get("trace_id"), said.get("span_id"), said.get("parent_id"))
        times = (said.get("start_ns"), said.get("end_ns"))
        return (
            said.get("trace_id") == self._trace
            and all(isinstance(each, str) and HEX.match(each) for each in hexes)
            and len(said["span_id"]) == len(said["parent_id"]) == 16
            and all(isinstance(each, int) and 0 < each < 2**63 for each in times)
            and isinstance(said.get("name"), str)
            and isinstance(said.get("attributes"), dict)
        )


def _current() -> Any:
    from opentelemetry.trace import get_current_span  # noqa: PLC0415 - is there

    return get_current_span().get_span_context()


def _read(traceparent: str) -> "Context":
    from opentelemetry.trace.propagation import tracecontext  # noqa: PLC0415 - is there

    return tracecontext.TraceContextTextMapPropagator().extract({"traceparent": traceparent})
