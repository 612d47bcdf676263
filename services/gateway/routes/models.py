"""List, upload, download and delete models."""

import asyncio
import hashlib
import uuid
from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse

from libs.common.answers.models import DeletedModel, ModelEntry, UploadedModel
from libs.common.errors import BadInput, NotFound
from libs.common.events import Artifact, ModelUploaded
from services.gateway.access.scopes import ADMIN, READ, RUN
from services.gateway.registry import bytes_of, deletion, listed
from services.gateway.routes.artifacts import BYTES, serve
from services.gateway.schemas.body import NAME
from services.gateway.state import State, fresh

router = APIRouter(tags=["models"])
CHUNK = 2**20
ZIP = b"PK\x03\x04"
MOST_HEAD_BYTES = 100_000_000


@router.get("/models", responses={200: {"model": list[ModelEntry]}}, dependencies=[READ])
async def models(gateway: State, request: Request) -> Response:
    """Base weights, uploads and the weights of completed runs."""
    return fresh(request, await asyncio.to_thread(listed, gateway))


@router.get("/models/{name:path}/info", responses={200: {"model": ModelEntry}}, dependencies=[READ])
async def info(name: str, gateway: State, request: Request) -> Response:
    """One model: where it is, what it was trained on, how good it is."""
    ref = await asyncio.to_thread(gateway.resolver.model, name)
    for each in await asyncio.to_thread(listed, gateway):
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


@router.get(
    "/models/{name:path}/weights", response_class=Response, responses=BYTES, dependencies=[READ]
)
async def weights(name: str, gateway: State, request: Request) -> Response:
    """Download a model: the best weights of a training, an upload as it came, or base weights."""
    found = await asyncio.to_thread(bytes_of, gateway, name)
    saved_as = name.replace("/", "-")
    if isinstance(found, Artifact):
        return await serve(found.key, gateway, request, saved_as + PurePosixPath(found.key).suffix)
    return FileResponse(found, filename=found.name)


@router.delete(
    "/models/{name:path}",
    response_model=None,
    responses={200: {"model": DeletedModel}},
    dependencies=[ADMIN],
)
async def delete(name: str, gateway: State, confirm: bool = False) -> dict[str, Any]:
    """Take a model away and its bytes out of the store; of a training only the weights go."""
    event, keys = await asyncio.to_thread(deletion, gateway, name, uuid.uuid4().hex)
    if not confirm:
        raise BadInput("deleting a model needs ?confirm=true", code="not_confirmed")
    await gateway.publish(event)  # first: from here on nobody is offered what is going
    await gateway.deps.artifacts.delete(*keys)
    return {"name": event.name, "training_id": event.training_id, "deleted": list(keys)}


def kind_of(head: bytes) -> str:
    """The suffix of a weights file by its first nine bytes; empty for anything else.

    safetensors begins with the length of its head, in 8 bytes, and the head, which is JSON.
    """
    if head.startswith(ZIP):
        return ".pt"
    length = int.from_bytes(head[:8], "little")
    return ".safetensors" if head[8:9] == b"{" and 2 <= length <= MOST_HEAD_BYTES else ""
