"""The figures that the gateway shows to Prometheus: of itself, of the log, of what is heard now.

Those of the log are a fold that costs nothing when asked for; every gateway shows the same ones.
"""

import time
from collections import Counter as Counted
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from libs.common import metrics
from services.gateway.ledger import Ledger
from services.gateway.readings import Readings
from services.gateway.state import Gateway
from services.gateway.tally import EPOCH_S, Tally

REQUESTS = Counter(
    "shirushi_http_requests",
    "Requests that were answered",
    ["method", "route", "status"],
    registry=metrics.REGISTRY,
)
REQUEST_S = Histogram(
    "shirushi_http_request_seconds",
    "From a request to the end of its answer",
    ["method", "route"],
    buckets=metrics.QUICK_S,
    registry=metrics.REGISTRY,
)
GAUGES = {
    "shirushi_gpu_utilization_ratio": ("utilization_percent", 0.01, "Share of time it computes"),
    "shirushi_gpu_memory_used_bytes": ("memory_used_bytes", 1.0, "Memory in use"),
    "shirushi_gpu_memory_total_bytes": ("memory_total_bytes", 1.0, "Memory that it has"),
    "shirushi_gpu_temperature_celsius": ("temperature_c", 1.0, "Of the chip"),
    "shirushi_gpu_power_watts": ("power_w", 1.0, "Drawn now"),
}


def exposition(gateway: Gateway) -> bytes:
    """All of it, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(Log(gateway.ledger))
    registry.register(Heard(gateway.ledger, gateway.readings))
    return generate_latest(registry) + generate_latest(metrics.REGISTRY)


class Log(Collector):
    """What is a fold of the log."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def collect(self) -> Iterator[Metric]:
        """The families, one after the other."""
        ledger = self.ledger
        jobs = GaugeMetricFamily("shirushi_jobs", "Jobs in the log", labels=["area", "status"])
        for (area, status), count in sorted(ledger.tally.jobs.items()):
            jobs.add_metric([area, status], count)
        yield jobs
        waiting = GaugeMetricFamily(
            "shirushi_queue_oldest_seconds", "How long the oldest queued job waits", labels=["area"]
        )
        for area, active in sorted(ledger.active.items()):
            queued = [ledger.jobs[each] for each in active]
            since = [job.created_at.timestamp() for job in queued if job.status == "queued"]
            waiting.add_metric([area], max(0.0, time.time() - min(since)) if since else 0.0)
        yield waiting
        ends = CounterMetricFamily(
            "shirushi_jobs_ended", "Jobs that ended, by how", labels=["area", "status"]
        )
        for (area, status), count in sorted(ledger.tally.jobs.items()):
            if status in ("completed", "failed", "cancelled"):
                ends.add_metric([area, status], count)
        yield ends
        yield _epochs(ledger.tally)
        last = GaugeMetricFamily("shirushi_log_last_sequence", "Newest event that was folded")
        last.add_metric([], ledger.ring.last)
        yield last


def _epochs(tally: Tally) -> Metric:
    counts = list(accumulate(tally.epochs))
    bounds = [*(str(bound) for bound in EPOCH_S), "+Inf"]
    told = HistogramMetricFamily("shirushi_training_epoch_seconds", "Wall time of an epoch")
    told.add_metric([], list(zip(bounds, counts, strict=True)), tally.epochs_s)
    return told


class Heard(Collector):
    """What was heard lately, and is stored nowhere."""

    def __init__(self, ledger: Ledger, readings: Readings) -> None:
        self.ledger, self.readings = ledger, readings

    def collect(self) -> Iterator[Metric]:
        """The families, one after the other."""
        parts = (("bus", self.readings.bus), ("store", self.readings.artifacts))
        up = GaugeMetricFamily("shirushi_up", "1 where bus or store answers", labels=["part"])
        latency = GaugeMetricFamily(
            "shirushi_latency_seconds", "How long its answer took", labels=["part"]
        )
        for part, reading in parts:
            up.add_metric([part], reading["status"] == "ok")
            if reading["status"] == "ok":
                latency.add_metric([part], reading["latency_ms"] / 1000)
        yield up
        yield latency
        yield self._services()
        yield self._pace()
        yield from self._hosts()

    def _services(self) -> Metric:
        known = Counted((each["name"], each["status"]) for each in self.readings.service_list())
        told = GaugeMetricFamily(
            "shirushi_services", "Service processes on the bus", labels=["service", "status"]
        )
        for name in ("dataset", "trainer", "analyzer", "gateway"):
            for status in ("ok", "lost"):
                told.add_metric([name, status], known[name, status])
        return told

    def _pace(self) -> Metric:
        """Of each training that runs: as many lines as there are trainers."""
        told = GaugeMetricFamily(
            "shirushi_training_images_per_second",
            "Images that a running training takes in",
            labels=["training_id"],
        )
        for job_id in sorted(self.ledger.active["training"]):
            reading = self.readings.progress("training", job_id) or {}
            if isinstance(pace := reading.get("images_per_s"), int | float):
                told.add_metric([job_id], pace)
        return told

    def _hosts(self) -> Iterator[Metric]:
        hosts = self.readings.systems()
        cpu = GaugeMetricFamily("shirushi_host_cpu_ratio", "Share of its cores", labels=["host"])
        memory = GaugeMetricFamily("shirushi_host_memory_ratio", "In use", labels=["host"])
        disk = GaugeMetricFamily(
            "shirushi_host_disk_free_bytes", "Where trainings are worked on", labels=["host"]
        )
        cards = {
            name: GaugeMetricFamily(name, told, labels=["host", "gpu", "name"])
            for name, (_, _, told) in GAUGES.items()
        }
        for host in hosts:
            name = str(host["host"])
            cpu.add_metric([name], float(host.get("cpu_percent") or 0) / 100)
            memory.add_metric([name], float(host.get("memory_percent") or 0) / 100)
            disk.add_metric([name], float((host.get("disk") or {}).get("free_bytes") or 0))
            for gpu in host.get("gpus") or ():
                for metric, (field, scale, _) in GAUGES.items():
                    if (value := gpu.get(field)) is not None:
                        labels = [name, str(gpu.get("index")), str(gpu.get("name"))]
                        cards[metric].add_metric(labels, float(value) * scale)
        yield from (cpu, memory, disk, *cards.values())
