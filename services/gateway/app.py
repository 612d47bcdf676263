"""Assemble the gateway: decides nothing, only wires."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from libs.common.service import end, open_service
from libs.common.version import VERSION
from services.gateway import asyncapi, contract, docs, page, problems
from services.gateway.access.access import Access
from services.gateway.audit import Audit
from services.gateway.edge.observed import Observed
from services.gateway.fanout import Fanout
from services.gateway.guard import Guard
from services.gateway.ledger import Ledger
from services.gateway.machine import Machine
from services.gateway.readings import Readings
from services.gateway.resolve import Resolver
from services.gateway.routes import (
    artifacts,
    cancelling,
    comparisons,
    dataset_checks,
    dataset_edits,
    dataset_images,
    dataset_versions,
    datasets,
    events,
    explanations,
    host_history,
    hosts,
    judgements,
    models,
    panels,
    session,
    system,
    thresholds,
    training_control,
    training_curves,
    training_forecast,
    trainings,
)
from services.gateway.settings import GatewaySettings
from services.gateway.snapshots import Snapshots
from services.gateway.state import BASE, Gateway

PATIENCE_S = 5.0
ROUTES = (
    system,
    session,
    host_history,
    dataset_checks,
    dataset_edits,
    dataset_images,
    dataset_versions,
    datasets,
    trainings,
    training_control,
    training_curves,
    hosts,
    training_forecast,
    models,
    judgements,
    comparisons,
    cancelling,
    panels,
    thresholds,
    explanations,
    artifacts,
    events,
)


def create_app(settings: GatewaySettings) -> FastAPI:
    """The ASGI app; everything it owns lives as long as its lifespan."""
    access, audit = Access(settings), Audit()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_service("gateway", settings, patience_s=PATIENCE_S) as deps:
            ledger, readings = Ledger(), Readings()
            snapshots = Snapshots(ledger, deps.artifacts, deps.scratch)
            resolver = Resolver(ledger, settings)
            app.state.access = access
            fanout = Fanout(ledger.ring, readings)
            machine = Machine(settings.home, resolver.datasets_on_disk, resolver.base_models)
            app.state.gateway = Gateway(settings, deps, ledger, readings, resolver, fanout, machine)
            tasks = [
                asyncio.create_task(audit.tell(deps.outbox)),
                asyncio.create_task(snapshots.follow(deps.bus)),
                asyncio.create_task(fanout.look_after()),
                asyncio.create_task(readings.follow(deps.bus)),
                asyncio.create_task(readings.poll(deps.bus, deps.artifacts)),
            ]
            try:
                yield
            finally:
                await end(*tasks, patience_s=1.0)

    app = FastAPI(
        title="Shirushi",
        version=VERSION,
        summary="Check, train, watch and judge logo detectors",
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own pages load scripts from elsewhere
        redoc_url=None,
    )
    problems.install(app)
    for each in ROUTES:
        app.include_router(each.router, prefix=BASE)
    app.include_router(system.root)
    app.include_router(docs.router)

    @app.get("/asyncapi.json", include_in_schema=False)
    async def events_document() -> JSONResponse:
        return JSONResponse(asyncapi.document())

    app.include_router(page.router(settings.ui_dir))
    contract.tell_problems(app)
    app.add_middleware(Observed)
    app.add_middleware(Guard, settings=settings, access=access, audit=audit)
    return app
