"""Curves of many trainings at once, to be laid over each other."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from libs.common.answers.histories import CurveColumn, TrainingCurve
from services.gateway import epochs
from services.gateway.access.scopes import READ
from services.gateway.routes.trainings import chosen
from services.gateway.state import State, fresh

router = APIRouter(tags=["trainings"])
MOST_EPOCHS = 200
"""Of one curve: more than can be told apart where hundreds lie over each other."""


@router.get(
    "/training/curves", responses={200: {"model": list[TrainingCurve]}}, dependencies=[READ]
)
async def curves(
    gateway: State,
    request: Request,
    column: CurveColumn = "metrics/mAP50-95(B)",
    status: Annotated[str | None, Query(max_length=32)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 500,
    name: Annotated[
        str | None, Query(max_length=128, description="part of project/experiment")
    ] = None,
) -> Response:
    """One column of the histories of the newest trainings, each at 200 epochs or fewer.

    Trainings without an epoch are left out; how many fit is in `X-Total-Count`.
    """
    jobs = [job for job in chosen(gateway, status, name) if job.epochs]
    found = [epochs.curve(job, column, MOST_EPOCHS) for job in jobs[:limit]]
    return fresh(request, found, {"X-Total-Count": str(len(jobs))})
