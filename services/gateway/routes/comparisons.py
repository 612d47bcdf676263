"""Compare models."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from libs.common.answers.comparisons import ComparedBoxes, ComparisonReport, ComparisonRow
from libs.common.answers.jobs import Pending
from libs.common.asks import ask
from libs.common.errors import Conflict, NotFound
from libs.common.events import AnalysisRequested, ModelsCompared, ModelValidated
from libs.common.jobs import Job
from services.gateway import views
from services.gateway.access.scopes import READ, RUN
from services.gateway.routes.jobs import answer, current
from services.gateway.schemas.comparisons import CompareModels
from services.gateway.state import BASE, Gateway, Once, OnceOnly, State, Waits, fresh

router = APIRouter(tags=["models"])
JUDGING = {
    *("split", "imgsz", "iou_threshold", "device", "protocol"),
    *("confidence_threshold", "match_iou"),
}
"""Fields for the judgements that a comparison has to make first."""


@router.post(
    "/model/compare",
    responses={200: {"model": ComparisonReport}, 202: {"model": Pending}},
    dependencies=[RUN],
)
async def compare(body: CompareModels, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """Is one model better than another? Judges first what was not judged yet."""
    job = once.earlier(gateway)
    if job is None:
        job = await gateway.publish(await _requested(body, gateway, once))
    url = f"{BASE}/model/compare/{job.id}"
    return await answer(gateway, job, waits, status_url=url, id_name="comparison_id")


@router.get("/model/compare", responses={200: {"model": list[ComparisonRow]}}, dependencies=[READ])
async def comparisons(gateway: State, request: Request) -> Response:
    """All comparisons, the newest first, with their verdicts."""
    jobs = [job for job in gateway.ledger.newest("analysis") if is_operation(job, "compare")]
    return fresh(request, [_headline(job) for job in jobs[:500]])


@router.get(
    "/model/compare/{comparison_id}",
    responses={200: {"model": ComparisonReport | Pending}},
    dependencies=[READ],
)
async def comparison(comparison_id: str, gateway: State, request: Request) -> Response:
    """The result, or how far it is."""
    job = _comparison(gateway, comparison_id)
    url = f"{BASE}/model/compare/{job.id}"
    return await current(gateway, request, job, status_url=url, id_name="comparison_id")


@router.get(
    "/model/compare/{comparison_id}/boxes",
    responses={200: {"model": ComparedBoxes}},
    dependencies=[READ],
)
async def boxes(  # noqa: PLR0913 - one parameter per filter
    comparison_id: str,
    gateway: State,
    request: Request,
    *,
    kind: Literal["fixed", "broken", "still_wrong", "still_right"] | None = None,
    of: Literal["label", "false_positive"] | None = None,
    class_: Annotated[str | None, Query(alias="class", max_length=256)] = None,
    candidate: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """What became of each box; `total` counts all that fit, `next_cursor` leads on."""
    job = _comparison(gateway, comparison_id)
    fields = {
        "comparison_id": job.id,
        "candidate": candidate,
        "kind": kind,
        "of": of,
        "class": class_,
        "limit": limit,
        "cursor": cursor,
    }
    return fresh(request, await ask(gateway.deps.bus, "analysis", "compared_boxes", fields))


async def _requested(body: CompareModels, gateway: Gateway, once: Once) -> AnalysisRequested:
    """The event of a comparison, all that it names resolved.

    Raises:
        NotFound: there is no such validation, model or dataset.
        Conflict: a validation has no result.
    """
    options: dict[str, Any] = body.model_dump(
        mode="json", include={"resamples", "seed", "confidence_threshold", "match_iou"}
    )
    if body.models:
        models = [await asyncio.to_thread(gateway.resolver.model, text) for text in body.models]
        dataset = await asyncio.to_thread(gateway.resolver.dataset, body.test_dataset_path or "")
        given = body.model_dump(mode="json", include=JUDGING, exclude_none=True)
        options |= {"models": [model.model_dump(mode="json") for model in models]}
        options |= {"judging": given}
        base = models[0]
    else:
        ids = [body.base or "", *body.candidates]
        requests = [validation_of(gateway, each) for each in ids]
        base = requests[0].model
        dataset = None
        options |= {"validations": ids}
    return AnalysisRequested(
        job_id=once.job_id,
        body_sha256=once.body_sha256,
        operation="compare",
        model=base,
        dataset=dataset,
        options=options,
    )


def validation_of(gateway: Gateway, job_id: str) -> AnalysisRequested:
    """The request of a validation that has a result."""
    job = gateway.ledger.job(job_id, "analysis")
    request = job.request
    if not isinstance(request, AnalysisRequested) or not is_operation(job, "validate"):
        raise NotFound(f"{job_id} is no validation", code="no_such_job")
    if not isinstance(job.outcome, ModelValidated):
        raise Conflict(f"validation {job_id} has no result: it is {job.status}", code="no_result")
    return request


def _comparison(gateway: Gateway, job_id: str) -> Job:
    job = gateway.ledger.job(job_id, "analysis")
    if not is_operation(job, "compare"):
        raise NotFound(f"{job_id[:64]} is no comparison", code="no_such_job")
    return job


def is_operation(job: Job, operation: str) -> bool:
    """Whether a job of the analyzer is of this operation."""
    return getattr(job.request, "operation", "") == operation


def _headline(job: Job) -> dict[str, Any]:
    request, outcome = job.request, job.outcome
    assert isinstance(request, AnalysisRequested)
    compared = outcome if isinstance(outcome, ModelsCompared) else None
    return {
        "comparison_id": job.id,
        "model_path": request.model.name,
        "status": job.status,
        "created_at": views.stamp(job.created_at),
        "validations": list(compared.validations) if compared else [],
        "verdicts": compared.verdicts if compared else {},
    }
