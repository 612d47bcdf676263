"""Explain one detection: what in the image made the model say so."""

import asyncio

from fastapi import APIRouter, Request, Response

from libs.common.answers.drawings import Explanation
from libs.common.answers.jobs import Pending
from libs.common.errors import BadInput, NotFound
from libs.common.events import AnalysisRequested
from services.gateway.access.scopes import READ, RUN
from services.gateway.routes.comparisons import is_operation, validation_of
from services.gateway.routes.jobs import answer, current
from services.gateway.schemas.explanations import ExplainModel
from services.gateway.state import BASE, OnceOnly, State, Waits

router = APIRouter(tags=["models"])


@router.post(
    "/model/explain",
    responses={200: {"model": Explanation}, 202: {"model": Pending}},
    dependencies=[RUN],
)
async def explain(body: ExplainModel, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """Draw where a detection comes from: by gradients, or by hiding parts of the image."""
    job = once.earlier(gateway)
    if job is None:
        options = body.model_dump(mode="json", exclude={"model_path"}, exclude_none=True)
        if body.validation_id:
            judged = validation_of(gateway, body.validation_id)
            if judged.predictions:
                raise BadInput(
                    "this validation is of predictions from a file: there is no model to explain",
                    code="no_model",
                )
            model = judged.model
        else:
            model = await asyncio.to_thread(gateway.resolver.model, body.model_path or "")
            image = await asyncio.to_thread(gateway.resolver.image, body.image_path or "")
            options["image_path"] = str(image)
        job = await gateway.publish(
            AnalysisRequested(
                job_id=once.job_id,
                body_sha256=once.body_sha256,
                operation="explain",
                model=model,
                options=options,
            )
        )
    url = f"{BASE}/model/explain/{job.id}"
    return await answer(gateway, job, waits, status_url=url, id_name="explanation_id")


@router.get(
    "/model/explain/{explanation_id}",
    responses={200: {"model": Explanation | Pending}},
    dependencies=[READ],
)
async def explanation(explanation_id: str, gateway: State, request: Request) -> Response:
    """The explanation, or how far it is."""
    job = gateway.ledger.job(explanation_id, "analysis")
    if not is_operation(job, "explain"):
        raise NotFound(f"{explanation_id[:64]} is no explanation", code="no_such_job")
    url = f"{BASE}/model/explain/{job.id}"
    return await current(gateway, request, job, status_url=url, id_name="explanation_id")
