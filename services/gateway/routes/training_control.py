"""Pause, resume, extend and repeat trainings."""

import uuid
from typing import Any

from fastapi import APIRouter

from libs.common.answers.trainings import TrainingTold
from libs.common.errors import BadInput, Conflict
from libs.common.events import (
    TrainingCompleted,
    TrainingPauseRequested,
    TrainingRequested,
    TrainingResumeRequested,
)
from libs.common.jobs import Job
from services.gateway import views
from services.gateway.access.scopes import RUN
from services.gateway.requested import reserved_name
from services.gateway.schemas.trainings import MOST_EPOCHS, ExtendTraining
from services.gateway.state import BASE, Gateway, OnceOnly, State

router = APIRouter(tags=["trainings"])
TOLD: dict[int | str, Any] = {200: {"model": TrainingTold}}


@router.post(
    "/training/pause/{training_id}", response_model=None, responses=TOLD, dependencies=[RUN]
)
async def pause(training_id: str, gateway: State) -> dict[str, Any]:
    """Leave the place at the next optimizer step: checkpoint stored, memory free."""
    job = gateway.ledger.job(training_id, "training")
    if job.finished or job.cancel:
        raise Conflict(f"the training is {job.status}: it cannot be paused", code="not_running")
    if not job.pausing:
        event = TrainingPauseRequested(job_id=job.id, nonce=uuid.uuid4().hex[:12])
        job = await gateway.publish(event)
    return _answer(job, "pausing" if job.status != "paused" else "paused")


@router.post(
    "/training/resume/{training_id}", response_model=None, responses=TOLD, dependencies=[RUN]
)
async def resume(training_id: str, gateway: State) -> dict[str, Any]:
    """Go on from the checkpoint, as soon as a trainer is free."""
    job = gateway.ledger.job(training_id, "training")
    if job.finished or job.cancel or not job.pausing:
        raise Conflict(
            f"the training is {job.status}, not paused: to go on past its end, use "
            "/training/extend; to do it again, /training/retry",
            code="not_paused",
        )
    event = TrainingResumeRequested(job_id=job.id, nonce=uuid.uuid4().hex[:12])
    return _answer(await gateway.publish(event), "resumed")


@router.post(
    "/training/extend/{training_id}", response_model=None, responses=TOLD, dependencies=[RUN]
)
async def extend(
    training_id: str, body: ExtendTraining, gateway: State, once: OnceOnly
) -> dict[str, Any]:
    """Go on past the end, as a new run, from the exact state at the end of this one."""
    if again := once.earlier(gateway):
        return _answer(again, "queued")
    job, request = _ended(gateway, training_id)
    gone = job.id in gateway.ledger.without_weights
    if gone or not isinstance(job.outcome, TrainingCompleted) or job.checkpoint is None:
        raise Conflict(
            f"the training is {job.status} and left no end to go on from: use /training/retry",
            code="not_completed",
        )
    epochs = job.outcome.epochs_done + body.epochs
    if epochs > MOST_EPOCHS:
        raise BadInput(
            f"{epochs} epochs in all are more than {MOST_EPOCHS}: give fewer",
            code="too_many_epochs",
        )
    arguments = request.arguments.model_copy(update={"epochs": epochs})
    changes = {
        "arguments": arguments,
        "extends": job.id,
        "checkpoint": job.checkpoint.files,
        "experiment_name": await reserved_name(
            gateway, request.project_name, f"{request.experiment_name}_more"[:96], once.job_id
        ),
    }
    return _answer(await _again(gateway, request, once.job_id, once.body_sha256, changes), "queued")


@router.post(
    "/training/retry/{training_id}", response_model=None, responses=TOLD, dependencies=[RUN]
)
async def retry(training_id: str, gateway: State, once: OnceOnly) -> dict[str, Any]:
    """The same again, from the start, as a new run."""
    if again := once.earlier(gateway):
        return _answer(again, "queued")
    _, request = _ended(gateway, training_id)
    changes = {
        "experiment_name": await reserved_name(
            gateway, request.project_name, request.experiment_name, once.job_id
        )
    }
    return _answer(await _again(gateway, request, once.job_id, once.body_sha256, changes), "queued")


def _ended(gateway: Gateway, training_id: str) -> tuple[Job, TrainingRequested]:
    job = gateway.ledger.job(training_id, "training")
    if not job.finished:
        raise Conflict(
            f"the training is {job.status}: wait for its end, or cancel it", code="not_finished"
        )
    assert isinstance(job.request, TrainingRequested)
    return job, job.request


async def _again(
    gateway: Gateway,
    request: TrainingRequested,
    job_id: str,
    body_sha256: str | None,
    changes: dict[str, Any],
) -> Job:
    update = {"job_id": job_id, "body_sha256": body_sha256} | changes
    return await gateway.publish(request.model_copy(update=update))


def _answer(job: Job, what: str) -> dict[str, Any]:
    project, experiment = views.run_name(job).split("/")
    return {
        "training_id": job.id,
        "status": job.status,
        "message": f"training {project}/{experiment}: {what}",
        "status_url": f"{BASE}/training/status/{job.id}",
        "events_url": f"{BASE}/events?topics=training.*.*.{job.id}",
        "project_name": project,
        "experiment_name": experiment,
    }
