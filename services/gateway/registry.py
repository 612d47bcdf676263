"""Which models there are and what is known of each: base weights, uploads, weights of trainings."""

from pathlib import Path
from typing import Any

import orjson

from libs.common.errors import BadInput, Conflict, NotFound
from libs.common.events import (
    AnalysisRequested,
    Artifact,
    ModelDeleted,
    ModelRef,
    ModelUploaded,
    TrainingCompleted,
    TrainingRequested,
)
from libs.common.jobs import Job
from services.gateway import views
from services.gateway.ledger import Ledger, finished_runs
from services.gateway.state import BASE, Gateway

WEIGHTS = "weights/"
BEST = "weights/best.pt"
MOST_CARD_BYTES = 2**20


def listed(gateway: Gateway) -> list[dict[str, Any]]:
    """Every model, those of trainings first; reads the cards of base weights from disk."""
    uploads = gateway.ledger.uploads.values()
    return [
        *(_of_run(gateway, *each) for each in finished_runs(gateway.ledger)),
        *(_of_upload(gateway, each) for each in reversed(uploads)),
        *(_of_base(name, path) for name, path in gateway.resolver.base_models().items()),
    ]


def bytes_of(gateway: Gateway, name: str) -> Artifact | Path:
    """Where the weights of the model of this name are.

    Raises:
        NotFound: there is no such model.
    """
    if upload := gateway.ledger.uploads.get(name):
        return upload.weights
    if path := gateway.resolver.base_models().get(name):
        return path
    return _run(gateway.ledger, name)[1].artifacts[BEST]


def deletion(gateway: Gateway, name: str, fact_id: str) -> tuple[ModelDeleted, tuple[str, ...]]:
    """The fact that takes a model away, and the keys of its bytes in the store.

    Raises:
        NotFound: there is no such model.
        BadInput: it is one that we ship.
        Conflict: unfinished work goes by it.
    """
    ledger = gateway.ledger
    if upload := ledger.uploads.get(name):
        _unused(ledger, name, {upload.weights.key}, None)
        return ModelDeleted(job_id=fact_id, name=name), (upload.weights.key,)
    if name in gateway.resolver.base_models():
        raise BadInput(
            f"{name} came with the system: take its file out of the folder of base weights",
            code="base_model",
        )
    job, outcome = _run(ledger, name)
    weights = [each for at, each in outcome.artifacts.items() if at.startswith(WEIGHTS)]
    kept = job.checkpoint.files.values() if job.checkpoint else ()
    keys = {each.key for each in (*weights, *kept)}
    _unused(ledger, name, keys, job.id)
    return ModelDeleted(job_id=fact_id, name=name, training_id=job.id), tuple(sorted(keys))


def _run(ledger: Ledger, name: str) -> tuple[Job, TrainingCompleted]:
    job = ledger.run_of(name) or ledger.jobs.get(name)
    outcome = job.outcome if job else None
    if (
        job is None
        or not isinstance(outcome, TrainingCompleted)
        or job.id in ledger.without_weights
    ):
        raise NotFound(f"there is no model called {name[:128]}", code="no_such_model")
    return job, outcome


def _unused(ledger: Ledger, name: str, keys: set[str], training_id: str | None) -> None:
    """Raises Conflict when a job that is not finished needs one of the keys."""
    for job_id in (*ledger.active["training"], *ledger.active["analysis"]):
        job = ledger.jobs[job_id]
        if any(ref.key in keys for ref in _models_of(job)) or _extends(job, training_id):
            raise Conflict(
                f"{job.area} {job_id} goes by {name} and is {job.status}: wait for its end, or "
                "cancel it",
                code="model_in_use",
            )


def _models_of(job: Job) -> list[ModelRef]:
    request = job.request
    if isinstance(request, TrainingRequested):
        return [request.base_model] if request.base_model else []
    return [request.model] if isinstance(request, AnalysisRequested) else []


def _extends(job: Job, training_id: str | None) -> bool:
    request = job.request
    return (
        training_id is not None
        and isinstance(request, TrainingRequested)
        and request.extends == training_id
    )


def _of_run(gateway: Gateway, name: str, job: Job, outcome: TrainingCompleted) -> dict[str, Any]:
    request, best = job.request, outcome.artifacts[BEST]
    assert isinstance(request, TrainingRequested)
    return _entry(name, "run", views.place(best.key, gateway.settings.outputs_dir), best) | {
        "project": request.project_name,
        "created_at": views.stamp(job.ended_at),
        "config": request.arguments.model_dump(mode="json"),
        "classes": list(outcome.classes),
        "metrics": outcome.best_metrics,
        "training_id": job.id,
        "dataset": request.dataset.name,
        "dataset_version": request.dataset.version,
        "base_model": request.base_model.name if request.base_model else None,
        "extends": request.extends,
    }


def _of_upload(gateway: Gateway, event: ModelUploaded) -> dict[str, Any]:
    job = gateway.ledger.jobs[event.job_id]
    weights = event.weights
    return _entry(event.name, "upload", weights.key, weights) | {
        "created_at": views.stamp(job.ended_at)
    }


def _of_base(name: str, path: Path) -> dict[str, Any]:
    """With what its card says: a JSON file of the same name beside it."""
    card = _card(path.with_suffix(".json"))
    metrics = card.get("metrics", {})
    entry = _entry(name, "base", str(path), None)
    entry |= {"size": path.stat().st_size, "sha256": card.get("sha256")}
    entry["metrics"] = metrics.get("test") or metrics.get("val") or {}
    if classes := card.get("dataset", {}).get("spec", {}).get("classes"):
        entry["classes"] = classes
    told = {"model_architecture": card.get("architecture"), "imgsz": card.get("imgsz")}
    entry["config"] = {field: value for field, value in told.items() if value is not None}
    return entry


def _card(path: Path) -> dict[str, Any]:
    if not path.is_file() or path.stat().st_size > MOST_CARD_BYTES:
        return {}
    try:
        found = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _entry(name: str, kind: str, path: str, weights: Artifact | None) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "path": path,
        "project": None,
        "created_at": None,
        "size": weights.size_bytes if weights else 0,
        "sha256": weights.sha256 if weights else None,
        "config": {},
        "metrics": {},
        "url": f"{BASE}/models/{name}/weights",
    }
