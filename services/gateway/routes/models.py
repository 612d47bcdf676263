"""List, upload, judge and draw models."""

import asyncio
import hashlib
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, UploadFile

from libs.common.errors import BadInput, NotFound
from libs.common.events import AnalysisRequested, Artifact, ModelUploaded, TrainingRequested
from services.gateway import views
from services.gateway.ledger import finished_runs
from services.gateway.routes.jobs import answer, current
from services.gateway.schemas import NAME, ValidateModel, VisualizeModel
from services.gateway.state import BASE, Gateway, OnceOnly, State, Waits, fresh

router = APIRouter(tags=["models"])
CHUNK = 2**20
ZIP = b"PK\x03\x04"


@router.get("/models")
async def models(gateway: State, request: Request) -> Response:
    """Base weights, uploads and the weights of completed runs."""
    return fresh(request, await asyncio.to_thread(_listed, gateway))


@router.get("/models/{name:path}/info")
async def info(name: str, gateway: State, request: Request) -> Response:
    """One model: where it is, what it was trained on, how good it is."""
    ref = await asyncio.to_thread(gateway.resolver.model, name)
    for each in await asyncio.to_thread(_listed, gateway):
        if each["name"] == ref.name:
            return fresh(request, each | {"sha256": ref.sha256})
    raise NotFound(f"there is no model called {name[:128]}", code="no_such_model")


@router.post("/upload/model")
async def upload(
    file: UploadFile, gateway: State, model_name: Annotated[str, Query(pattern=NAME)]
) -> dict[str, Any]:
    """Register weights; they are checked, in a child without rights, before anything loads them."""
    if model_name in gateway.resolver.base_models():
        raise BadInput(f"{model_name} is the name of weights we ship", code="name_taken")
    digest = hashlib.sha256()
    head = b""
    while chunk := await file.read(CHUNK):
        head = head or chunk[:4]
        digest.update(chunk)
    if head != ZIP:
        raise BadInput("send a .pt file as PyTorch saves it", code="not_weights")
    await file.seek(0)
    key = f"models/{model_name}/{digest.hexdigest()}.pt"
    await gateway.deps.artifacts.put_stream(key, file.file)
    weights = Artifact(key=key, size_bytes=file.size or 0, sha256=digest.hexdigest())
    event = ModelUploaded(job_id=uuid.uuid4().hex, name=model_name, weights=weights)
    await gateway.publish(event)
    return {"name": model_name, "path": key, "size": weights.size_bytes, "sha256": weights.sha256}


@router.post("/model/validate")
async def validate(body: ValidateModel, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """Judge a model on a labelled set."""
    job = once.earlier(gateway)
    if job is None:
        model = await asyncio.to_thread(gateway.resolver.model, body.model_path)
        dataset = await asyncio.to_thread(gateway.resolver.dataset, body.test_dataset_path)
        options = body.model_dump(mode="json", exclude={"model_path", "test_dataset_path"})
        job = await gateway.publish(
            AnalysisRequested(
                job_id=once.job_id,
                body_sha256=once.body_sha256,
                operation="validate",
                model=model,
                dataset=dataset,
                options=options,
            )
        )
    url = f"{BASE}/model/validate/{job.id}"
    return await answer(gateway, job, waits, status_url=url, id_name="validation_id")


@router.get("/model/validate")
async def validations(gateway: State, request: Request) -> Response:
    """All validations, the newest first, with their headline numbers."""
    jobs = gateway.ledger.newest("analysis")
    shown = [_headline(job) for job in jobs if getattr(job.request, "operation", "") == "validate"]
    return fresh(request, shown[:500])


@router.get("/model/validate/{validation_id}")
async def validation(validation_id: str, gateway: State, request: Request) -> Response:
    """The result, or how far it is."""
    job = gateway.ledger.job(validation_id, "analysis")
    url = f"{BASE}/model/validate/{job.id}"
    return await current(gateway, request, job, status_url=url, id_name="validation_id")


@router.post("/model/visualize")
async def visualize(body: VisualizeModel, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """Draw a model's curves and matrices from what is stored."""
    job = once.earlier(gateway)
    if job is None:
        model = await asyncio.to_thread(gateway.resolver.model, body.model_path)
        options = body.model_dump(mode="json", exclude={"model_path"})
        job = await gateway.publish(
            AnalysisRequested(
                job_id=once.job_id,
                body_sha256=once.body_sha256,
                operation="visualize",
                model=model,
                options=options,
            )
        )
    url = f"{BASE}/model/visualize/{job.id}"
    return await answer(gateway, job, waits, status_url=url, id_name="visualization_id")


@router.get("/model/visualize/{visualization_id}")
async def visualization(visualization_id: str, gateway: State, request: Request) -> Response:
    """The pictures, or how far they are."""
    job = gateway.ledger.job(visualization_id, "analysis")
    url = f"{BASE}/model/visualize/{job.id}"
    return await current(gateway, request, job, status_url=url, id_name="visualization_id")


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


def _listed(gateway: Gateway) -> list[dict[str, Any]]:
    outputs = gateway.settings.outputs_dir
    found: list[dict[str, Any]] = []
    for name, job, outcome in finished_runs(gateway.ledger):
        request = job.request
        assert isinstance(request, TrainingRequested)
        best = outcome.artifacts["weights/best.pt"]
        found.append(
            {
                "name": name,
                "kind": "run",
                "path": views.place(best.key, outputs),
                "project": request.project_name,
                "created_at": views.stamp(job.ended_at),
                "size": best.size_bytes,
                "sha256": best.sha256,
                "config": request.arguments.model_dump(mode="json"),
                "classes": list(outcome.classes),
                "metrics": outcome.best_metrics,
                "training_id": job.id,
                "dataset": request.dataset.name,
                "dataset_version": request.dataset.version,
                "base_model": request.base_model.name if request.base_model else None,
            }
        )
    found += [
        _plain(each.name, "upload", each.weights.key, each.weights.size_bytes)
        for each in gateway.ledger.uploads.values()
    ]
    found += [
        _plain(name, "base", str(path), path.stat().st_size)
        for name, path in gateway.resolver.base_models().items()
    ]
    return found


def _plain(name: str, kind: str, path: str, size_bytes: int) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "path": path,
        "project": None,
        "created_at": None,
        "size": size_bytes,
        "config": {},
        "metrics": {},
    }
