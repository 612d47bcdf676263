"""Make versions of datasets: fix, edit, split, import."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, UploadFile

from libs.common.answers.dataset_edits import EditDone
from libs.common.answers.jobs import Pending
from libs.common.errors import BadInput, Conflict
from libs.common.events import DatasetRef
from services.gateway.access.scopes import RUN
from services.gateway.routes.dataset_jobs import (
    answer_edit,
    check_of,
    located,
    options_of,
    start_edit,
)
from services.gateway.schemas.body import NAME
from services.gateway.schemas.dataset_edits import (
    DeleteClass,
    EditDataset,
    EditFrom,
    FixDataset,
    ImportDataset,
    SplitDataset,
)
from services.gateway.state import Gateway, Once, OnceOnly, Patience, State, Waits, raise_failure

router = APIRouter(tags=["datasets"])
EDITED: dict[int | str, Any] = {200: {"model": EditDone}, 202: {"model": Pending}}
Format = Annotated[str, Query(pattern=r"^(auto|yolo|yolo_polygons|coco|voc|darknet)$")]


@router.post("/dataset/validate/{validation_id}/fix", responses=EDITED, dependencies=[RUN])
async def fix(
    validation_id: str, body: FixDataset, gateway: State, once: OnceOnly, waits: Waits
) -> Response:
    """Mend what a check found, as a new version; the source stays as it is."""
    if earlier := once.earlier(gateway):
        return await answer_edit(gateway, earlier, waits)
    request = check_of(gateway, validation_id)
    job = gateway.ledger.job(validation_id, "dataset")
    raise_failure(job)
    if not job.finished:
        raise Conflict("the check is not finished: wait for its report", code="not_finished")
    _refuse_older(gateway, request.dataset, allowed=body.allow_older)
    options = options_of(body) | {
        "validation_id": validation_id,
        "overrides": request.options.get("rules") or {},
    }
    return await start_edit(gateway, once, waits, "fix", request.dataset, options)


@router.post("/dataset/edit", responses=EDITED, dependencies=[RUN])
async def edit(body: EditDataset, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """A list of steps as one new version: classes, splits, images, labels."""
    return await _edit(gateway, once, waits, "edit", body)


@router.post("/dataset/split", responses=EDITED, dependencies=[RUN])
async def split(body: SplitDataset, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """A new version with other splits; nothing of the source changes."""
    return await _edit(gateway, once, waits, "split", body)


@router.post("/dataset/delete-class", responses=EDITED, dependencies=[RUN])
async def delete_class(body: DeleteClass, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """A new version without a class; nothing of the source changes."""
    return await _edit(gateway, once, waits, "delete_class", body)


@router.post("/dataset/import", responses=EDITED, dependencies=[RUN])
async def bring_in(body: ImportDataset, gateway: State, once: OnceOnly, waits: Waits) -> Response:
    """Register a folder or a bucket's prefix, in any format that is known, as a new version."""
    dataset = await located(gateway, body.source)
    options = {"name": body.dataset_name, "format": body.format, "dry_run": body.dry_run}
    return await start_edit(gateway, once, waits, "import", dataset, options)


@router.post("/upload/dataset", responses=EDITED, dependencies=[RUN])
async def upload(
    file: UploadFile,
    gateway: State,
    waits: Waits,
    dataset_name: Annotated[str, Query(pattern=NAME)],
    format: Format = "auto",  # noqa: A002 -- the contract's name
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
    options = {"upload_key": key, "name": dataset_name, "format": format}
    ref = DatasetRef(name=dataset_name)
    return await start_edit(gateway, once, waits, "import", ref, options)


async def _edit(
    gateway: Gateway, once: Once, waits: Patience, operation: Any, body: EditFrom
) -> Response:
    if job := once.earlier(gateway):
        return await answer_edit(gateway, job, waits)
    dataset = await located(gateway, body.dataset_path)
    _refuse_older(gateway, dataset, allowed=body.allow_older)
    return await start_edit(gateway, once, waits, operation, dataset, options_of(body))


def _refuse_older(gateway: Gateway, dataset: DatasetRef, *, allowed: bool) -> None:
    """Raises Conflict when the version that is edited is not the newest."""
    newest = gateway.ledger.dataset_log.version(dataset.name) if dataset.version else None
    if newest and newest.version != dataset.version and not allowed:
        raise Conflict(
            f"{dataset.name} has a newer version, {newest.version}: edit that one, or send "
            "allow_older to go on from the older one",
            code="not_newest",
        )
