"""The gateway's app on a real bus and store, without the other services."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import websockets
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from websockets.typing import Origin

from libs.common.artifacts import ArtifactStore
from libs.common.bus import Bus
from libs.common.events import (
    AnalysisRequested,
    Artifact,
    DatasetDeleted,
    DatasetRef,
    DatasetRegistered,
    DatasetRequested,
    DatasetStarted,
    DatasetValidated,
    ModelRef,
)
from libs.common.settings import Settings
from services.gateway import ledger as ledgers
from services.gateway.app import create_app
from services.gateway.edge.serve import server as edge_server
from services.gateway.settings import GatewaySettings

BASE = "/api/v1/ml"


@pytest.fixture
def app(settings: Settings, bus: Bus, tmp_path: Path) -> FastAPI:
    (tmp_path / "logos").mkdir()
    (tmp_path / "logos" / "data.yaml").write_text("names: [a]\n")
    fields = settings.model_dump() | {"ui_dir": tmp_path / "ui", "max_body_bytes": 5000}
    return create_app(GatewaySettings.model_validate(fields))


@pytest.fixture
async def rest(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url=f"http://localhost{BASE}") as client,
    ):
        yield client


@contextlib.asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The same app behind a real server, for sockets."""
    server = edge_server(app, GatewaySettings(port=0))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


async def validate(rest: AsyncClient, **headers: str) -> Any:
    body = {"dataset_path": "logos"}
    wait = {"Prefer": "respond-async"} | headers
    return await rest.post("/dataset/validate", json=body, headers=wait)


async def finish(bus: Bus, artifacts: ArtifactStore, job_id: str) -> None:
    """What the dataset service would tell."""
    await bus.publish(DatasetStarted(job_id=job_id, attempt=1, worker="w"))
    report = await artifacts.put_bytes(f"datasets/.reports/{job_id}/report.json", b'{"valid":true}')
    told = DatasetValidated(
        job_id=job_id,
        attempt=1,
        valid=True,
        total_images=0,
        total_labels=0,
        errors=0,
        warnings=0,
        seconds=0,
        report=report,
    )
    await bus.publish(told)


async def test_a_post_is_accepted_and_its_result_is_served(
    rest: AsyncClient, bus: Bus, artifacts: ArtifactStore
) -> None:
    accepted = await validate(rest)
    assert accepted.status_code == 202
    location = accepted.headers["Location"]
    job_id = accepted.json()["validation_id"]
    assert (await rest.get(f"http://localhost{location}")).json()["status"] == "queued"
    await finish(bus, artifacts, job_id)
    async with asyncio.timeout(5):
        while (answer := (await rest.get(f"/dataset/validate/{job_id}")).json())[
            "status"
        ] != "completed":
            await asyncio.sleep(0.01)
    assert answer["valid"] is True


async def test_a_post_that_waits_gets_the_whole_result(
    rest: AsyncClient, bus: Bus, artifacts: ArtifactStore
) -> None:
    post = rest.post("/dataset/validate", json={"dataset_path": "logos"})
    waiting = asyncio.create_task(post)
    async with asyncio.timeout(5):
        while not (records := await bus.read()):
            await asyncio.sleep(0.01)
    await finish(bus, artifacts, records[0].event.job_id)
    answer = await asyncio.wait_for(waiting, 5)
    assert (answer.status_code, answer.json()) == (200, {"valid": True})


async def test_the_same_key_and_body_start_one_job(rest: AsyncClient, bus: Bus) -> None:
    key = {"Idempotency-Key": "once"}
    first, second = await asyncio.gather(validate(rest, **key), validate(rest, **key))
    assert first.json()["validation_id"] == second.json()["validation_id"]
    assert await bus.last_sequence() == 1
    other = {"dataset_path": "logos", "mode": "fast"}
    refused = await rest.post("/dataset/validate", json=other, headers=key)
    assert refused.status_code == 409
    assert "new key" in refused.json()["detail"]


