"""What each service measures of itself, for Prometheus; docs/observability.md is the contract."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)

from libs.common.errors import PermanentError

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

QUICK_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LONG_S = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 28800.0, 86400.0)

PUBLISH_S = Histogram(
    "shirushi_bus_publish_seconds",
    "From telling an event until the log has confirmed it, tries included",
    buckets=QUICK_S,
    registry=REGISTRY,
)
STORE_S = Histogram(
    "shirushi_store_operation_seconds",
    "One operation on the artifact store",
    ["operation"],
    buckets=QUICK_S,
    registry=REGISTRY,
)
BUS_CONNECTED = Gauge(
    "shirushi_bus_connected", "1 while this process is connected to the bus", registry=REGISTRY
)
FACTS_KEPT = Gauge(
    "shirushi_outbox_facts", "Facts kept on disk until the bus takes them", registry=REGISTRY
)
RUNNING = Gauge(
    "shirushi_attempts_running",
    "Tries at jobs that run in this process",
    ["area"],
    registry=REGISTRY,
)
ENDED = Counter(
    "shirushi_attempts", "Tries at jobs that ended here", ["area", "end"], registry=REGISTRY
)
ATTEMPT_S = Histogram(
    "shirushi_attempt_seconds",
    "How long a try at a job took",
    ["area"],
    buckets=LONG_S,
    registry=REGISTRY,
)


@contextmanager
def timed(histogram: Histogram) -> Iterator[None]:
    """Note how long the block takes, if it does not raise."""
    began_s = time.perf_counter()
    yield
    histogram.observe(time.perf_counter() - began_s)


@contextmanager
def served(address: str | None) -> Iterator[None]:
    """Show the figures of this process at `http://ADDRESS/metrics` as long as the block lasts.

    Args:
        address: host:port; None = nowhere.

    Raises:
        PermanentError: it cannot be listened on.
    """
    if not address:
        yield
        return
    host, port = address.rsplit(":", 1)
    try:
        server, thread = start_http_server(int(port), host, REGISTRY)
    except (OSError, OverflowError) as error:
        raise PermanentError(
            f"SHIRUSHI_METRICS={address} cannot be listened on ({error}): choose another",
            code="metrics_port",
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
