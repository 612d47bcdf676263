"""What the gateway refuses, and that every refusal says what to do."""

import asyncio

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from libs.common.bus import Bus
from libs.common.events import (
    AnalysisRequested,
    ModelRef,
)
from services.gateway import ledger as ledgers
from tests.gateway_app import app, rest, validate

__all__ = ["app", "rest"]  # fixtures


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
