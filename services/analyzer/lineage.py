"""What the log knows of a model: the run that made it, and how it was judged before."""

import csv
import io
from typing import Any

import orjson
import yaml

from libs.common import subjects
from libs.common.errors import NotFound
from libs.common.events import AnalysisRequested, ModelRef, ModelValidated, TrainingCompleted
from libs.common.jobs import Job
from libs.common.service import Deps
from libs.common.work import load


async def find_run(deps: Deps, model: ModelRef, sha256: str) -> Job | None:
    """The completed training that made the model: by id, else by the hash of its weights."""
    if model.training_id:
        return await load(deps, "training", model.training_id)
    for record in reversed(await deps.bus.read(subjects.of_kind(TrainingCompleted))):
        event = record.event
        if isinstance(event, TrainingCompleted) and any(
            artifact.sha256 == sha256 for artifact in event.artifacts.values()
        ):
            return await load(deps, "training", event.job_id)
    return None


async def find_report(deps: Deps, model: ModelRef, sha256: str) -> dict[str, Any] | None:
    """The newest report on exactly these weights that can still be read, or None."""
    kinds = (AnalysisRequested, ModelValidated)
    records = await deps.bus.read(*(subjects.of_kind(kind) for kind in kinds))
    requests = {
        each.event.job_id: each.event
        for each in records
        if isinstance(each.event, AnalysisRequested)
    }
    for event in (each.event for each in reversed(records)):
        request = requests.get(event.job_id)
        if not isinstance(event, ModelValidated) or request is None:
            continue
        theirs = request.model
        if sha256 != theirs.sha256 and model.name != theirs.name:
            continue
        try:
            report: dict[str, Any] = orjson.loads(await deps.artifacts.get_bytes(event.report.key))
        except NotFound:
            continue
        if report["model_info"]["sha256"] == sha256:
            return report
    return None


async def read_history(deps: Deps, run: Job) -> list[dict[str, float]] | None:
    """The rows of the run's results.csv; None if it has none."""
    text = await _read_text(deps, run, "results.csv")
    if text is None:
        return None
    rows = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    return [{name.strip(): float(value) for name, value in row.items()} for row in rows]


async def read_arguments(deps: Deps, run: Job) -> dict[str, Any] | None:
    """The run's args.yaml; None if it has none."""
    text = await _read_text(deps, run, "args.yaml")
    return yaml.safe_load(text) if text is not None else None


async def _read_text(deps: Deps, run: Job, name: str) -> str | None:
    if not isinstance(run.outcome, TrainingCompleted) or name not in run.outcome.artifacts:
        return None
    try:
        return (await deps.artifacts.get_bytes(run.outcome.artifacts[name].key)).decode()
    except NotFound:
        return None
