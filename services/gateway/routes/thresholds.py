"""Choose confidence thresholds per class."""

from fastapi import APIRouter, Request, Response

from libs.common.answers.insights import ThresholdReport
from libs.common.answers.jobs import Pending
from libs.common.errors import NotFound
from libs.common.events import AnalysisRequested
from services.gateway.access.scopes import READ, RUN
from services.gateway.routes.comparisons import is_operation, validation_of
from services.gateway.routes.jobs import answer, current
from services.gateway.schemas.thresholds import ChooseThresholds
from services.gateway.state import BASE, OnceOnly, State, Waits

router = APIRouter(tags=["models"])


@router.post(
    "/model/thresholds",
    responses={200: {"model": ThresholdReport}, 202: {"model": Pending}},
    dependencies=[RUN],
)
async def choose(body: ChooseThresholds, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """Solve a threshold per class on one validation, and tell what it gives on another."""
    job = once.earlier(gateway)
    if job is None:
        model = validation_of(gateway, body.validation_id).model
        if body.test_validation_id:
            validation_of(gateway, body.test_validation_id)
        job = await gateway.publish(
            AnalysisRequested(
                job_id=once.job_id,
                body_sha256=once.body_sha256,
                operation="thresholds",
                model=model,
                options=body.model_dump(mode="json", exclude_none=True),
            )
        )
    url = f"{BASE}/model/thresholds/{job.id}"
    return await answer(gateway, job, waits, status_url=url, id_name="thresholds_id")


@router.get(
    "/model/thresholds/{thresholds_id}",
    responses={200: {"model": ThresholdReport | Pending}},
    dependencies=[READ],
)
async def chosen(thresholds_id: str, gateway: State, request: Request) -> Response:
    """The thresholds, or how far they are."""
    job = gateway.ledger.job(thresholds_id, "analysis")
    if not is_operation(job, "thresholds"):
        raise NotFound(f"{thresholds_id[:64]} is no choice of thresholds", code="no_such_job")
    url = f"{BASE}/model/thresholds/{job.id}"
    return await current(gateway, request, job, status_url=url, id_name="thresholds_id")
