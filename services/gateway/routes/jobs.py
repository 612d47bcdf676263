"""Answers that dataset and analysis jobs share: wait a little, else say where to look."""

from typing import Any

import orjson
from fastapi import Request, Response

from libs.common.events import Artifact
from libs.common.jobs import Job
from services.gateway.language import Lang
from services.gateway.state import Gateway, Patience, fresh, raise_failure
from services.gateway.views import pending

SPOKEN = {"Vary": "Accept-Language"}
"""Of answers that differ by the reader's language."""


async def answer(
    gateway: Gateway,
    job: Job,
    waits: Patience,
    *,
    status_url: str,
    id_name: str,
    lang: Lang = "en",
) -> Response:
    """200 with the whole result if it is there in time, else 202."""
    job = await gateway.ledger.finished(job.id, waits.wait_s)
    raise_failure(job)
    if report := report_of(job, lang):
        return Response(
            await gateway.deps.artifacts.get_bytes(report.key),
            media_type="application/json",
            headers=SPOKEN,
        )
    if job.finished:
        return fresh_outcome(job)
    reading = gateway.readings.progress(job.area, job.id)
    return Response(
        orjson.dumps(pending(job, reading, status_url, id_name)),
        status_code=202,
        media_type="application/json",
        headers={"Location": status_url},
    )


async def current(
    gateway: Gateway,
    request: Request,
    job: Job,
    *,
    status_url: str,
    id_name: str,
    lang: Lang = "en",
) -> Response:
    """The result, or how far it is."""
    if report := report_of(job, lang):
        body = orjson.loads(await gateway.deps.artifacts.get_bytes(report.key))
        return fresh(request, body | {"status": job.status, "progress": 100.0}, SPOKEN)
    reading = gateway.readings.progress(job.area, job.id)
    body = pending(job, reading, status_url, id_name)
    return fresh(request, body | outcome_of(job))


def report_of(job: Job, lang: Lang = "en") -> Artifact | None:
    """The whole answer as an artifact, for jobs that have one; in `lang` where there is such."""
    others = getattr(job.outcome, "reports", {})
    report = others.get(lang) or getattr(job.outcome, "report", None)
    return report if isinstance(report, Artifact) else None


def outcome_of(job: Job) -> dict[str, Any]:
    """The terminal fact's own fields."""
    if job.outcome is None:
        return {}
    hidden = {"kind", "job_id", "attempt", "console", "message", "error_code"}
    return job.outcome.model_dump(mode="json", exclude=hidden)


def fresh_outcome(job: Job) -> Response:
    """The terminal fact as the result of a job without a report."""
    body = {"id": job.id, "status": job.status} | outcome_of(job)
    return Response(orjson.dumps(body), media_type="application/json")
