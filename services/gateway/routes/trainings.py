"""Start, watch and stop trainings."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from libs.common.answers.histories import ConsoleLine
from libs.common.answers.trainings import (
    ArtifactEntry,
    SampleSheet,
    TrainingStatus,
    TrainingTold,
)
from libs.common.errors import Conflict
from libs.common.events import (
    Failed,
    TrainingCancelRequested,
    TrainingCompleted,
)
from libs.common.jobs import Job
from services.gateway import epochs, views
from services.gateway.access.scopes import READ, RUN
from services.gateway.consoles import MOST_LINES
from services.gateway.registry import WEIGHTS
from services.gateway.requested import training_requested
from services.gateway.schemas.trainings import StartTraining
from services.gateway.state import BASE, Gateway, OnceOnly, State, fresh
from services.gateway.waiting import Standing, standings

router = APIRouter(tags=["trainings"])
TOLD: dict[int | str, Any] = {200: {"model": TrainingTold}}


@router.post("/training/start", response_model=None, responses=TOLD, dependencies=[RUN])
async def start(body: StartTraining, gateway: State, once: OnceOnly) -> dict[str, Any]:
    """Queue a training; it starts as soon as a trainer is free."""
    job = once.earlier(gateway)
    if job is None:
        job = await gateway.publish(await training_requested(body, gateway, once))
    name = views.run_name(job)
    return {
        "training_id": job.id,
        "status": job.status,
        "message": f"training {name} is queued",
        "status_url": f"{BASE}/training/status/{job.id}",
        "events_url": f"{BASE}/events?topics=training.*.*.{job.id}",
        "project_name": name.split("/")[0],
        "experiment_name": name.split("/")[1],
    }


@router.get(
    "/training/status/{training_id}",
    responses={200: {"model": TrainingStatus}},
    dependencies=[READ],
)
async def status(training_id: str, gateway: State, request: Request) -> Response:
    """One training, as it is now."""
    job = gateway.ledger.job(training_id, "training")
    return fresh(request, _view(gateway, job, _standings(gateway)))


@router.get(
    "/training/status", responses={200: {"model": list[TrainingStatus]}}, dependencies=[READ]
)
async def statuses(
    gateway: State,
    request: Request,
    status: Annotated[str | None, Query(max_length=32)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[int | None, Query(ge=0)] = None,
    sort: Annotated[str, Query(pattern="^-?created_at$")] = "-created_at",
    name: Annotated[
        str | None, Query(max_length=128, description="part of project/experiment")
    ] = None,
) -> Response:
    """Trainings, the newest first; the next page is in `Link`, their number in `X-Total-Count`."""
    jobs = chosen(gateway, status, name)
    if sort == "created_at":
        jobs.reverse()
    headers = {"X-Total-Count": str(len(jobs))}
    if cursor is not None:
        newer = sort == "created_at"
        jobs = [
            job for job in jobs if (job.first_seq > cursor if newer else job.first_seq < cursor)
        ]
    queue = _standings(gateway)
    page = [_view(gateway, job, queue) for job in jobs[:limit]]
    if len(jobs) > limit:
        again = request.url.include_query_params(cursor=jobs[limit - 1].first_seq)
        headers["Link"] = f'<{again.path}?{again.query}>; rel="next"'
    return fresh(request, page, headers)


@router.post(
    "/training/cancel/{training_id}", response_model=None, responses=TOLD, dependencies=[RUN]
)
async def cancel(training_id: str, gateway: State, keep: bool = False) -> dict[str, Any]:
    """Really stop it; `keep=true` = finish now and keep the weights."""
    job = gateway.ledger.job(training_id, "training")
    if job.finished:
        raise Conflict(f"the training is {job.status} already", code="already_finished")
    if keep and job.idle and job.checkpoint is None:
        raise Conflict(
            "nothing was trained yet: there is nothing to keep; cancel without keep",
            code="nothing_to_keep",
        )
    job = await gateway.publish(
        TrainingCancelRequested(job_id=job.id, keep=keep, nonce=uuid.uuid4().hex[:12])
    )
    return {
        "training_id": job.id,
        "status": job.status,
        "message": "finishing now and keeping the weights" if keep else "stopping",
        "status_url": f"{BASE}/training/status/{job.id}",
    }


@router.get(
    "/training/{training_id}/history",
    responses={200: {"model": list[dict[str, float]]}},
    dependencies=[READ],
)
async def history(training_id: str, gateway: State, request: Request) -> Response:
    """Every epoch: losses, metrics, learning rates, seconds."""
    job = gateway.ledger.job(training_id, "training")
    return fresh(request, epochs.history(job), {"X-Last-Seq": str(job.last_seq)})


@router.get(
    "/training/{training_id}/logs",
    responses={200: {"model": list[ConsoleLine]}},
    dependencies=[READ],
)
async def logs(
    training_id: str, gateway: State, request: Request, after: Annotated[int, Query(ge=0)] = 0
) -> Response:
    """The run's console past line `after`: of the newest attempt while it runs, then of the run.

    After a run that failed or was stopped, what the gateway heard; at least the last lines.
    """
    job = gateway.ledger.job(training_id, "training")
    outcome = job.outcome
    if isinstance(outcome, TrainingCompleted) and (log := outcome.artifacts.get("console.log")):
        text = (await gateway.deps.artifacts.get_bytes(log.key)).decode(errors="replace")
        return fresh(request, _numbered(job, text.splitlines(), after))
    heard = gateway.readings.consoles.lines(job.id, after)
    if not heard and isinstance(outcome, Failed):
        return fresh(request, _numbered(job, list(outcome.console), after))
    return fresh(request, heard)


@router.get(
    "/training/{training_id}/artifacts",
    responses={200: {"model": list[ArtifactEntry]}},
    dependencies=[READ],
)
async def artifacts(training_id: str, gateway: State, request: Request) -> Response:
    """What the run left: name, size, sha256, url."""
    outcome = gateway.ledger.job(training_id, "training").outcome
    found = outcome.artifacts if isinstance(outcome, TrainingCompleted) else {}
    if training_id in gateway.ledger.without_weights:
        found = {name: each for name, each in found.items() if not name.startswith(WEIGHTS)}
    listing = [
        {
            "name": name,
            "size": each.size_bytes,
            "sha256": each.sha256,
            "key": each.key,
            "url": f"{BASE}/artifacts/{each.key}",
        }
        for name, each in sorted(found.items())
    ]
    return fresh(request, listing)


@router.get(
    "/training/{training_id}/samples",
    responses={200: {"model": list[SampleSheet]}},
    dependencies=[READ],
)
async def samples(training_id: str, gateway: State, request: Request) -> Response:
    """Sheets of validation images with labelled and predicted boxes, by epoch."""
    job = gateway.ledger.job(training_id, "training")
    return fresh(request, views.samples(job, BASE))


def chosen(gateway: Gateway, status: str | None, name: str | None) -> list[Job]:
    """Trainings of a status whose `project/experiment` has a part `name`, the newest first."""
    jobs = gateway.ledger.newest("training")
    if status:
        jobs = [job for job in jobs if job.status == status]
    if not name:
        return jobs
    return [job for job in jobs if name.casefold() in views.run_name(job).casefold()]


def _numbered(job: Job, lines: list[str], after: int) -> list[dict[str, Any]]:
    page = enumerate(lines[after : after + MOST_LINES], after + 1)
    return [{"line": line, "text": text, "attempt": job.attempt} for line, text in page]


def _standings(gateway: Gateway) -> dict[str, Standing]:
    ledger, readings = gateway.ledger, gateway.readings
    return standings(
        [ledger.jobs[each] for each in ledger.active["training"]],
        readings.systems(),
        ledger.drains.of,
        ledger.paces,
        lambda job_id: readings.progress("training", job_id),
    )


def _view(gateway: Gateway, job: Job, queue: dict[str, Standing]) -> dict[str, Any]:
    shown = views.training(
        job,
        reading=gateway.readings.progress("training", job.id),
        outputs=gateway.settings.outputs_dir,
        standing=queue.get(job.id),
    )
    if job.id in gateway.ledger.without_weights:
        shown |= {"best_model_path": None, "last_model_path": None}
    return shown
