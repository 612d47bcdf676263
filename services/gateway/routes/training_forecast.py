"""What a training would need, before it is started: asked of the trainer."""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from libs.common.answers.forecasts import Forecast, FurtherArguments
from libs.common.asks import ask
from libs.common.events import DatasetRef, DatasetRequested, DatasetValidated
from libs.common.jobs import Job
from services.gateway.access.scopes import READ
from services.gateway.requested import arguments_of, base_of
from services.gateway.routes.dataset_jobs import located
from services.gateway.schemas.trainings import StartTraining
from services.gateway.state import BASE, Gateway, State, fresh
from services.gateway.views import stamp

router = APIRouter(tags=["trainings"])
FORECAST_S = 30.0


@router.get(
    "/training/arguments", responses={200: {"model": FurtherArguments}}, dependencies=[READ]
)
async def arguments(gateway: State, request: Request) -> Response:
    """What `augmentation_params` and `extra` take: names, kinds, intervals, defaults."""
    return fresh(request, await ask(gateway.deps.bus, "training", "arguments", {}))


@router.post("/training/forecast", responses={200: {"model": Forecast}}, dependencies=[READ])
async def forecast(body: StartTraining, gateway: State) -> Response:
    """Memory needed and free, time, settings that suit, and what the last check found.

    Takes the body of `/training/start`, and starts nothing.
    """
    dataset = await located(gateway, body.dataset_path)
    base = await base_of(body, gateway)
    arguments = arguments_of(body, base, gateway)
    check = newest_check(gateway, dataset)
    fields: dict[str, Any] = {
        "arguments": arguments.model_dump(mode="json"),
        "dataset": dataset.model_dump(mode="json"),
    }
    if registered := gateway.ledger.dataset(body.dataset_path):
        fields["counts"] = registered.counts
    if check and isinstance(check.outcome, DatasetValidated):
        fields["report"] = check.outcome.report.key
    found = orjson.loads(
        await ask(gateway.deps.bus, "training", "forecast", fields, timeout_s=FORECAST_S)
    )
    found["architecture"] = arguments.model_architecture
    found["dataset"]["check"] = _check(check) if check else None
    active = [gateway.ledger.jobs[each] for each in gateway.ledger.active["training"]]
    found["queue"] = {
        "running": sum(not job.idle for job in active),
        "waiting": sum(job.status == "queued" for job in active),
    }
    return Response(orjson.dumps(found), media_type="application/json")


def newest_check(gateway: Gateway, dataset: DatasetRef) -> Job | None:
    """The newest finished check of this folder, or of this version of a dataset."""
    for job in gateway.ledger.newest("dataset"):
        request = job.request
        if (
            isinstance(job.outcome, DatasetValidated)
            and isinstance(request, DatasetRequested)
            and _same(request.dataset, dataset)
        ):
            return job
    return None


def _same(one: DatasetRef, other: DatasetRef) -> bool:
    if one.path or other.path or one.url or other.url:
        return (one.path, one.url) == (other.path, other.url)
    return (one.name, one.version) == (other.name, other.version)


def _check(job: Job) -> dict[str, Any]:
    outcome = job.outcome
    assert isinstance(outcome, DatasetValidated)
    return {
        "validation_id": job.id,
        "valid": outcome.valid,
        "errors": outcome.errors,
        "warnings": outcome.warnings,
        "summary": outcome.summary,
        "at": stamp(job.ended_at),
        "url": f"{BASE}/dataset/validate/{job.id}",
    }
