"""Jobs as the REST contract shows them: pure."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from libs.common.events import (
    EpochCompleted,
    Failed,
    TrainingCompleted,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.hosts import Drain
from libs.common.jobs import Job
from services.gateway.waiting import Standing

Reading = dict[str, Any]
PAUSED = "paused: it goes on when somebody resumes it"


def place(key: str, outputs: Path | None) -> str:
    """A path in ml_outputs/ where the tree is mirrored, else the key."""
    return str(outputs / key) if outputs else key


def run_name(job: Job) -> str:
    """`project/experiment` of a training."""
    request = job.request
    assert isinstance(request, TrainingRequested)
    return f"{request.project_name}/{request.experiment_name}"


def stamp(time: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z") if time else None


def metrics(epoch: EpochCompleted) -> dict[str, float]:
    """One epoch's numbers under short names."""
    shown = {
        "epoch": epoch.epoch,
        "precision": epoch.precision,
        "recall": epoch.recall,
        "map50": epoch.map50,
        "map50_95": epoch.map50_95,
    }
    shown |= {f"train_{name}": value for name, value in epoch.train_losses.items()}
    return shown | {f"val_{name}": value for name, value in epoch.val_losses.items()}


def best(job: Job) -> dict[str, float]:
    """The metrics of the best epoch: highest mAP50-95, as the trainer's fitness."""
    if isinstance(job.outcome, TrainingCompleted):
        return {"epoch": job.outcome.best_epoch, **job.outcome.best_metrics}
    if not job.epochs:
        return {}
    return metrics(max(job.epochs, key=lambda epoch: epoch.map50_95))


def progress(job: Job, reading: Reading | None) -> float:
    """0 to 100: whole epochs, plus the part of the running one."""
    request = job.request
    assert isinstance(request, TrainingRequested)
    if job.status == "completed":
        return 100.0
    done = float(len(job.epochs))
    if reading and reading.get("attempt") == job.attempt and reading.get("batches"):
        inside = reading.get("batch", 0) / reading["batches"]
        done = max(done, reading.get("epoch", 1) - 1 + min(inside, 1.0))
    return round(min(100.0 * done / request.arguments.epochs, 99.9), 2)


def remaining_s(job: Job) -> float | None:
    """Epochs left times the mean of the last five."""
    request = job.request
    assert isinstance(request, TrainingRequested)
    if job.finished or not job.epochs:
        return None
    last = job.epochs[-5:]
    mean_s = sum(epoch.seconds for epoch in last) / len(last)
    return round(mean_s * max(0, request.arguments.epochs - len(job.epochs)), 1)


def training(
    job: Job, *, reading: Reading | None, outputs: Path | None, standing: Standing | None
) -> dict[str, Any]:
    """The answer of `GET /training/status/{id}`; `standing` is that of a queued one."""
    request, outcome = job.request, job.outcome
    assert isinstance(request, TrainingRequested)
    done = outcome.artifacts if isinstance(outcome, TrainingCompleted) else {}
    failed = outcome if isinstance(outcome, Failed) else None
    current = reading if reading and job.attempt and not job.finished else None
    waits_for_people = PAUSED if job.status == "paused" else None
    weights = {
        name: place(done[f"weights/{name}.pt"].key, outputs) if done else None
        for name in ("best", "last")
    }
    return {
        "training_id": job.id,
        "status": "running" if current and job.status == "initializing" else job.status,
        "mode": request.arguments.mode,
        "current_epoch": job.epochs[-1].epoch if job.epochs else 0,
        "total_epochs": request.arguments.epochs,
        "progress": progress(job, current),
        "current_metrics": metrics(job.epochs[-1]) if job.epochs else {},
        "best_metrics": best(job),
        "start_time": stamp(job.started_at),
        "estimated_time_remaining": remaining_s(job),
        "errors": [failed.message] if failed else [],
        "output_dir": place(request.prefix, outputs),
        "best_model_path": weights["best"],
        "last_model_path": weights["last"],
        "priority": request.priority,
        "preempted": job.preempted,
        "queue_position": standing.position if standing else None,
        "waiting_reason": standing.reason if standing else waits_for_people,
        "waiting_code": standing.code if standing else None,
        "starts_in": standing.starts_in_s if standing else None,
        "batch": _batch(current),
        "attempt": job.starts,
        "preset": request.arguments.preset,
        "fitted": [each.model_dump(mode="json") for each in job.planned.fitted]
        if job.planned
        else [],
        "adjustments": [
            {
                "error_code": each.error_code,
                "message": each.message,
                "batch_size": each.batch_size,
                "left_out": list(each.left_out),
            }
            for each in job.adjusted
        ],
        "worker": job.worker,
        "device": job.started.device if isinstance(job.started, TrainingStarted) else None,
        "error_code": failed.error_code if failed else None,
        "console": list(failed.console) if failed else [],
        "stopped_early": isinstance(outcome, TrainingCompleted) and outcome.stopped_early,
        "created_at": stamp(job.created_at),
        "end_time": stamp(job.ended_at),
        "project_name": request.project_name,
        "experiment_name": request.experiment_name,
        "request": request.model_dump(mode="json", exclude={"kind", "body_sha256"}),
        "dataset_version": request.dataset.version,
        "extends": request.extends,
        "pausing": job.pausing,
        "first_seq": job.first_seq,
        "last_seq": job.last_seq,
    }


def samples(job: Job, base: str) -> list[dict[str, Any]]:
    """The sheets of a training, by epoch, where they can be read now."""
    done = job.outcome.artifacts if isinstance(job.outcome, TrainingCompleted) else {}
    return [
        {
            **sheet.model_dump(include={"epoch", "labels", "predictions", "columns"}),
            **sheet.model_dump(include={"cell_px", "head_px"}),
            "images": list(sheet.images),
            "name": sheet.name,
            "size": picture.size_bytes,
            "sha256": picture.sha256,
            "key": picture.key,
            "url": f"{base}/artifacts/{picture.key}",
        }
        for sheet in job.samples
        if (picture := done.get(sheet.name, sheet.picture))
    ]


def pending(job: Job, reading: Reading | None, status_url: str, id_name: str) -> dict[str, Any]:
    """A dataset or analysis job that has no result (yet)."""
    failed = job.outcome if isinstance(job.outcome, Failed) else None
    share = reading["done"] / reading["of"] if reading and reading.get("of") else 0.0
    return {
        "id": job.id,
        id_name: job.id,
        "status": job.status,
        "progress": round(100 * min(share, 0.999), 2),
        "stage": reading.get("stage") if reading else None,
        "waiting_reason": reading.get("waiting_reason") if reading else None,
        "status_url": status_url,
        "created_at": stamp(job.created_at),
        "errors": [failed.message] if failed else [],
        "error_code": failed.error_code if failed else None,
    }


def drain(asked: Drain | None, worker: str | None = None) -> Reading:
    """Whether a host is drained, as the entry of one of its trainers in `/status` says."""
    if asked is None:
        return {"drained": None, "drained_since": None, "drain_state": None}
    return {
        "drained": asked.running,
        "drained_since": stamp(asked.since),
        "drain_state": "draining" if worker and worker not in asked.empty else "drained",
    }


def _batch(reading: Reading | None) -> dict[str, Any] | None:
    if not reading or not reading.get("batches"):
        return None
    return {"done": reading.get("batch", 0), "of": reading["batches"], "epoch": reading["epoch"]}
