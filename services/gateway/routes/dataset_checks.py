"""Check datasets, and what was found."""

from fastapi import APIRouter, Request, Response

from services.gateway.routes.dataset_jobs import located, start
from services.gateway.routes.jobs import current
from services.gateway.schemas.datasets import ValidateDataset
from services.gateway.state import BASE, OnceOnly, State, Waits, fresh

router = APIRouter(tags=["datasets"])


@router.post("/dataset/validate")
async def validate(body: ValidateDataset, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """Check a dataset: structure, pairs, label lines, pixels, distribution."""
    dataset = await located(gateway, body.dataset_path)
    options = body.model_dump(mode="json", exclude={"dataset_path"})
    return await start(gateway, once, waits, "validate", dataset, options)


@router.get("/dataset/validate")
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


@router.get("/dataset/validate/{validation_id}")
async def validation(validation_id: str, gateway: State, request: Request) -> Response:
    """The report, or how far it is."""
    job = gateway.ledger.job(validation_id, "dataset")
    url = f"{BASE}/dataset/validate/{job.id}"
    return await current(gateway, request, job, status_url=url, id_name="validation_id")
