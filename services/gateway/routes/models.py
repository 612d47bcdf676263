"""List and upload models."""

import asyncio
import hashlib
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, UploadFile

from libs.common.answers.models import ModelEntry, UploadedModel
from libs.common.errors import BadInput, NotFound
from libs.common.events import Artifact, ModelUploaded, TrainingRequested
from services.gateway import views
from services.gateway.access.scopes import READ, RUN
from services.gateway.ledger import finished_runs
from services.gateway.schemas.body import NAME
from services.gateway.state import Gateway, State, fresh

router = APIRouter(tags=["models"])
CHUNK = 2**20
ZIP = b"PK\x03\x04"
MOST_HEAD_BYTES = 100_000_000


@router.get("/models", responses={200: {"model": list[ModelEntry]}}, dependencies=[READ])
async def models(gateway: State, request: Request) -> Response:
    """Base weights, uploads and the weights of completed runs."""
    return fresh(request, await asyncio.to_thread(_listed, gateway))


@router.get("/models/{name:path}/info", responses={200: {"model": ModelEntry}}, dependencies=[READ])
async def info(name: str, gateway: State, request: Request) -> Response:
    """One model: where it is, what it was trained on, how good it is."""
    ref = await asyncio.to_thread(gateway.resolver.model, name)
    for each in await asyncio.to_thread(_listed, gateway):
        if each["name"] == ref.name:
            return fresh(request, each | {"sha256": ref.sha256})
    raise NotFound(f"there is no model called {name[:128]}", code="no_such_model")


@router.post(
    "/upload/model",
    response_model=None,
    responses={200: {"model": UploadedModel}},
    dependencies=[RUN],
)
async def upload(
    file: UploadFile, gateway: State, model_name: Annotated[str, Query(pattern=NAME)]
) -> dict[str, Any]:
    """Register weights; they are checked, in a child without rights, before anything loads them."""
    if model_name in gateway.resolver.base_models():
        raise BadInput(f"{model_name} is the name of weights we ship", code="name_taken")
    digest = hashlib.sha256()
    head = b""
    while chunk := await file.read(CHUNK):
        head = head or chunk[:9]
        digest.update(chunk)
    if not (suffix := kind_of(head)):
        raise BadInput(
            "send a .pt file as PyTorch saves it, or a .safetensors file of a training",
            code="not_weights",
        )
    await file.seek(0)
    key = f"models/{model_name}/{digest.hexdigest()}{suffix}"
    await gateway.deps.artifacts.put_stream(key, file.file)
    weights = Artifact(key=key, size_bytes=file.size or 0, sha256=digest.hexdigest())
    event = ModelUploaded(job_id=uuid.uuid4().hex, name=model_name, weights=weights)
    await gateway.publish(event)
    return {"name": model_name, "path": key, "size": weights.size_bytes, "sha256": weights.sha256}


def kind_of(head: bytes) -> str:
    """The suffix of a weights file by its first nine bytes; empty for anything else.

    safetensors begins with the length of its head, in 8 bytes, and the head, which is JSON.
    """
    if head.startswith(ZIP):
        return ".pt"
    length = int.from_bytes(head[:8], "little")
    return ".safetensors" if head[8:9] == b"{" and 2 <= length <= MOST_HEAD_BYTES else ""


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
