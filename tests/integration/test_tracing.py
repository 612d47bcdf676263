"""Traces of a real training, as a receiver of OTLP gets them."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from deploy.ports import free_ports
from libs.common import subjects, tracing
from libs.common.service import Deps
from libs.common.settings import Settings
from libs.common.work import run_jobs
from services.trainer.handlers import Trainings
from tests.conftest import ROOT, running, wait_until
from tests.nursery import SharedStock
from tests.receiver import Receiver, receiving
from tests.unit.services.trainer.conftest import draw_dataset

CALLERS = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = CALLERS.split("-")[1]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")  # milliseconds
    with receiving() as opened:
        yield opened


@contextmanager
def gateway(settings: Settings, folder: Path, **environment: str) -> Iterator[str]:
    """The gateway as its own process, with `settings`; its address."""
    [port] = free_ports(1)
    assert settings.s3_access_key
    assert settings.s3_secret_key
    told = {
        "SHIRUSHI_HOME": str(settings.home),
        "SHIRUSHI_ROOTS": str(folder),
        "SHIRUSHI_PORT": str(port),
        "SHIRUSHI_NATS_URL": settings.nats_url,
        "SHIRUSHI_S3_ENDPOINT": settings.s3_endpoint,
        "SHIRUSHI_S3_BUCKET": settings.s3_bucket,
        "SHIRUSHI_S3_ACCESS_KEY": settings.s3_access_key,
        "SHIRUSHI_S3_SECRET_KEY": settings.s3_secret_key.get_secret_value(),
        "SHIRUSHI_LOG_JSON": "1",
    }
    command = [sys.executable, "-m", "services.gateway"]
    with running(command, folder / "gateway.log", **told, **environment) as process:
        url = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            with suppress(httpx.HTTPError):
                return httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
            return False

        wait_until(answers, "the gateway answers")
        yield url
        process.terminate()
        process.wait(10)


async def test_one_training_is_one_trace_from_the_request_to_the_store(
    deps: Deps, settings: Settings, nursery: socket.socket, receiver: Receiver, tmp_path: Path
) -> None:
    dataset = draw_dataset(tmp_path / "drawn")
    with (
        gateway(settings, tmp_path, SHIRUSHI_OTLP=receiver.url) as url,
        tracing.exporting("trainer", deps.worker, receiver.url),
    ):
        stock = SharedStock(nursery)
        trainings = Trainings(stock, deps.scratch / "peaks.json")
        loop = asyncio.create_task(run_jobs(deps, subjects.trainer("default"), trainings.train))
        try:
            async with httpx.AsyncClient(base_url=f"{url}/api/v1/ml", trust_env=False) as rest:
                body = {"dataset_path": str(dataset), "mode": "full", "epochs": 2, "device": "cpu"}
                body |= {"model_architecture": "yolov8n", "imgsz": 64, "batch_size": 4}
                begun = await rest.post(
                    "/training/start", json=body, headers={"traceparent": CALLERS}
                )
                assert begun.status_code == 200, begun.text
                training = begun.json()["training_id"]
                async with asyncio.timeout(120):
                    while (await _status(rest, training)) not in ("completed", "failed"):
                        await asyncio.sleep(0.1)
                assert await _status(rest, training) == "completed"
        finally:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop
            await stock.close()
    wait_until(lambda: bool(receiver.named("send training.completed.v1")), "the last span came")

    assert {span.trace_id for span in receiver.spans} == {TRACE}, "polls make no traces"
    put = next(
        span
        for span in receiver.named("store copy")
        if str(span.attributes["aws.s3.key"]).endswith("/weights/best.pt")
    )
    chain = [(span.service, span.name) for span in receiver.above(put)]
    assert chain == [
        ("shirushi-training", "train"),
        ("shirushi-trainer", "process training.requested.v1"),
        ("shirushi-gateway", "send training.requested.v1"),
        ("shirushi-gateway", "POST /api/v1/ml/training/start"),
    ]
    request = receiver.named("POST /api/v1/ml/training/start")[0]
    assert request.parent_id == CALLERS.split("-")[2]
    assert request.attributes["http.response.status_code"] == 200
    epochs = receiver.named("epoch")
    assert [span.attributes["shirushi.epoch"] for span in epochs] == [1, 2]
    assert all(receiver.above(span)[0].name == "train" for span in epochs)
    told = receiver.named("send training.epoch_completed.v1")
    assert [receiver.above(span)[0] for span in told] == epochs
    assert not any(span.failed for span in receiver.spans)
    assert all(span.start_ns <= span.end_ns for span in receiver.spans)


async def _status(rest: httpx.AsyncClient, training: str) -> str:
    return str((await rest.get(f"/training/status/{training}")).json()["status"])


def test_log_lines_say_which_trace_they_belong_to(receiver: Receiver) -> None:
    program = (
        "import logging\n"
        "from libs.common import logs, tracing\n"
        "logs.configure(json=True)\n"
        f"with tracing.exporting('x', 'x:1', {receiver.url!r}):\n"
        f"    with tracing.continued({CALLERS!r}), tracing.span('work'):\n"
        "        logging.getLogger('x').info('inside')\n"
        "    logging.getLogger('x').info('outside')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    inside, outside = [json.loads(line) for line in done.stderr.splitlines()]
    [span] = receiver.named("work")
    assert (inside["trace_id"], inside["span_id"]) == (span.trace_id, span.span_id)
    assert "trace_id" not in outside


def test_without_an_endpoint_nothing_is_imported_that_could_send() -> None:
    program = (
        "import sys\n"
        "SENDING = ('opentelemetry.sdk', 'opentelemetry.exporter')\n"
        "from libs.common import service, tracing\n"
        "import services.gateway.app\n"
        "with tracing.exporting('x', 'x:1', None), tracing.span('a', root=True) as span:\n"
        "    assert span is None and tracing.traceparent() is None\n"
        "print([name for name in sys.modules if name.startswith(SENDING)])\n"
    )
    bare = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=bare, check=True, capture_output=True
    )
    assert done.stdout == b"[]\n"


def test_a_receiver_that_is_away_holds_nobody_up() -> None:
    [port] = free_ports(1)
    began_s = time.monotonic()
    with (
        tracing.exporting("x", "x:1", f"http://127.0.0.1:{port}"),
        tracing.span("work", root=True) as span,
    ):
        assert span is not None
        assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]", tracing.traceparent() or "")
    assert time.monotonic() - began_s < 5


def test_what_a_child_says_of_another_trace_is_not_passed_on(receiver: Receiver) -> None:
    with tracing.exporting("x", "x:1", receiver.url), tracing.span("work", root=True):
        spans = tracing.Relayed("child")
        _, trace, parent, _ = (tracing.traceparent() or "").split("-")
        good = {
            "trace_id": trace,
            "span_id": "a" * 16,
            "parent_id": parent,
            "name": "good",
            "start_ns": 1,
            "end_ns": 2,
            "attributes": {"n": 1, "secret": "text is left out"},
        }
        spans.take(good)
        for wrong in (
            {"trace_id": "b" * 32},
            {"span_id": "x"},
            {"span_id": None},
            {"start_ns": "1"},
            {"end_ns": 2**70},
            {"attributes": None},
            {"name": 1},
        ):
            spans.take(good | wrong)
        assert spans.own(f"00-{trace}-{'c' * 16}-01")
        assert spans.own(CALLERS) is None
        assert spans.own(None) is None
    wait_until(lambda: bool(receiver.named("work")), "the spans came")
    assert [span.name for span in receiver.spans if span.service == "child"] == ["good"]
    assert receiver.named("good")[0].attributes == {"n": 1}
