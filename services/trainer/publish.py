"""The end of a run: artifacts first, event last."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import yaml

from libs.common import subjects
from libs.common.cloudevents import Recorded
from libs.common.errors import NotFound, Unavailable
from libs.common.events import Artifact, SamplesDrawn, TrainingCompleted, TrainingRequested
from libs.common.jobs import fold
from libs.common.work import Attempt
from services.trainer.keeping import attempt_prefix
from services.trainer.patience import patiently


async def publish(
    attempt: Attempt, request: TrainingRequested, done: dict[str, Any], folder: Path
) -> None:
    """Store what the run made, commit it under the run's prefix, and say that it is complete.

    Args:
        attempt: that trained.
        request: of the job.
        done: the child's last message.
        folder: of the attempt; console.log lies there.
    """
    paths = {name: Path(path) for name, path in done["files"].items()}
    paths["training_config.yaml"] = await asyncio.to_thread(write_config, request, folder)
    await attempt.deps.outbox.empty()
    records = await attempt.deps.bus.read(*subjects.of_job("training", attempt.job.id))
    paths["events.jsonl"] = await write_events(records, folder)
    if (folder / "console.log").exists():  # a full disk may have taken none of it
        paths["console.log"] = folder / "console.log"
    artifacts = await patiently(lambda: _commit(attempt, request, paths))
    job = fold(records)
    sheets = job.samples if job else ()
    artifacts |= await patiently(lambda: _keep_samples(attempt, request, sheets))
    await attempt.tell(
        TrainingCompleted,
        epochs_done=done["epochs_done"],
        stopped_early=done["stopped_early"],
        best_epoch=done["best_epoch"],
        best_metrics=done["best_metrics"],
        classes=tuple(done["classes"]),
        seconds=done["seconds"],
        artifacts=artifacts,
    )
    await attempt.deps.outbox.empty()
    with suppress(Unavailable):
        await attempt.deps.artifacts.delete(*(sheet.picture.key for sheet in sheets))


async def _commit(
    attempt: Attempt, request: TrainingRequested, paths: dict[str, Path]
) -> dict[str, Artifact]:
    """Upload under the attempt's own prefix, then copy all to where they are looked for."""
    store, staging = attempt.deps.artifacts, f"{attempt_prefix(request, attempt)}/published"
    staged = {name: await store.put_file(f"{staging}/{name}", path) for name, path in paths.items()}
    final = {}
    for name, artifact in staged.items():
        await attempt.still_counts()
        final[name] = await store.copy(artifact, f"{request.prefix}/{name}")
    await store.delete(*(artifact.key for artifact in staged.values()))
    return final


async def _keep_samples(
    attempt: Attempt, request: TrainingRequested, samples: Sequence[SamplesDrawn]
) -> dict[str, Artifact]:
    """The sheets of all attempts that counted, beside the rest of the run."""
    store, kept = attempt.deps.artifacts, {}
    for sheet in samples:
        await attempt.still_counts()
        with suppress(NotFound):  # a sheet is not worth a run
            kept[sheet.name] = await store.copy(sheet.picture, f"{request.prefix}/{sheet.name}")
    return kept


def write_config(request: TrainingRequested, folder: Path) -> Path:
    """The request as it was asked, so that the run can be asked for again."""
    path = folder / "training_config.yaml"
    text = yaml.safe_dump(request.model_dump(mode="json"), allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")
    return path


async def write_events(records: list[Recorded], folder: Path) -> Path:
    """The job's facts so far, one JSON object a line, in the order of the log."""
    path = folder / "events.jsonl"
    lines = [
        orjson.dumps(
            {
                "seq": record.seq,
                "time": record.time.isoformat(),
                "type": record.event.kind,
                "data": record.event.model_dump(mode="json", exclude={"kind"}),
            }
        )
        for record in records
    ]
    await asyncio.to_thread(path.write_bytes, b"\n".join(lines) + b"\n")
    return path