async def test_the_status_names_a_new_folder_soon(rest: AsyncClient, tmp_path: Path) -> None:
    first = (await rest.get("/status")).json()
    assert first["available_datasets"] == ["logos"]
    assert first["disk_usage"]["total"] > 0
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "data.yaml").write_text("names: [a]\n")
    async with asyncio.timeout(20):
        while (await rest.get("/status")).json()["available_datasets"] != ["logos", "more"]:
            await asyncio.sleep(0.05)


async def test_an_unchanged_answer_costs_no_bytes(rest: AsyncClient) -> None:
    first = await rest.get("/models")
    again = await rest.get("/models", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/training/status/nobody", None, 404),
        ("GET", "/nowhere", None, 404),
        ("GET", "/datasets/nobody", None, 404),
        ("GET", "/models/nobody/info", None, 404),
        ("GET", "/artifacts/trainings/p/none", None, 404),
        ("GET", "/artifacts/uploads/x.zip", None, 404),
        ("GET", "/artifacts/trainings/%2e%2e/%2e%2e/etc/passwd", None, 422),
        ("GET", "/events?topics=a..b", None, 422),
        ("POST", "/training/cancel/nobody", {}, 404),
        ("GET", "/model/compare/nobody", None, 404),
        ("GET", "/model/compare/nobody/boxes", None, 404),
        ("GET", "/model/thresholds/nobody", None, 404),
        ("POST", "/model/compare", {"base": "a", "candidates": ["b"]}, 404),
        ("POST", "/model/compare", {"base": "a"}, 422),
        ("POST", "/model/compare", {"models": ["a", "b"]}, 422),
        ("POST", "/model/compare", {"models": ["a", "b"], "test_dataset_path": "logos"}, 404),
        ("POST", "/model/thresholds", {"validation_id": "a"}, 404),
        ("POST", "/model/thresholds", {"validation_id": "a", "target": {"kind": "precision"}}, 422),
        ("POST", "/dataset/validate", {}, 422),
        ("POST", "/dataset/validate", {"dataset_path": "../../etc"}, 404),
        ("POST", "/training/start", {"mode": "full", "dataset_path": "/etc"}, 404),
        ("POST", "/dataset/validate", {"dataset_path": "x" * 6000}, 413),
        ("DELETE", "/training/start", None, 405),
    ],
)
async def test_every_error_is_a_problem_that_says_what_to_do(
    rest: AsyncClient, method: str, path: str, body: object, status: int
) -> None:
    answer = await rest.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert isinstance(problem["detail"], str)
    assert problem["detail"]


async def test_a_validation_without_a_result_cannot_be_compared(
    rest: AsyncClient, bus: Bus
) -> None:
    for job_id in ("v1", "v2"):
        await bus.publish(
            AnalysisRequested(
                job_id=job_id, operation="validate", model=ModelRef(name="m", path="/m.pt")
            )
        )
    async with asyncio.timeout(10):
        while len((await rest.get("/model/validate")).json()) < 2:
            await asyncio.sleep(0.01)
    answer = await rest.post("/model/compare", json={"base": "v1", "candidates": ["v2"]})
    assert answer.status_code == 409
    assert "it is queued" in answer.json()["detail"]
    assert (await rest.get("/model/compare/v1")).status_code == 404
    assert (await rest.get("/model/compare")).json() == []


async def test_a_page_of_another_site_can_change_nothing(rest: AsyncClient) -> None:
    foreign = await validate(rest, Origin="http://evil.example")
    rebound = await validate(rest, Host="evil.example")
    assert (foreign.status_code, rebound.status_code) == (403, 403)
    own = await validate(rest, Origin="http://localhost")
    assert own.status_code == 202


async def test_two_runs_of_one_name_never_share_a_folder(rest: AsyncClient) -> None:
    body = {"mode": "full", "dataset_path": "logos", "experiment_name": "same"}
    first = (await rest.post("/training/start", json=body)).json()["experiment_name"]
    posts = [rest.post("/training/start", json=body) for _ in range(4)]
    others = [answer.json()["experiment_name"] for answer in await asyncio.gather(*posts)]
    assert first == "same"
    assert sorted(others) == ["same-2", "same-3", "same-4", "same-5"]


