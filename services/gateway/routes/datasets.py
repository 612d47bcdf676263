"""Which datasets there are, and what is known of each."""

import asyncio
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response

from libs.common.answers.datasets import DatasetFacts, DatasetWithHistory, VersionFacts
from libs.common.dataset_log import name_and_version
from libs.common.errors import NotFound
from libs.common.events import DatasetRegistered, DatasetRequested, DatasetValidated
from services.gateway.access.scopes import READ
from services.gateway.state import BASE, Gateway, State, fresh
from services.gateway.views import stamp

router = APIRouter(tags=["datasets"])
YAML = {".yaml", ".yml"}
SPLITS = ("train", "val", "test")


@router.get("/datasets", responses={200: {"model": list[DatasetFacts]}}, dependencies=[READ])
async def datasets(gateway: State, request: Request) -> Response:
    """Registered datasets, and folders under the allowed roots that hold a data.yaml."""
    return fresh(request, list((await _described(gateway)).values()))


@router.get("/datasets/{name}", responses={200: {"model": DatasetWithHistory}}, dependencies=[READ])
async def dataset(name: str, gateway: State, request: Request) -> Response:
    """One dataset, or one version of it (`name@v3`), with its versions and its last check."""
    plain, version = name_and_version(name)
    if event := gateway.ledger.dataset_log.version(plain, version):
        newest = _registered(gateway, event, _last_checks(gateway))
        return fresh(request, newest | {"history": _history(gateway, plain)})
    found = (await _described(gateway)).get(name)
    if found is None:
        raise NotFound(f"there is no dataset called {name[:64]}", code="no_such_dataset")
    return fresh(request, found | {"history": []})


@router.get(
    "/datasets/{name}/versions", responses={200: {"model": list[VersionFacts]}}, dependencies=[READ]
)
async def versions(name: str, gateway: State, request: Request) -> Response:
    """All versions, the newest first."""
    if name not in gateway.ledger.datasets:
        raise NotFound(f"there is no registered dataset called {name[:64]}", code="no_such_dataset")
    return fresh(request, _history(gateway, name))


async def _described(gateway: Gateway) -> dict[str, dict[str, Any]]:
    on_disk = await asyncio.to_thread(gateway.resolver.datasets_on_disk)
    checks = _last_checks(gateway)
    found: dict[str, dict[str, Any]] = {}
    for name, path in on_disk.items():
        has = {f"has_{split}": _has(path, split) for split in SPLITS}
        facts = {"name": name, "path": str(path), **has, "registered": False, "versions": []}
        found[name] = facts | {"last_validation": checks.get(str(path))}
    for name, events in gateway.ledger.datasets.items():
        found[name] = _registered(gateway, events[-1], checks)
    return dict(sorted(found.items()))


def _registered(
    gateway: Gateway, event: DatasetRegistered, checks: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    return {
        "name": event.name,
        "path": event.manifest.key,
        **{f"has_{split}": event.counts.get(split, 0) > 0 for split in SPLITS},
        "registered": True,
        "version": event.version,
        "classes": list(event.classes),
        "counts": event.counts,
        "versions": [each.version for each in gateway.ledger.datasets[event.name]],
        "last_validation": checks.get(event.name),
    }


def _history(gateway: Gateway, name: str) -> list[dict[str, Any]]:
    told = []
    for event in reversed(gateway.ledger.datasets[name]):
        job = gateway.ledger.jobs.get(event.job_id)
        request = job.request if job else None
        operation = request.operation if isinstance(request, DatasetRequested) else None
        kept = job is not None and job.outcome is not event  # the folder as it was, before an edit
        told.append(
            {
                "version": event.version,
                "parent": event.parent,
                "operation": "import" if kept else operation,
                "created_at": stamp(job.ended_at) if job else None,
                "classes": list(event.classes),
                "counts": event.counts,
                "changes": event.changes,
                "source": event.source,
                "edit_id": event.job_id,
            }
        )
    return told


def _last_checks(gateway: Gateway) -> dict[str, dict[str, Any]]:
    """The newest finished check by the name of a registered dataset, or by its folder."""
    found: dict[str, dict[str, Any]] = {}
    for job in gateway.ledger.newest("dataset"):
        request, outcome = job.request, job.outcome
        if not isinstance(request, DatasetRequested) or not isinstance(outcome, DatasetValidated):
            continue
        ref = request.dataset
        path = Path(ref.path) if ref.path else None
        folder = path.parent if path and path.suffix in YAML else path
        told = {
            "validation_id": job.id,
            "version": ref.version,
            "valid": outcome.valid,
            "errors": outcome.errors,
            "warnings": outcome.warnings,
            "at": stamp(job.ended_at),
            "url": f"{BASE}/dataset/validate/{job.id}",
        }
        found.setdefault(str(folder) if folder else ref.name, told)
    return found


def _has(path: Any, split: str) -> bool:
    names = {"val": ("val", "valid", "validation")}.get(split, (split,))
    return any((path / "images" / n).is_dir() or (path / n / "images").is_dir() for n in names)
