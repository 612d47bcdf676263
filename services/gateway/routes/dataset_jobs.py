"""What all routes that start a dataset job share."""

import asyncio
from typing import Any

import orjson
from fastapi import Response

from libs.common.errors import NotFound
from libs.common.events import (
    Artifact,
    DatasetPreviewed,
    DatasetRef,
    DatasetRegistered,
    DatasetRequested,
)
from libs.common.jobs import Job
from services.gateway.language import Lang
from services.gateway.routes.jobs import answer, outcome_of
from services.gateway.schemas.body import Body
from services.gateway.state import BASE, Gateway, Once, Patience, raise_failure
from services.gateway.views import pending


async def start(
    gateway: Gateway,
    once: Once,
    waits: Patience,
    operation: Any,
    dataset: DatasetRef,
    options: dict[str, Any],
    lang: Lang = "en",
) -> Response:
    """Ask for a dataset job and answer as soon as it is done, or in time."""
    job = once.earlier(gateway) or await gateway.publish(
        DatasetRequested(
            job_id=once.job_id,
            body_sha256=once.body_sha256,
            operation=operation,
            dataset=dataset,
            options=options,
        )
    )
    url = f"{BASE}/dataset/validate/{job.id}"
    return await answer(gateway, job, waits, status_url=url, id_name="validation_id", lang=lang)


def check_of(gateway: Gateway, validation_id: str) -> DatasetRequested:
    """The request of a check.

    Raises:
        NotFound: there is no such job, or it is another kind of job.
    """
    asked = gateway.ledger.job(validation_id, "dataset").request
    if not isinstance(asked, DatasetRequested) or asked.operation != "validate":
        raise NotFound(f"{validation_id[:64]} is no check of a dataset", code="no_such_job")
    return asked


async def located(gateway: Gateway, text: str) -> DatasetRef:
    """Resolve off the event loop: a disk may be slow."""
    return await asyncio.to_thread(gateway.resolver.dataset, text)


def options_of(body: Body) -> dict[str, Any]:
    """What the service is told of a body."""
    skipped = {"dataset_path", "allow_older"}
    return body.model_dump(mode="json", by_alias=True, exclude=skipped, exclude_none=True)


async def start_edit(
    gateway: Gateway,
    once: Once,
    waits: Patience,
    operation: Any,
    dataset: DatasetRef,
    options: dict[str, Any],
) -> Response:
    """Ask for a new version, or the end of one, and answer with what it did."""
    job = once.earlier(gateway) or await gateway.publish(
        DatasetRequested(
            job_id=once.job_id,
            body_sha256=once.body_sha256,
            operation=operation,
            dataset=dataset,
            options=options,
        )
    )
    return await answer_edit(gateway, job, waits)


async def answer_edit(gateway: Gateway, job: Job, waits: Patience) -> Response:
    """200 with the result if it is there in time, else 202 and where to look."""
    job = await gateway.ledger.finished(job.id, waits.wait_s)
    raise_failure(job)
    if job.finished:
        body, status, headers = await result_of(gateway, job), 200, None
    else:
        url = f"{BASE}/dataset/edits/{job.id}"
        reading = gateway.readings.progress(job.area, job.id)
        body, status, headers = pending(job, reading, url, "edit_id"), 202, {"Location": url}
    return Response(orjson.dumps(body), status, headers, media_type="application/json")


async def result_of(gateway: Gateway, job: Job) -> dict[str, Any]:
    """The job's own fields, and the diff with its first files."""
    body = {"id": job.id, "edit_id": job.id, "status": job.status} | outcome_of(job)
    report = diff_of(job)
    body["dry_run"] = isinstance(job.outcome, DatasetPreviewed)
    if report:
        try:
            body["diff"] = orjson.loads(await gateway.deps.artifacts.get_bytes(report.key))
        except NotFound:  # the version was deleted and collected since
            body["diff"] = None
        body["changes_url"] = f"{BASE}/dataset/edits/{job.id}/changes"
    return body


def diff_of(job: Job) -> Artifact | None:
    """The diff that a job made, with its first files."""
    outcome = job.outcome
    if isinstance(outcome, DatasetRegistered):
        return outcome.diff
    return outcome.report if isinstance(outcome, DatasetPreviewed) else None
