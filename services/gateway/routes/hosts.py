"""Drain the trainers of a host, and let them take trainings up again."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Path

from libs.common.answers.system import DrainedHost
from libs.common.errors import Conflict, NotFound
from libs.common.events import HostDrainRequested, HostUndrainRequested
from libs.common.host_names import host_id
from services.gateway.access.scopes import ADMIN
from services.gateway.routes.system import hosts
from services.gateway.schemas.trainings import DrainHost
from services.gateway.state import Gateway, State

router = APIRouter(tags=["trainings"])
DRAINED: dict[int | str, Any] = {200: {"model": DrainedHost}}

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]


@router.post("/training/drain/{host}", response_model=None, responses=DRAINED, dependencies=[ADMIN])
async def drain(host: Name, gateway: State, body: DrainHost | None = None) -> dict[str, Any]:
    """Let a host take no trainings up any more; those that run there go elsewhere, or end there.

    It is remembered over restarts, until `undrain`. Asking again changes what becomes of the
    running ones.
    """
    _known(gateway, host)
    running = (body or DrainHost()).running
    asked = gateway.ledger.drains.of.get(host)
    if asked is None or asked.running != running:
        nonce = uuid.uuid4().hex[:12]
        await gateway.tell(
            HostDrainRequested(job_id=host_id(host), host=host, running=running, nonce=nonce)
        )
    what = "are left to other hosts" if running == "hand_over" else "go on to their end"
    return _answer(gateway, host, f"{host} takes no trainings any more; those that run {what}")


@router.post(
    "/training/undrain/{host}", response_model=None, responses=DRAINED, dependencies=[ADMIN]
)
async def undrain(host: Name, gateway: State) -> dict[str, Any]:
    """Let a host take trainings up again."""
    _known(gateway, host)
    if host not in gateway.ledger.drains.of:
        raise Conflict(f"{host} is not drained: it takes trainings", code="not_drained")
    nonce = uuid.uuid4().hex[:12]
    await gateway.tell(HostUndrainRequested(job_id=host_id(host), host=host, nonce=nonce))
    return _answer(gateway, host, f"{host} takes trainings again")


def _known(gateway: Gateway, host: str) -> None:
    """Raises NotFound for a host of which nothing was ever heard."""
    names = sorted({each["host"] for each in hosts(gateway)})
    if host not in names:
        there = ", ".join(names) or "none"
        raise NotFound(
            f"no trainer was heard of on host {host}; there are: {there}", code="no_such_host"
        )


def _answer(gateway: Gateway, host: str, message: str) -> dict[str, Any]:
    here = [each for each in hosts(gateway) if each["host"] == host]
    return {
        "host": host,
        "drained": here[0]["drained"],
        "drained_since": here[0]["drained_since"],
        "drain_state": max(each["drain_state"] or "" for each in here) or None,
        "trainings": sorted({job for each in here for job in each.get("trainings", [])}),
        "message": message,
    }
