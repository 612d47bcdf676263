"""List, upload, split, edit and delete datasets."""

import asyncio
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, UploadFile

from libs.common.errors import BadInput, NotFound
from libs.common.events import DatasetRef
from services.gateway.routes.dataset_jobs import located, start
from services.gateway.schemas.body import NAME
from services.gateway.schemas.datasets import DeleteClass, SplitDataset
from services.gateway.state import Gateway, Once, OnceOnly, State, Waits, fresh

router = APIRouter(tags=["datasets"])


@router.get("/datasets")
async def datasets(gateway: State, request: Request) -> Response:
    """Registered datasets, and folders under the allowed roots that hold a data.yaml."""
    return fresh(request, list((await _described(gateway)).values()))


@router.get("/datasets/{name}")
async def dataset(name: str, gateway: State, request: Request) -> Response:
    """One dataset with its versions."""
    found = (await _described(gateway)).get(name)
    if found is None:
        raise NotFound(f"there is no dataset called {name[:64]}", code="no_such_dataset")
    return fresh(request, found)


@router.post("/upload/dataset")
async def upload(
    file: UploadFile,
    gateway: State,
    waits: Waits,
    dataset_name: Annotated[str, Query(pattern=NAME)],
) -> Response:
    """Register a ZIP as a new version of `dataset_name`."""
    if (file.size or 0) > gateway.settings.max_upload_bytes:
        raise BadInput(
            f"at most {gateway.settings.max_upload_bytes} bytes per upload", code="too_large"
        )
    if await file.read(4) not in {b"PK\x03\x04", b"PK\x05\x06"}:
        raise BadInput("send the dataset as a ZIP archive", code="not_a_zip")
    await file.seek(0)
    once = Once(uuid.uuid4().hex, None)
    key = f"uploads/{once.job_id}.zip"
    await gateway.deps.artifacts.put_stream(key, file.file)
    options = {"upload_key": key, "name": dataset_name}
    return await start(gateway, once, waits, "import", DatasetRef(name=dataset_name), options)


@router.post("/dataset/split")
async def split(body: SplitDataset, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """A new version with other splits; nothing of the source changes."""
    dataset = await located(gateway, body.dataset_path)
    options = body.model_dump(mode="json", exclude={"dataset_path"})
    return await start(gateway, once, waits, "split", dataset, options)


@router.post("/dataset/delete-class")
async def delete_class(body: DeleteClass, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """A new version without a class; nothing of the source changes."""
    dataset = await located(gateway, body.dataset_path)
    options = body.model_dump(mode="json", exclude={"dataset_path"})
    return await start(gateway, once, waits, "delete_class", dataset, options)


@router.delete("/datasets/{name}")
async def delete(
    name: str, gateway: State, once: OnceOnly, waits: Waits, confirm: bool = False
) -> Response:
    """A tombstone: the name is free again, the bytes stay until garbage collection."""
    registered = gateway.ledger.dataset(name)
    if registered is None:
        raise NotFound(f"there is no registered dataset called {name[:64]}", code="no_such_dataset")
    if not confirm:
        raise BadInput("deleting a dataset needs ?confirm=true", code="not_confirmed")
    ref = DatasetRef(name=name, version=registered.version, manifest=registered.manifest)
    return await start(gateway, once, waits, "delete", ref, {})


async def _described(gateway: Gateway) -> dict[str, dict[str, Any]]:
    on_disk = await asyncio.to_thread(gateway.resolver.datasets_on_disk)
    found: dict[str, dict[str, Any]] = {}
    for name, path in on_disk.items():
        has = {f"has_{split}": _has(path, split) for split in ("train", "val", "test")}
        found[name] = {"name": name, "path": str(path), **has, "registered": False, "versions": []}
    for name, versions in gateway.ledger.datasets.items():
        newest = versions[-1]
        found[name] = {
            "name": name,
            "path": newest.manifest.key,
            **{
                f"has_{split}": newest.counts.get(split, 0) > 0
                for split in ("train", "val", "test")
            },
            "registered": True,
            "classes": list(newest.classes),
            "counts": newest.counts,
            "versions": [each.version for each in versions],
        }
    return dict(sorted(found.items()))


def _has(path: Any, split: str) -> bool:
    names = {"val": ("val", "valid", "validation")}.get(split, (split,))
    return any((path / "images" / n).is_dir() or (path / n / "images").is_dir() for n in names)
