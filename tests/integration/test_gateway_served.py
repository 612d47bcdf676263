"""What the gateway serves besides answers: files of the store, contracts, docs, its own state."""

import asyncio
import re
from pathlib import Path

import pytest
from httpx import AsyncClient

from libs.common.artifacts import ArtifactStore
from tests.gateway_app import app, rest

__all__ = ["app", "rest"]  # fixtures


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


async def test_readiness_names_what_is_missing(rest: AsyncClient) -> None:
    assert (await rest.get("http://localhost/healthz")).json() == {"status": "ok"}
    answer = await rest.get("http://localhost/readyz")
    assert answer.status_code == 503
    assert "no trainer service" in answer.json()["detail"]
    assert answer.headers["Retry-After"]


async def test_the_status_names_a_new_folder_soon(rest: AsyncClient, tmp_path: Path) -> None:
    first = (await rest.get("/status")).json()
    assert first["available_datasets"] == ["logos"]
    assert first["disk_usage"]["total"] > 0
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "data.yaml").write_text("names: [a]\n")
    async with asyncio.timeout(20):
        while (await rest.get("/status")).json()["available_datasets"] != ["logos", "more"]:
            await asyncio.sleep(0.05)
