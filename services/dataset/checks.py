"""Check a dataset and tell what is found while it runs, then the whole."""

import asyncio
import logging
import time
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import orjson

from libs.common.artifacts import checked_key
from libs.common.errors import BadInput
from libs.common.events import DatasetFindingsFound, DatasetValidated, FileRef
from libs.common.work import Attempt
from services.dataset.domain.findings import Findings
from services.dataset.domain.report import ReportPlace, translated
from services.dataset.findings_file import FindingsWriter
from services.dataset.found_so_far import Found
from services.dataset.histograms import draw
from services.dataset.options import ValidateOptions, read_options
from services.dataset.predictions import Predictions, read_predictions
from services.dataset.task import Task
from services.dataset.validation import Means, validate

log = logging.getLogger(__name__)

BATCH_FINDINGS = 500
BATCH_BYTES = 400_000
BATCH_S = 0.5


async def check(task: Task) -> None:
    """The operation `validate`."""
    attempt, request = task.attempt, task.request
    options = read_options(ValidateOptions, request.options)
    path, roots = await task.folder()
    means = Means(
        task.workers, attempt.deps.scratch / "known", await _predictions(task, options.predictions)
    )
    found = Found(FindingsWriter(task.scratch), Findings(options.max_examples))
    teller = _Teller(attempt, found)
    place = ReportPlace(attempt.job.id, attempt.number)
    try:
        report = await validate(
            path,
            options,
            named=request.dataset.name,
            validation_id=attempt.job.id,
            roots=roots,
            means=means,
            found=found,
            progress=teller.progress,
        )
        await teller.tell(report["total_images"])
        rows = found.writer.close()
    except BaseException:
        found.writer.abandon()
        raise
    artifacts = attempt.deps.artifacts
    report["report_url"] = _url(place.report())
    report["pictures"] = await _draw(task, place, report)
    listed = await artifacts.put_file(place.findings, rows)
    stored = await artifacts.put_bytes(place.report(), orjson.dumps(report))
    japanese = await artifacts.put_bytes(
        place.report("ja"), orjson.dumps(translated(report, found.findings, "ja"))
    )
    await attempt.tell(
        DatasetValidated,
        valid=report["valid"],
        total_images=report["total_images"],
        total_labels=report["total_labels"],
        classes=tuple(report["classes"]),
        errors=found.findings.of("E"),
        warnings=found.findings.of("W"),
        summary=report["summary"],
        seconds=report["processing_time"],
        report=stored,
        findings=listed,
        reports={"ja": japanese},
    )


async def _predictions(task: Task, ref: FileRef | None) -> Predictions | None:
    """What a model said, fetched and read."""
    if ref is None:
        return None
    if not ref.key or not ref.key.startswith("validations/"):
        raise BadInput(
            "predictions: give the id of a completed model validation.", code="no_predictions"
        )
    artifacts, place = task.attempt.deps.artifacts, task.scratch / "predictions.parquet"
    file = await artifacts.get_file(checked_key(ref.key), place, sha256=ref.sha256)
    return await asyncio.to_thread(read_predictions, file, ref.name)


async def _draw(task: Task, place: ReportPlace, report: dict[str, Any]) -> list[dict[str, str]]:
    """Draw and store the diagrams; a check is not lost for a diagram that cannot be drawn."""
    told = []
    try:
        drawn = await task.workers.run(draw, report)
    except (BrokenProcessPool, ImportError, ValueError, RuntimeError) as error:
        log.warning("no diagrams were drawn", extra={"why": str(error)})
        return []
    for name, data in drawn.items():
        key = place.picture(name)
        await task.attempt.deps.artifacts.put_bytes(key, data)
        told.append({"name": name, "key": key, "url": _url(key)})
    return told


def _url(key: str) -> str:
    return f"/api/v1/ml/artifacts/{key}"


class _Teller:
    """Tells progress at each step, and findings in batches: soon, but not one by one."""

    def __init__(self, attempt: Attempt, found: Found) -> None:
        self.attempt = attempt
        self.found = found
        self.batch = 0
        self.told_at = 0.0

    async def progress(self, done: int, of: int, stage: str) -> None:
        """After every part of the scan."""
        await self.attempt.progress(done=done, of=of, stage=stage)
        waiting = len(self.found.untold)
        due = time.monotonic() - self.told_at > BATCH_S
        if waiting >= BATCH_FINDINGS or (waiting and due):
            await self.tell(done)

    async def tell(self, done: int) -> None:
        """Everything that was not told yet."""
        while batch := self._next_batch():
            self.batch += 1
            await self.attempt.tell(
                DatasetFindingsFound,
                batch=self.batch,
                findings=tuple(batch),
                images_done=done,
            )
        self.told_at = time.monotonic()

    def _next_batch(self) -> list[dict[str, Any]]:
        batch: list[dict[str, Any]] = []
        size = 0
        while self.found.untold and len(batch) < BATCH_FINDINGS and size < BATCH_BYTES:
            finding = self.found.untold.pop(0).as_dict()
            size += len(orjson.dumps(finding))
            batch.append(finding)
        return batch
