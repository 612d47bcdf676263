"""Check datasets, and what was found."""

import uuid
from contextlib import suppress
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from libs.common.answers.checks import CheckRow, DatasetReport, Finding, RuleFacts
from libs.common.answers.jobs import Pending, Stopping
from libs.common.asks import ask
from libs.common.errors import Conflict, Unavailable
from libs.common.events import DatasetCancelRequested
from services.gateway.access.scopes import READ, RUN
from services.gateway.language import Language
from services.gateway.routes.dataset_jobs import located, start
from services.gateway.routes.jobs import SPOKEN, current
from services.gateway.schemas.datasets import FindingsQuery, ValidateDataset
from services.gateway.state import BASE, OnceOnly, State, Waits, fresh

router = APIRouter(tags=["datasets"])


@router.post(
    "/dataset/validate",
    responses={200: {"model": DatasetReport}, 202: {"model": Pending}},
    dependencies=[RUN],
)
async def validate(
    body: ValidateDataset, gateway: State, once: OnceOnly, waits: Waits, lang: Language
) -> Response:
    """Check a dataset: structure, pairs, label lines, pixels, distribution."""
    dataset = await located(gateway, body.dataset_path)
    options = body.model_dump(mode="json", exclude={"dataset_path", "predictions"})
    if body.predictions:
        boxes = gateway.resolver.judged_boxes(body.predictions)
        options["predictions"] = boxes.model_dump(mode="json")
    if body.rules:
        with suppress(Unavailable):  # then the check itself refuses them, as soon as it begins
            await ask(gateway.deps.bus, "dataset", "check_rules", {"rules": body.rules})
    return await start(gateway, once, waits, "validate", dataset, options, lang)


@router.get("/dataset/rules", responses={200: {"model": list[RuleFacts]}}, dependencies=[READ])
async def rules(gateway: State, request: Request) -> Response:
    """Every rule: severity, threshold with its unit, fix, and what it means in both languages."""
    return fresh(request, await ask(gateway.deps.bus, "dataset", "rules", {}))


@router.get("/dataset/validate", responses={200: {"model": list[CheckRow]}}, dependencies=[READ])
async def validations(gateway: State, request: Request) -> Response:
    """All dataset jobs, the newest first."""
    jobs = [
        {
            "validation_id": job.id,
            "operation": getattr(job.request, "operation", None),
            "dataset_path": getattr(job.request, "dataset").name,  # noqa: B009
            "status": job.status,
            "created_at": job.created_at,
        }
        for job in gateway.ledger.newest("dataset")[:500]
    ]
    return fresh(request, jobs)


@router.get(
    "/dataset/validate/{validation_id}",
    responses={200: {"model": DatasetReport | Pending}},
    dependencies=[READ],
)
async def validation(
    validation_id: str, gateway: State, request: Request, lang: Language
) -> Response:
    """The report, or how far it is."""
    job = gateway.ledger.job(validation_id, "dataset")
    url = f"{BASE}/dataset/validate/{job.id}"
    return await current(gateway, request, job, status_url=url, id_name="validation_id", lang=lang)


@router.post(
    "/dataset/cancel/{job_id}",
    response_model=None,
    responses={200: {"model": Stopping}},
    dependencies=[RUN],
)
async def cancel(job_id: str, gateway: State) -> dict[str, Any]:
    """Stop a job on a dataset: a check, an import, an edit. What is half done is taken back."""
    job = gateway.ledger.job(job_id, "dataset")
    if job.finished:
        raise Conflict(f"the job is {job.status} already", code="finished")
    if not job.cancel:
        job = await gateway.publish(
            DatasetCancelRequested(job_id=job.id, nonce=uuid.uuid4().hex[:12])
        )
    operation = getattr(job.request, "operation", None)
    place = "validate" if operation == "validate" else "edits"
    return {
        "id": job.id,
        "status": job.status,
        "message": "it stops as soon as its step allows",
        "status_url": f"{BASE}/dataset/{place}/{job.id}",
    }


@router.get(
    "/dataset/validate/{validation_id}/findings",
    responses={200: {"model": list[Finding]}},
    dependencies=[READ],
)
async def findings(
    validation_id: str,
    query: Annotated[FindingsQuery, Query()],
    gateway: State,
    request: Request,
    lang: Language,
) -> Response:
    """All findings, errors first; the next page is in `Link`, their number in `X-Total-Count`."""
    job = gateway.ledger.job(validation_id, "dataset")
    fields = query.model_dump(mode="json", exclude={"cursor", "lang"})
    fields |= {"validation_id": job.id, "offset": query.cursor, "lang": lang}
    page = orjson.loads(await ask(gateway.deps.bus, "dataset", "findings", fields))
    headers = SPOKEN | {"X-Total-Count": str(page["total"])}
    if page["next_offset"] is not None:
        again = request.url.include_query_params(cursor=page["next_offset"])
        headers["Link"] = f'<{again.path}?{again.query}>; rel="next"'
    return fresh(request, page["findings"], headers)
