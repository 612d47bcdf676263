"""What Prometheus is shown, read by Prometheus' own parser and held against the log."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from deploy.ports import free_ports
from libs.common import subjects
from libs.common.bus import Bus
from libs.common.errors import BadInput, PermanentError
from libs.common.events import (
    DatasetRef,
    DatasetRequested,
    TrainingArguments,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.jobs import fold
from libs.common.metrics import served
from libs.common.service import Deps
from libs.common.settings import Settings
from libs.common.work import Attempt, run_jobs
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.told import epoch

Values = dict[str, dict[tuple[tuple[str, str], ...], float]]
GPU = {
    "index": 0,
    "name": "H100",
    "utilization_percent": 62.0,
    "memory_used_bytes": 3 * 2**30,
    "memory_total_bytes": 80 * 2**30,
    "temperature_c": 41.0,
    "power_w": None,
}


@pytest.fixture
def app(settings: Settings, bus: Bus, tmp_path: Path) -> FastAPI:
    fields = settings.model_dump() | {"ui_dir": tmp_path / "ui"}
    return create_app(GatewaySettings.model_validate(fields))


@pytest.fixture
async def rest(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://localhost") as client,
    ):
        yield client


def parsed(text: str) -> Values:
    """Each sample by its name and labels."""
    found: Values = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def of(values: Values, metric: str, /, **labels: str) -> float | None:
    return values.get(metric, {}).get(tuple(sorted(labels.items())))


async def told(bus: Bus) -> None:
    """Two trainings, one of which runs its third epoch, and a check that waits."""
    for number in (1, 2):
        await bus.publish(
            TrainingRequested(
                job_id=f"t{number}",
                dataset=DatasetRef(name="logos"),
                arguments=TrainingArguments(mode="full", epochs=3),
                experiment_name=f"e{number}",
            )
        )
    await bus.publish(TrainingStarted(job_id="t1", attempt=1, worker="w", device="0", from_epoch=0))
    for number in (1, 2):
        await bus.publish(epoch("t1", number))
    data = DatasetRef(name="logos")
    await bus.publish(DatasetRequested(job_id="d1", operation="validate", dataset=data))


async def test_the_figures_are_those_of_the_log_and_of_what_is_heard(
    rest: AsyncClient, app: FastAPI, bus: Bus
) -> None:
    await told(bus)
    last = await bus.last_sequence()
    await app.state.gateway.ledger.passed(last)
    host = {"host": "gpu-1", "cpu_percent": 50.0, "memory_percent": 25.0, "gpus": [GPU]}
    reading = {"attempt": 1, "done": 1, "of": 2, "images_per_s": 123.4}
    async with asyncio.timeout(20):
        while True:  # readings are not stored: told again until they are heard
            await bus.tell("system.w", host | {"disk": {"free_bytes": 5}})
            await bus.tell("progress.training.t1", reading)
            values = parsed((await rest.get("/metrics")).text)
            heard = of(values, "shirushi_training_images_per_second", training_id="t1")
            if heard and of(values, "shirushi_up", part="bus") == 1:
                break
            await asyncio.sleep(0.05)

    records = await bus.read(subjects.ALL_EVENTS)
    jobs = [
        fold(each for each in records if each.event.job_id == job_id)
        for job_id in {each.event.job_id for each in records}
    ]
    expected = Counter((job.area, str(job.status)) for job in jobs if job)
    shown = {
        (labels["area"], labels["status"]): count
        for labels, count in ((dict(key), n) for key, n in values["shirushi_jobs"].items())
        if count
    }
    assert shown == dict(expected)
    assert shown == {
        ("training", "running"): 1,
        ("training", "queued"): 1,
        ("dataset", "queued"): 1,
    }
    epochs = [each.seconds for job in jobs if job for each in job.epochs]
    assert of(values, "shirushi_training_epoch_seconds_count") == len(epochs) == 2
    assert of(values, "shirushi_training_epoch_seconds_sum") == sum(epochs)
    assert of(values, "shirushi_training_epoch_seconds_bucket", le="1.0") == 0
    assert of(values, "shirushi_training_epoch_seconds_bucket", le="5.0") == 2
    assert of(values, "shirushi_log_last_sequence") == last
    assert 0 <= (of(values, "shirushi_queue_oldest_seconds", area="training") or 0) < 60

    assert heard == 123.4
    card = {"host": "gpu-1", "gpu": "0", "name": "H100"}
    assert of(values, "shirushi_gpu_utilization_ratio", **card) == pytest.approx(0.62)
    assert of(values, "shirushi_gpu_memory_used_bytes", **card) == 3 * 2**30
    assert of(values, "shirushi_gpu_power_watts", **card) is None, "the card does not tell"
    assert of(values, "shirushi_host_cpu_ratio", host="gpu-1") == 0.5
    assert of(values, "shirushi_up", part="store") == 1
    assert (of(values, "shirushi_latency_seconds", part="bus") or 0) > 0
    assert of(values, "shirushi_bus_connected") == 1


async def test_requests_are_counted_by_the_pattern_that_they_fit(rest: AsyncClient) -> None:
    base = "/api/v1/ml/training/status"
    for path in (f"{base}/a", f"{base}/b", "/nothing/here"):
        assert (await rest.get(path)).status_code == 404
    values = parsed((await rest.get("/metrics")).text)
    labels = {"method": "GET", "route": f"{base}/{{training_id}}", "status": "404"}
    assert (of(values, "shirushi_http_requests_total", **labels) or 0) >= 2
    other = {"method": "GET", "route": "other", "status": "404"}
    assert (of(values, "shirushi_http_requests_total", **other) or 0) >= 1
    del labels["status"]
    assert (of(values, "shirushi_http_request_seconds_count", **labels) or 0) >= 2


async def test_a_service_shows_its_own_figures_where_it_is_asked_to(deps: Deps) -> None:
    [port] = free_ports(1)

    async def handler(attempt: Attempt) -> None:
        raise BadInput("not today")

    async def figures() -> Values:
        async with AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{port}/metrics")
        return parsed(answer.text)

    ended = {"area": "dataset", "end": "failed"}
    with served(f"127.0.0.1:{port}"):
        before = of(await figures(), "shirushi_attempts_total", **ended) or 0
        loop = asyncio.create_task(run_jobs(deps, subjects.DATASET, handler))
        data = DatasetRef(name="logos")
        request = DatasetRequested(job_id="d1", operation="validate", dataset=data)
        await deps.bus.publish(request)
        async with asyncio.timeout(20):
            values = await figures()
            while (of(values, "shirushi_attempts_total", **ended) or 0) <= before:
                await asyncio.sleep(0.02)
                values = await figures()
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop
        assert of(values, "shirushi_attempts_running", area="dataset") == 0
        assert (of(values, "shirushi_bus_publish_seconds_count") or 0) >= 1
        await deps.artifacts.put_bytes("a", b"1")
        values = await figures()
        assert (of(values, "shirushi_store_operation_seconds_count", operation="put") or 0) >= 1
        assert values["process_resident_memory_bytes"]
        with pytest.raises(PermanentError, match="SHIRUSHI_METRICS"), served(f"127.0.0.1:{port}"):
            pass
    with pytest.raises(httpx.TransportError):
        await figures()
