"""Pause, resume, extend, repeat and listen to trainings, by REST, without a trainer."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from libs.common import subjects
from libs.common.bus import Bus
from libs.common.events import (
    Artifact,
    CheckpointSaved,
    SamplesDrawn,
    TrainingAdjusted,
    TrainingCompleted,
    TrainingPaused,
    TrainingRequested,
    TrainingStarted,
)
from tests.gateway_app import app, rest

__all__ = ["app", "rest"]  # fixtures

STATE = Artifact(key="trainings/p/r/.attempts/x/state.pt", size_bytes=1, sha256="0" * 64)


async def asked(rest: AsyncClient) -> str:
    body = {"mode": "full", "dataset_path": "logos", "epochs": 3, "experiment_name": "r"}
    answer = await rest.post("/training/start", json=body)
    return str(answer.json()["training_id"])


async def until(rest: AsyncClient, job_id: str, status: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        while True:
            found: dict[str, Any] = (await rest.get(f"/training/status/{job_id}")).json()
            if found["status"] == status:
                return found
            await asyncio.sleep(0.01)


async def start(bus: Bus, job_id: str) -> None:
    told = {"job_id": job_id, "attempt": 1, "worker": "w", "device": "cpu", "from_epoch": 0}
    await bus.publish(TrainingStarted.model_validate(told))


async def complete(bus: Bus, job_id: str, artifacts: dict[str, Artifact] | None = None) -> None:
    await start(bus, job_id)
    files = {"state.pt": STATE}
    await bus.publish(CheckpointSaved(job_id=job_id, attempt=1, epoch=3, files=files))
    done = TrainingCompleted(
        job_id=job_id,
        attempt=1,
        epochs_done=3,
        best_epoch=3,
        best_metrics={},
        classes=("a",),
        seconds=1,
        artifacts=artifacts or {},
    )
    await bus.publish(done)


async def test_a_queued_training_is_paused_and_resumed(rest: AsyncClient) -> None:
    job_id = await asked(rest)
    paused = await rest.post(f"/training/pause/{job_id}")
    assert paused.json()["status"] == "paused"
    shown = (await rest.get(f"/training/status/{job_id}")).json()
    assert "resumes it" in shown["waiting_reason"]
    assert (await rest.post(f"/training/resume/{job_id}")).json()["status"] == "queued"
    again = await rest.post(f"/training/resume/{job_id}")
    assert again.status_code == 409
    assert "not paused" in again.json()["detail"]


async def test_a_running_training_is_paused_once_the_trainer_says_so(
    rest: AsyncClient, bus: Bus
) -> None:
    job_id = await asked(rest)
    await start(bus, job_id)
    told = {"error_code": "out_of_memory", "message": "half", "batch_size": 8}
    await bus.publish(TrainingAdjusted.model_validate({"job_id": job_id, "attempt": 1, **told}))
    await until(rest, job_id, "running")
    assert (await rest.post(f"/training/pause/{job_id}")).json()["status"] == "running"
    await bus.publish(TrainingPaused(job_id=job_id, attempt=1))
    shown = await until(rest, job_id, "paused")
    assert [each["batch_size"] for each in shown["adjustments"]] == [8]
    assert shown["attempt"] == 1


async def test_a_completed_training_is_extended_with_its_lineage(
    rest: AsyncClient, bus: Bus
) -> None:
    job_id = await asked(rest)
    early = await rest.post(f"/training/extend/{job_id}", json={"epochs": 2})
    assert early.status_code == 409
    await complete(bus, job_id)
    await until(rest, job_id, "completed")
    too_many = await rest.post(f"/training/extend/{job_id}", json={"epochs": 1000})
    assert too_many.status_code == 422
    key = {"Idempotency-Key": "once"}
    more = await rest.post(f"/training/extend/{job_id}", json={"epochs": 2}, headers=key)
    same = await rest.post(f"/training/extend/{job_id}", json={"epochs": 2}, headers=key)
    new_id = more.json()["training_id"]
    assert same.json()["training_id"] == new_id != job_id
    [record] = await bus.read(*subjects.of_job("training", new_id))
    request = record.event
    assert isinstance(request, TrainingRequested)
    assert (request.extends, request.checkpoint) == (job_id, {"state.pt": STATE})
    assert request.arguments.epochs == 5
    assert request.experiment_name == "r_more"


async def test_an_ended_training_is_repeated_under_a_name_of_its_own(
    rest: AsyncClient, bus: Bus
) -> None:
    job_id = await asked(rest)
    await complete(bus, job_id)
    await until(rest, job_id, "completed")
    again = (await rest.post(f"/training/retry/{job_id}")).json()
    assert again["training_id"] != job_id
    assert again["experiment_name"] != "r"
    late = await rest.post(f"/training/pause/{job_id}")
    assert late.status_code == 409


async def test_the_console_of_a_running_training_is_served_by_line(
    rest: AsyncClient, bus: Bus
) -> None:
    job_id = await asked(rest)
    for attempt, first, lines in ((1, 1, ["old"]), (2, 1, ["one", "two"]), (2, 3, ["three"])):
        told = {"attempt": attempt, "first": first, "lines": lines}
        await bus.tell(f"console.training.{job_id}", told)
    async with asyncio.timeout(5):
        while len(found := (await rest.get(f"/training/{job_id}/logs?after=1")).json()) < 2:
            await asyncio.sleep(0.01)
    assert found == [
        {"line": 2, "text": "two", "attempt": 2},
        {"line": 3, "text": "three", "attempt": 2},
    ]


async def test_sheets_of_predictions_are_listed_by_epoch_and_point_to_where_they_lie_now(
    rest: AsyncClient, bus: Bus
) -> None:
    job_id = await asked(rest)
    await start(bus, job_id)
    sheets = [sheet(job_id, epoch) for epoch in (1, 3)]
    for told in (sheets[1], sheets[0], sheets[1].model_copy(update={"epoch": 2, "attempt": 0})):
        await bus.publish(told)
    url = f"/training/{job_id}/samples"
    async with asyncio.timeout(5):
        while len(found := (await rest.get(url)).json()) < 2:
            await asyncio.sleep(0.01)
    assert [each["epoch"] for each in found] == [1, 3], "one of an older attempt does not count"
    assert found[0]["url"].endswith("/api/v1/ml/artifacts/trainings/p/r/.attempts/x/1.jpg")
    final = sheets[0].picture.model_copy(update={"key": "trainings/p/r/samples/epoch_0001.jpg"})
    weights = {f"weights/{name}.pt": final for name in ("best", "last")}
    await complete(bus, job_id, artifacts={"samples/epoch_0001.jpg": final, **weights})
    await until(rest, job_id, "completed")
    [first, _] = (await rest.get(url)).json()
    assert first["key"] == final.key
    assert (first["images"], first["labels"], first["predictions"]) == (["a.png"], 2, 1)


def sheet(job_id: str, epoch: int) -> SamplesDrawn:
    key = f"trainings/p/r/.attempts/x/{epoch}.jpg"
    return SamplesDrawn(
        job_id=job_id,
        attempt=1,
        epoch=epoch,
        picture=Artifact(key=key, size_bytes=1, sha256="0" * 64),
        images=("a.png",),
        labels=2,
        predictions=1,
        columns=1,
        cell_px=400,
        head_px=24,
    )


@pytest.mark.parametrize("what", ["pause", "resume", "retry", "extend"])
async def test_an_unknown_training_is_not_found(rest: AsyncClient, what: str) -> None:
    answer = await rest.post(f"/training/{what}/nothing", json={"epochs": 1})
    assert answer.status_code == 404
