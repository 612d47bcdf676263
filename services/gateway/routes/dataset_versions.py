"""Versions of datasets: what differs, restore one, end a dataset, collect what it held."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from libs.common.answers.dataset_edits import ChangesPage, EditDone, VersionsDiff
from libs.common.answers.jobs import Pending
from libs.common.asks import ask
from libs.common.errors import BadInput, NotFound
from libs.common.events import DatasetRef
from services.gateway.access.scopes import ADMIN, READ, RUN
from services.gateway.routes.dataset_jobs import diff_of, options_of, result_of, start_edit
from services.gateway.schemas.body import NAME
from services.gateway.schemas.dataset_edits import CollectDataset, RestoreVersion
from services.gateway.state import BASE, OnceOnly, State, Waits, fresh
from services.gateway.views import pending

router = APIRouter(tags=["datasets"])
EDITED: dict[int | str, Any] = {200: {"model": EditDone}, 202: {"model": Pending}}
Offset = Annotated[int, Query(ge=0)]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.post("/datasets/{name}/restore", responses=EDITED, dependencies=[RUN])
async def restore(
    name: str, body: RestoreVersion, gateway: State, once: OnceOnly, waits: Waits
) -> Response:
    """An earlier version again, as the newest one; also of a deleted dataset, until collected."""
    log = gateway.ledger.dataset_log
    known = (*log.retired.get(name, ()), *log.live.get(name, ()))
    if all(event.version != body.version for event in known):
        raise NotFound(f"{name[:64]} never had a version {body.version}", code="no_such_version")
    return await start_edit(
        gateway, once, waits, "restore", DatasetRef(name=name), options_of(body)
    )


@router.delete("/datasets/{name}", responses=EDITED, dependencies=[ADMIN])
async def delete(
    name: str, gateway: State, once: OnceOnly, waits: Waits, confirm: bool = False
) -> Response:
    """A tombstone: the name is free again, the bytes stay until they are collected."""
    registered = gateway.ledger.dataset_log.version(name)
    if registered is None and once.earlier(gateway):  # asked again, and gone since
        return await start_edit(gateway, once, waits, "delete", DatasetRef(name=name), {})
    if registered is None:
        raise NotFound(f"there is no registered dataset called {name[:64]}", code="no_such_dataset")
    if not confirm:
        raise BadInput("deleting a dataset needs ?confirm=true", code="not_confirmed")
    ref = DatasetRef(name=name, version=registered.version, manifest=registered.manifest)
    return await start_edit(gateway, once, waits, "delete", ref, {})


@router.post("/datasets/{name}/collect", responses=EDITED, dependencies=[ADMIN])
async def collect(
    name: Annotated[str, Path(pattern=NAME)],
    body: CollectDataset,
    gateway: State,
    once: OnceOnly,
    waits: Waits,
) -> Response:
    """Remove from the store what no version of a live dataset holds. This cannot be undone."""
    if not body.confirm:
        raise BadInput(
            'collecting removes bytes for good: send {"confirm": true}', code="not_confirmed"
        )
    return await start_edit(gateway, once, waits, "collect", DatasetRef(name=name), {})


@router.get("/datasets/{name}/diff", responses={200: {"model": VersionsDiff}}, dependencies=[READ])
async def diff(
    name: str,
    gateway: State,
    request: Request,
    older: Annotated[str, Query(alias="from", pattern=r"^v\d{1,9}$")],
    newer: Annotated[str, Query(alias="to", pattern=r"^v\d{1,9}$")],
    offset: Offset = 0,
    limit: Limit = 100,
) -> Response:
    """What differs between two versions: images, labels, boxes; in numbers and file by file."""
    fields = {"name": name, "older": older, "newer": newer, "offset": offset, "limit": limit}
    return fresh(request, await ask(gateway.deps.bus, "dataset", "diff", fields, timeout_s=60.0))


@router.get(
    "/dataset/edits/{edit_id}", responses={200: {"model": EditDone | Pending}}, dependencies=[READ]
)
async def edited(edit_id: str, gateway: State, request: Request) -> Response:
    """What an edit did or would do, or how far it is."""
    job = gateway.ledger.job(edit_id, "dataset")
    if job.finished and job.status != "failed":
        return fresh(request, await result_of(gateway, job))
    reading = gateway.readings.progress(job.area, job.id)
    return fresh(request, pending(job, reading, f"{BASE}/dataset/edits/{job.id}", "edit_id"))


@router.get(
    "/dataset/edits/{edit_id}/changes", responses={200: {"model": ChangesPage}}, dependencies=[READ]
)
async def changes(
    edit_id: str, gateway: State, request: Request, offset: Offset = 0, limit: Limit = 100
) -> Response:
    """The changed files of an edit or of its preview, a page at a time."""
    report = diff_of(gateway.ledger.job(edit_id, "dataset"))
    if report is None:
        raise NotFound("this job has no diff (yet)", code="no_diff")
    key = report.key.removesuffix(".json") + ".jsonl"
    fields = {"key": key, "offset": offset, "limit": limit}
    return fresh(request, await ask(gateway.deps.bus, "dataset", "changes", fields))
