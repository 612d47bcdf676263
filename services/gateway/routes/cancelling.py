"""Stop a job of the analyzer."""

import uuid
from typing import Any

from fastapi import APIRouter

from libs.common.answers.jobs import Stopping
from libs.common.errors import Conflict
from libs.common.events import AnalysisCancelRequested
from services.gateway.access.scopes import RUN
from services.gateway.state import BASE, State

router = APIRouter(tags=["models"])


@router.post(
    "/model/cancel/{job_id}",
    response_model=None,
    responses={200: {"model": Stopping}},
    dependencies=[RUN],
)
async def cancel(job_id: str, gateway: State) -> dict[str, Any]:
    """Stop judging, drawing, comparing or explaining; nothing half done is kept."""
    job = gateway.ledger.job(job_id, "analysis")
    if job.finished:
        raise Conflict(f"the job is {job.status} already", code="already_finished")
    if not job.cancel:
        nonce = uuid.uuid4().hex[:12]
        job = await gateway.publish(AnalysisCancelRequested(job_id=job.id, nonce=nonce))
    operation = str(getattr(job.request, "operation", "validate"))
    return {
        "id": job.id,
        "status": job.status,
        "message": "it stops as soon as its step allows",
        "status_url": f"{BASE}/model/{operation}/{job.id}",
    }
