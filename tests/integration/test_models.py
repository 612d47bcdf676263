"""The registry of models by REST: what is known of each, its bytes, and how one is taken away."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from libs.common.artifacts import ArtifactStore
from libs.common.bus import Bus
from libs.common.errors import NotFound
from tests.answers import promised
from tests.gateway_app import BASE, app, rest
from tests.integration.test_training_control import STATE, asked, complete, until

__all__ = ["app", "rest"]  # fixtures

PLAIN = b"PK\x03\x04 weights"
RUN = "ml_training/r"


async def upload(rest: AsyncClient, name: str = "theirs") -> Any:
    files = {"file": ("w.pt", PLAIN)}
    return promised(await rest.post("/upload/model", params={"model_name": name}, files=files))


async def trained(rest: AsyncClient, bus: Bus, artifacts: ArtifactStore) -> str:
    """A completed training with weights, a table, and a checkpoint in the store."""
    job_id = await asked(rest)
    made = {
        name: await artifacts.put_bytes(f"trainings/ml_training/r/{name}", name.encode())
        for name in ("weights/best.pt", "weights/last.pt", "results.csv")
    }
    await artifacts.put_bytes(STATE.key, b"s")
    await complete(bus, job_id, made)
    await until(rest, job_id, "completed")
    return job_id


async def by_name(rest: AsyncClient) -> dict[str, Any]:
    return {each["name"]: each for each in promised(await rest.get("/models"))}


async def test_every_model_says_where_it_comes_from_and_can_be_downloaded(
    rest: AsyncClient, bus: Bus, artifacts: ArtifactStore
) -> None:
    await upload(rest)
    job_id = await trained(rest, bus, artifacts)
    models = await by_name(rest)
    run = models[RUN]
    assert (run["training_id"], run["dataset"], run["base_model"]) == (job_id, "logos", None)
    assert models["theirs"]["sha256"] == hashlib.sha256(PLAIN).hexdigest()
    assert models["theirs"]["created_at"]
    base = models["shirushi-logo-n"]
    assert 0 < base["metrics"]["map50"] <= 1
    assert len(base["classes"]) > 50
    for name, content in ((RUN, b"weights/best.pt"), ("theirs", PLAIN)):
        got = await rest.get(models[name]["url"].removeprefix(BASE))
        assert got.content == content
        assert name.replace("/", "-") in got.headers["Content-Disposition"]
    part = await rest.get("/models/shirushi-logo-n/weights", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"PK\x03\x04")
    assert (await rest.get("/models/nobody/weights")).status_code == 404


async def test_a_deleted_upload_is_gone_with_its_bytes_and_its_name_is_free(
    rest: AsyncClient, artifacts: ArtifactStore
) -> None:
    key = (await upload(rest))["path"]
    refused = await rest.delete("/models/theirs")
    assert refused.status_code == 422
    assert "confirm=true" in refused.json()["detail"]
    gone = promised(await rest.delete("/models/theirs", params={"confirm": "true"}))
    assert gone["deleted"] == [key]
    assert "theirs" not in await by_name(rest)
    assert "theirs" not in (await rest.get("/status")).json()["available_models"]
    with pytest.raises(NotFound):
        await artifacts.head(key)
    assert (await rest.delete("/models/theirs", params={"confirm": "true"})).status_code == 404
    await upload(rest)
    assert "theirs" in await by_name(rest)
    assert await artifacts.get_bytes(key) == PLAIN


async def test_of_a_training_only_the_weights_go(
    rest: AsyncClient, bus: Bus, artifacts: ArtifactStore
) -> None:
    job_id = await trained(rest, bus, artifacts)
    assert RUN in (await rest.get("/status")).json()["available_models"]
    gone = promised(await rest.delete(f"/models/{RUN}", params={"confirm": "true"}))
    assert len(gone["deleted"]) == 3
    shown = promised(await rest.get(f"/training/status/{job_id}"))
    assert (shown["status"], shown["best_model_path"]) == ("completed", None)
    assert RUN not in (await rest.get("/status")).json()["available_models"]
    files = promised(await rest.get(f"/training/{job_id}/artifacts"))
    assert [each["name"] for each in files] == ["results.csv"]
    used = await rest.post("/model/visualize", json={"model_path": RUN})
    assert "were deleted" in used.json()["detail"]
    extended = await rest.post(f"/training/extend/{job_id}", json={"epochs": 1})
    assert extended.status_code == 409
    assert await artifacts.get_bytes("trainings/ml_training/r/results.csv")
    for name in gone["deleted"]:
        with pytest.raises(NotFound):
            await artifacts.head(name)


async def test_a_model_that_work_goes_by_and_one_that_we_ship_stay(
    rest: AsyncClient, bus: Bus, artifacts: ArtifactStore
) -> None:
    job_id = await trained(rest, bus, artifacts)
    assert (await rest.post(f"/training/extend/{job_id}", json={"epochs": 1})).status_code == 200
    kept = await rest.delete(f"/models/{RUN}", params={"confirm": "true"})
    assert kept.status_code == 409
    assert "wait for its end" in kept.json()["detail"]
    ours = await rest.delete("/models/shirushi-logo-n", params={"confirm": "true"})
    assert ours.status_code == 422
    assert RUN in await by_name(rest)


async def test_the_log_is_read_backwards_by_topic(rest: AsyncClient) -> None:
    ids = [await asked(rest) for _ in range(3)]
    await upload(rest)
    newest = await rest.get("/events?before=1000&topics=training.>&limit=2")
    assert [each["subject"] for each in newest.json()] == ids[1:]
    assert "before=2&" in newest.headers["Link"] or "before=2>" in newest.headers["Link"]
    older = await rest.get("/events?before=2&topics=training.>&limit=2")
    assert [each["seq"] for each in older.json()] == [1]
    assert "Link" not in older.headers


async def test_the_readers_account_is_told_where_it_is_kept(
    rest: AsyncClient, tmp_path: Path
) -> None:
    assert (await rest.get("/events/readers")).status_code == 404
    account = {"url": "nats://127.0.0.1:1", "user": "reader", "password": "p", "stream": "EVENTS"}
    (tmp_path / "home" / "readers.json").write_text(json.dumps(account))
    answer = await rest.get("/events/readers")
    assert promised(answer) == account
    assert answer.headers["Cache-Control"] == "no-store"
