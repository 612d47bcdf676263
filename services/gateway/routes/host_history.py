"""What a host was doing while something ran on it."""

import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator

from libs.common.answers.histories import MachineHistory
from services.gateway.access.scopes import READ
from services.gateway.state import State, fresh

router = APIRouter(tags=["system"])


def instant(text: object) -> object:
    """RFC 3339, in UTC where it names no zone; a bare number is no time."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise ValueError("give a time like 2026-05-01T12:00:00Z") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


Instant = Annotated[datetime, BeforeValidator(instant)]


@router.get(
    "/system/history", responses={200: {"model": list[MachineHistory]}}, dependencies=[READ]
)
async def history(
    gateway: State,
    request: Request,
    host: Annotated[str | None, Query(max_length=256)] = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> Response:
    """CPU, memory and GPUs of one host or all: every 2 s of late, every 30 s of the last day.

    Only what this gateway heard since it started.
    """
    known = gateway.readings.hosts
    first = since.timestamp() if since else 0.0
    last = until.timestamp() if until else time.time()
    wanted = [host] if host else known.hosts()
    return fresh(request, [known.columns(each, first, last) for each in wanted])
