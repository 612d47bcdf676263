"""What a host was doing while something ran on it."""

import time
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from libs.common.answers.histories import MachineHistory
from services.gateway.access.scopes import READ
from services.gateway.state import State, fresh

router = APIRouter(tags=["system"])


@router.get(
    "/system/history", responses={200: {"model": list[MachineHistory]}}, dependencies=[READ]
)
async def history(
    gateway: State,
    request: Request,
    host: Annotated[str | None, Query(max_length=256)] = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Response:
    """CPU, memory and GPUs of one host or all: every 2 s of late, every 30 s of the last day.

    Only what this gateway heard since it started.
    """
    known = gateway.readings.hosts
    first = since.timestamp() if since else 0.0
    last = until.timestamp() if until else time.time()
    wanted = [host] if host else known.hosts()
    return fresh(request, [known.columns(each, first, last) for each in wanted])
