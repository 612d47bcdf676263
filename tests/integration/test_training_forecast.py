"""What a training would need: the gateway's route, answered by the trainer's own question."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from httpx import AsyncClient

from libs.common.asks import answer_questions
from libs.common.events import DatasetStarted, DatasetValidated
from libs.common.service import Deps
from services.trainer.admission import Admission
from services.trainer.domain.estimate import pace_key
from services.trainer.domain.memory import Shape
from services.trainer.estimating import training_questions
from tests.answers import promised
from tests.gateway_app import app, rest, validate
from tests.unit.services.trainer.conftest import draw_dataset

__all__ = ["app", "rest"]  # fixtures

REPORT: dict[str, Any] = {
    "statistics": {
        "figures": {
            "imgsz": 640,
            "boxes": {"by_size": {"small": 0.4, "medium": 0.3, "large": 0.3}},
            "images": {
                "width": {"edges": [16, 90, 512], "counts": [1, 9]},
                "height": {"edges": [16, 90, 512], "counts": [9, 1]},
            },
        }
    }
}


@asynccontextmanager
async def answering(deps: Deps, admission: Admission) -> AsyncIterator[None]:
    questions = training_questions(deps, admission)
    task = asyncio.create_task(answer_questions(deps.bus, "training", questions))
    await deps.bus.nc.flush()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def checked(deps: Deps, rest: AsyncClient) -> str:
    """A finished check of the dataset, with its report in the store."""
    job_id: str = (await validate(rest)).json()["id"]
    report = await deps.artifacts.put_bytes("datasets/.reports/x.json", orjson.dumps(REPORT))
    await deps.bus.publish(DatasetStarted(job_id=job_id, attempt=1, worker="w"))
    told = DatasetValidated(
        job_id=job_id,
        attempt=1,
        valid=False,
        total_images=7,
        total_labels=7,
        errors=2,
        warnings=0,
        summary={"label_bad_class": 2},
        seconds=1,
        report=report,
    )
    seq = await deps.bus.publish(told)
    async with asyncio.timeout(5):
        while (await rest.get("/events", params={"after": seq - 1})).json() == []:
            await asyncio.sleep(0.01)
    return job_id


async def test_a_training_is_forecast_from_its_data_the_machine_and_earlier_ones(
    deps: Deps, rest: AsyncClient, tmp_path: Path
) -> None:
    draw_dataset(tmp_path / "logos", train=20)
    admission = Admission(tmp_path / "gpu-peaks.json")
    body = {"mode": "full", "dataset_path": "logos", "model_architecture": "yolov8n", "epochs": 10}
    body |= {"device": "cpu", "imgsz": 64}
    async with answering(deps, admission):
        first = await rest.post("/training/forecast", json=body)
        assert first.status_code == 200, first.text
        found = promised(first)
        assert found["dataset"]["images"]["train"] == 20
        assert found["dataset"]["check"] is None
        assert (found["device"], found["memory"], found["time"]) == ("cpu", None, None)
        listed = promised(await rest.get("/training/arguments"))
        assert {"name", "kind", "low", "high", "default"} < set(listed["extra"][0])
        assert set(found["presets"]) == {"auto", "quick", "thorough"}

        admission.paces.learn(pace_key("cpu", Shape("yolov8n", 64, 16, amp=True)), 0.1)
        job_id = await checked(deps, rest)
        found = promised(await rest.post("/training/forecast", json=body))
    assert found["time"]["epoch_s"] == pytest.approx(2.0)
    assert found["dataset"]["check"]["validation_id"] == job_id
    assert found["dataset"]["check"]["errors"] == 2
    assert found["dataset"]["small_boxes"] == pytest.approx(0.4)
    assert found["dataset"]["images_under_px"] == 512


async def test_what_cannot_be_started_cannot_be_forecast(rest: AsyncClient) -> None:
    body = {"mode": "transfer", "dataset_path": "logos"}
    assert (await rest.post("/training/forecast", json=body)).status_code == 422
    body |= {"base_model_path": "nothing-of-this-name"}
    assert (await rest.post("/training/forecast", json=body)).status_code == 404


async def test_without_a_trainer_the_forecast_says_who_is_away(rest: AsyncClient) -> None:
    answer = await rest.post("/training/forecast", json={"mode": "full", "dataset_path": "logos"})
    assert answer.status_code == 503
    assert "training service" in answer.json()["detail"]
