"""The gateway's app in the test's own process, on a real bus and store; fixtures to import."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from libs.common.bus import Bus
from libs.common.settings import Settings
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
