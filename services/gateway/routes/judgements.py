"""Judge and draw models."""

import asyncio
from pathlib import PurePosixPath
from typing import Any

from fastapi import APIRouter, Request, Response

from libs.common.answers.drawings import Visualization
from libs.common.answers.jobs import Pending
from libs.common.answers.judgements import JudgementReport, JudgementRow
from libs.common.events import AnalysisRequested, FileRef, ModelRef
from services.gateway import views
from services.gateway.access.scopes import READ, RUN
from services.gateway.routes.jobs import answer, current
from services.gateway.schemas.models import ValidateModel, VisualizeModel
from services.gateway.state import BASE, OnceOnly, State, Waits, fresh

router = APIRouter(tags=["models"])


@router.post(
    "/model/validate",
    responses={200: {"model": JudgementReport}, 202: {"model": Pending}},
    dependencies=[RUN],
)
async def validate(body: ValidateModel, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """Judge a model on a labelled set."""
    job = once.earlier(gateway)
    if job is None:
        model, predictions = await _to_judge(body, gateway)
        dataset = await asyncio.to_thread(gateway.resolver.dataset, body.test_dataset_path)
        given = {"model_path", "predictions_path", "test_dataset_path"}
        options = body.model_dump(mode="json", exclude=given)
        job = await gateway.publish(
            AnalysisRequested(
                job_id=once.job_id,
                body_sha256=once.body_sha256,
                operation="validate",
                model=model,
                dataset=dataset,
                predictions=predictions,
                options=options,
            )
        )
    url = f"{BASE}/model/validate/{job.id}"
    return await answer(gateway, job, waits, status_url=url, id_name="validation_id")


@router.get("/model/validate", responses={200: {"model": list[JudgementRow]}}, dependencies=[READ])
async def validations(gateway: State, request: Request) -> Response:
    """All validations, the newest first, with their headline numbers."""
    jobs = gateway.ledger.newest("analysis")
    shown = [_headline(job) for job in jobs if getattr(job.request, "operation", "") == "validate"]
    return fresh(request, shown[:500])


@router.get(
    "/model/validate/{validation_id}",
    responses={200: {"model": JudgementReport | Pending}},
    dependencies=[READ],
)
async def validation(validation_id: str, gateway: State, request: Request) -> Response:
    """The result, or how far it is."""
    job = gateway.ledger.job(validation_id, "analysis")
    url = f"{BASE}/model/validate/{job.id}"
    return await current(gateway, request, job, status_url=url, id_name="validation_id")


@router.post(
    "/model/visualize",
    responses={200: {"model": Visualization}, 202: {"model": Pending}},
    dependencies=[RUN],
)
async def visualize(body: VisualizeModel, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """Draw a model's curves and matrices from what is stored."""
    job = once.earlier(gateway)
    if job is None:
        model = await asyncio.to_thread(gateway.resolver.model, body.model_path)
        dataset = None
        if body.test_dataset_path:
            dataset = await asyncio.to_thread(gateway.resolver.dataset, body.test_dataset_path)
        options = body.model_dump(mode="json", exclude={"model_path", "test_dataset_path"})
        job = await gateway.publish(
            AnalysisRequested(
                job_id=once.job_id,
                body_sha256=once.body_sha256,
                operation="visualize",
                model=model,
                dataset=dataset,
                options=options,
            )
        )
    url = f"{BASE}/model/visualize/{job.id}"
    return await answer(gateway, job, waits, status_url=url, id_name="visualization_id")


@router.get(
    "/model/visualize/{visualization_id}",
    responses={200: {"model": Visualization | Pending}},
    dependencies=[READ],
)
async def visualization(visualization_id: str, gateway: State, request: Request) -> Response:
    """The pictures, or how far they are."""
    job = gateway.ledger.job(visualization_id, "analysis")
    url = f"{BASE}/model/visualize/{job.id}"
    return await current(gateway, request, job, status_url=url, id_name="visualization_id")


async def _to_judge(body: ValidateModel, gateway: State) -> tuple[ModelRef, FileRef | None]:
    """The model; or, where predictions are given, its name alone and the predictions."""
    if body.model_path is not None:
        return await asyncio.to_thread(gateway.resolver.model, body.model_path), None
    text = body.predictions_path or ""
    predictions = await asyncio.to_thread(gateway.resolver.predictions, text)
    if predictions.key:
        await gateway.deps.artifacts.head(predictions.key)
    return ModelRef(name=PurePosixPath(predictions.name).stem or "predictions"), predictions


def _headline(job: Any) -> dict[str, Any]:
    request: AnalysisRequested = job.request
    return {
        "validation_id": job.id,
        "model_path": request.model.name,
        "test_dataset_path": request.dataset.name if request.dataset else None,
        "status": job.status,
        "created_at": views.stamp(job.created_at),
        "metrics": getattr(job.outcome, "metrics", {}),
    }
