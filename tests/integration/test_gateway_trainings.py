"""Trainings as the gateway takes and lists them: names, base weights, pages."""

import asyncio

from httpx import AsyncClient

from libs.common.bus import Bus
from tests.answers import promised
from tests.gateway_app import app, rest
from tests.written_runs import begun, epoch_of

__all__ = ["app", "rest"]  # fixtures


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


async def test_curves_of_many_trainings_come_in_one_answer(rest: AsyncClient, bus: Bus) -> None:
    for job_id, epochs in (("one", 3), ("other", 1), ("young", 0)):
        for event in (*begun(job_id), *(epoch_of(job_id, each + 1, 9) for each in range(epochs))):
            seq = await bus.publish(event)
    async with asyncio.timeout(10):
        while (await rest.get("/status")).json()["last_seq"] < seq:
            await asyncio.sleep(0.01)
    answer = await rest.get("/training/curves?column=train/box_loss&name=bench/")
    found = promised(answer)
    assert answer.headers["X-Total-Count"] == "2"
    assert [(each["name"], each["epochs"]) for each in found] == [
        ("bench/other", [1]),
        ("bench/one", [1, 2, 3]),
    ]
    assert found[0]["values"] == [epoch_of("other", 1, 9).train_losses["box_loss"]]
    assert (await rest.get("/training/curves?status=completed")).json() == []
    assert (await rest.get("/training/curves?column=secret")).status_code == 422