async def test_base_weights_decide_the_architecture(rest: AsyncClient) -> None:
    body = {"mode": "transfer", "dataset_path": "logos", "base_model_path": "shirushi-logo-n"}
    started = (await rest.post("/training/start", json=body)).json()
    shown = (await rest.get(f"/training/status/{started['training_id']}")).json()
    assert shown["request"]["arguments"]["model_architecture"] == "yolov8n"
    other = body | {"model_architecture": "yolov8s"}
    refused = await rest.post("/training/start", json=other)
    assert refused.status_code == 422
    assert "yolov8n" in refused.json()["detail"]


async def test_lists_page_by_cursor(rest: AsyncClient) -> None:
    body = {"mode": "full", "dataset_path": "logos"}
    for _ in range(5):
        await rest.post("/training/start", json=body)
    seen: list[str] = []
    url: str | None = "/training/status?limit=2"
    while url:
        answer = await rest.get(url)
        seen += [each["training_id"] for each in answer.json()]
        link = answer.headers.get("Link")
        url = f"http://localhost{link[1 : link.index('>')]}" if link else None
    everything = [each["training_id"] for each in (await rest.get("/training/status")).json()]
    assert seen == everything
    assert len(set(seen)) == 5
    waiting = (await rest.get("/training/status?status=queued&sort=created_at")).json()
    assert [each["queue_position"] for each in waiting] == [1, 2, 3, 4, 5]
    assert (await rest.get("/training/status?status=running")).json() == []


async def test_an_artifact_is_served_by_range_and_runs_nowhere(
    rest: AsyncClient, artifacts: ArtifactStore
) -> None:
    await artifacts.put_bytes("trainings/p/e/results.csv", b"0123456789")
    await artifacts.put_bytes("trainings/p/e/page.html", b"<script>")
    part = await rest.get("/artifacts/trainings/p/e/results.csv", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    past = await rest.get("/artifacts/trainings/p/e/results.csv", headers={"Range": "bytes=10-"})
    assert past.status_code == 416
    page = await rest.get("/artifacts/trainings/p/e/page.html")
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in page.headers["Content-Security-Policy"]


async def test_readiness_names_what_is_missing(rest: AsyncClient) -> None:
    assert (await rest.get("http://localhost/healthz")).json() == {"status": "ok"}
    answer = await rest.get("http://localhost/readyz")
    assert answer.status_code == 503
    assert "no trainer service" in answer.json()["detail"]
    assert answer.headers["Retry-After"]


async def test_the_socket_replays_and_goes_on_without_gap_or_double(app: FastAPI, bus: Bus) -> None:
    for number in range(5):
        await bus.publish(DatasetStarted(job_id=f"old-{number}", attempt=1, worker="w"))
    async with serving(app) as host:
        url = f"ws://{host}{BASE}/ws?after=2&topics=dataset.%3E"
        async with websockets.connect(url, open_timeout=20) as socket:
            for number in range(5):
                await bus.publish(DatasetStarted(job_id=f"new-{number}", attempt=1, worker="w"))
            async with asyncio.timeout(10):
                frames = [orjson.loads(await socket.recv()) for _ in range(8)]
        assert [each["seq"] for each in frames] == list(range(3, 11))
        assert frames[-1]["subject"] == "new-4"
        url = f"ws://{host}{BASE}/ws?after=-4"
        async with websockets.connect(url, open_timeout=5) as socket, asyncio.timeout(10):
            last = [orjson.loads(await socket.recv())["seq"] for _ in range(3)]
    assert last == [8, 9, 10]


async def test_history_older_than_the_window_comes_from_the_log(app: FastAPI, bus: Bus) -> None:
    for number in range(30):
        await bus.publish(DatasetStarted(job_id=f"old-{number}", attempt=1, worker="w"))
    async with serving(app) as host:
        ring = app.state.gateway.ledger.ring
        async with asyncio.timeout(10):
            while ring.last < 30:
                await asyncio.sleep(0.01)
        del ring._frames[:25], ring._seqs[:25]
        async with websockets.connect(f"ws://{host}{BASE}/ws?after=0", open_timeout=20) as socket:
            async with asyncio.timeout(10):
                seqs = [orjson.loads(await socket.recv())["seq"] for _ in range(30)]
    assert seqs == list(range(1, 31))


@pytest.mark.parametrize(
    "frame", ["{", '{"op":"x"}', b"\x00\x01", '{"op":"subscribe","topics":["a b"]}']
)
async def test_a_bad_frame_closes_the_socket_with_a_code(app: FastAPI, frame: str | bytes) -> None:
    async with (
        serving(app) as host,
        websockets.connect(f"ws://{host}{BASE}/ws", open_timeout=20) as socket,
    ):
        await socket.send(frame)
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await asyncio.wait_for(socket.recv(), 5)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1008


async def test_a_socket_of_another_site_is_refused(app: FastAPI) -> None:
    async with serving(app) as host:
        with pytest.raises(websockets.InvalidStatus):
            async with websockets.connect(
                f"ws://{host}{BASE}/ws", origin=Origin("http://evil.example"), open_timeout=20
            ):
                pass


@pytest.mark.parametrize("path", ["/openapi.json", "/asyncapi.json"])
async def test_the_contracts_are_generated(rest: AsyncClient, path: str) -> None:
    document = (await rest.get(f"http://localhost{path}")).json()
    assert document["info"]["version"] == "0.1.0"
    assert len(document.get("paths") or document["channels"]) > 20


async def test_the_docs_load_nothing_from_elsewhere(rest: AsyncClient) -> None:
    page = await rest.get("http://localhost/docs")
    assert "'self'" in page.headers["Content-Security-Policy"]
    links = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page.text)
    assert len(links) == 3
    for link in links:
        assert link.startswith("/docs/")
        assert (await rest.get(f"http://localhost{link}")).status_code == 200
    assert (await rest.get("http://localhost/docs/other.js")).status_code == 404


