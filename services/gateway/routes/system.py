"""How the machine, the services and the queue are."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from libs.common.answers.system import Alive, Ready, SystemStatus
from services.gateway import views
from services.gateway.access.scopes import READ
from services.gateway.metrics import exposition
from services.gateway.problems import problem
from services.gateway.state import Early, Gateway, fresh

router = APIRouter(tags=["system"])
root = APIRouter(tags=["system"])
GIB = 2**30


@router.get("/status", responses={200: {"model": SystemStatus}}, dependencies=[READ])
async def status(gateway: Early, request: Request) -> Response:
    """Machine, queue, services, what is running and what there is to work with."""
    ledger, readings = gateway.ledger, gateway.readings
    trainings = [ledger.jobs[each] for each in ledger.active["training"]]
    machine = await gateway.machine.facts()
    runs = [name for name, job in ledger.trained.items() if job not in ledger.without_weights]
    told = {
        **gpu(gateway),
        "cpu_usage": machine.cpu,
        "memory_usage": machine.memory,
        "disk_usage": machine.disk,
        "active_trainings": sorted(job.id for job in trainings),
        "active_validations": sorted(
            each
            for each in ledger.active["analysis"]
            if getattr(ledger.jobs[each].request, "operation", "") == "validate"
        ),
        "available_models": [*machine.models, *ledger.uploads, *runs],
        "available_datasets": sorted({*ledger.datasets, *machine.datasets}),
        "services": readings.service_list(),
        "queue": {
            "waiting": sum(job.status == "queued" for job in trainings),
            "running": sum(job.status != "queued" for job in trainings),
        },
        "bus": readings.bus,
        "artifacts": readings.artifacts,
        "hosts": hosts(gateway),
        "last_seq": ledger.ring.last,
    }
    return fresh(request, told)


def hosts(gateway: Gateway) -> list[dict[str, Any]]:
    """The newest reading of each trainer, and whether its host is drained, as the log says.

    A drained host of which nothing is heard is listed, too.
    """
    drains = gateway.ledger.drains.of
    heard = [
        each | views.drain(drains.get(each["host"]), each["worker"])
        for each in gateway.readings.systems()
    ]
    silent = drains.keys() - {each["host"] for each in heard}
    return heard + [{"host": name, **views.drain(drains[name])} for name in sorted(silent)]


def gpu(gateway: Gateway) -> dict[str, Any]:
    """GPU fields from the newest reading of the trainers' hosts."""
    devices = [each for host in gateway.readings.systems() for each in host.get("gpus", [])]
    if not devices:
        return {"gpu_available": False, "gpu_info": None}
    first = devices[0]
    return {
        "gpu_available": True,
        "gpu_info": {
            "device_count": len(devices),
            "current_device": 0,
            "device_name": first["name"],
            "memory_allocated": round(first["memory_used_bytes"] / GIB, 3),
            "memory_reserved": round(first["memory_used_bytes"] / GIB, 3),
            "devices": devices,
        },
    }


@root.get("/healthz", response_model=None, responses={200: {"model": Alive}})
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@root.get("/readyz", responses={200: {"model": Ready}})
async def readyz(gateway: Early) -> Response:
    """All that requests need is there; otherwise what is missing."""
    missing = []
    if not gateway.deps.bus.connected:
        missing.append("the bus is away")
    elif not gateway.ledger.caught_up:
        missing.append("the event log is still being read")
    if gateway.readings.artifacts["status"] != "ok":
        missing.append(f"the artifact store is {gateway.readings.artifacts['status']}")
    here = {each["name"] for each in gateway.readings.service_list() if each["status"] == "ok"}
    missing += [
        f"no {name} service" for name in ("dataset", "trainer", "analyzer") if name not in here
    ]
    if missing:
        return problem(503, "; ".join(missing), code="not_ready")
    return Response('{"status":"ready"}', media_type="application/json")


@root.get("/metrics", response_class=PlainTextResponse, response_model=None, dependencies=[READ])
async def metrics(gateway: Early) -> Response:
    """Prometheus text."""
    return Response(exposition(gateway), media_type=CONTENT_TYPE_LATEST)
