"""Jobs by the gateway, without the other services: accepted, waited for, asked for once."""

import asyncio
from typing import Any

from fastapi import FastAPI
from httpx import AsyncClient

from libs.common.artifacts import ArtifactStore
from libs.common.bus import Bus
from libs.common.events import (
    Artifact,
    DatasetDeleted,
    DatasetRef,
    DatasetRegistered,
    DatasetRequested,
    DatasetStarted,
    DatasetValidated,
)
from tests.gateway_app import app, rest, validate

__all__ = ["app", "rest"]  # fixtures


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


async def test_an_unchanged_answer_costs_no_bytes(rest: AsyncClient) -> None:
    first = await rest.get("/models")
    again = await rest.get("/models", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


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