async def test_a_gateway_that_still_reads_the_log_says_so_and_never_that_nothing_is_there(
    rest: AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await validate(rest)
    address = f"/dataset/validate/{told.json()['validation_id']}"
    monkeypatch.setattr(ledgers, "FOLD_S", 0.2)
    app.state.gateway.ledger._caught_up.clear()
    answer = await rest.get(address)
    assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[1]) == (503, "not_ready")
    assert answer.headers["retry-after"]
    assert (await rest.get("/status")).status_code == 200
    monkeypatch.setattr(ledgers, "FOLD_S", 10.0)
    asking = asyncio.create_task(rest.get(address))
    await asyncio.sleep(0.05)
    app.state.gateway.ledger._caught_up.set()
    assert (await asking).json()["status"] == "queued", "it waited"


async def test_a_delete_that_is_asked_for_again_is_the_same_delete(
    rest: AsyncClient, app: FastAPI, bus: Bus
) -> None:
    passed = app.state.gateway.ledger.passed
    asked = DatasetRequested(job_id="made", operation="import", dataset=DatasetRef(name="logos"))
    manifest = Artifact(key="datasets/gone/v1/manifest.json", size_bytes=1, sha256="0" * 64)
    version: dict[str, Any] = {"name": "gone", "version": "v1", "classes": (), "counts": {}}
    await bus.publish(asked)
    told = DatasetRegistered(job_id="made", attempt=1, manifest=manifest, **version)
    headers = {"Idempotency-Key": "once", "Prefer": "respond-async"}
    await passed(await bus.publish(told))
    first = await rest.delete("/datasets/gone?confirm=true", headers=headers)
    job_id = first.json()["edit_id"]
    await passed(await bus.publish(DatasetDeleted(job_id=job_id, attempt=1, name="gone")))
    again = await rest.delete("/datasets/gone?confirm=true", headers=headers)
    assert (again.status_code, again.json()["edit_id"]) == (200, job_id)
    assert (await rest.delete("/datasets/gone?confirm=true")).status_code == 404
