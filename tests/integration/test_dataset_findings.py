"""Findings of a check: told while it runs, stored whole, and paged by a question over the bus."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from libs.common import subjects
from libs.common.asks import answer_questions, ask
from libs.common.errors import BadInput, Conflict, NotFound
from libs.common.events import (
    DatasetFailed,
    DatasetFindingsFound,
    DatasetRef,
    DatasetRequested,
    DatasetValidated,
    Event,
)
from libs.common.service import Deps
from libs.common.work import Attempt, load, run_jobs
from services.dataset.domain.findings import Finding, Severity
from services.dataset.findings_file import ROWS_PER_GROUP, Filter, FindingsWriter, read_page
from services.dataset.handlers import DatasetHandler
from services.dataset.questions import answer_findings, dataset_questions
from tests.unit.services.dataset.conftest import HereAndNow, make_dataset, put

ROWS = 700


@pytest.fixture
async def working(deps: Deps) -> AsyncIterator[Deps]:
    """The service's loop and its answers, in this process."""
    tasks = [
        asyncio.create_task(run_jobs(deps, subjects.DATASET, DatasetHandler(HereAndNow()))),
        asyncio.create_task(answer_questions(deps.bus, "dataset", dataset_questions(deps))),
    ]
    yield deps
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def checked(deps: Deps, root: Path, job_id: str = "job") -> list[Event]:
    """All facts of a check, up to its end."""
    dataset = DatasetRef(name="d", path=str(root))
    await deps.bus.publish(
        DatasetRequested(job_id=job_id, operation="validate", dataset=dataset, options={})
    )
    facts: list[Event] = []
    async with asyncio.timeout(60):
        async for record in deps.bus.replay(*subjects.of_job("dataset", job_id)):
            facts.append(record.event)
            if record.event.terminal:
                return facts
    raise AssertionError("the log ended")


async def page(deps: Deps, **fields: Any) -> dict[str, Any]:
    answer = await ask(deps.bus, "dataset", "findings", {"validation_id": "job"} | fields)
    told: dict[str, Any] = orjson.loads(answer)
    return told


async def test_findings_are_told_in_batches_before_the_end_and_all_can_be_paged(
    working: Deps, tmp_path: Path
) -> None:
    root = make_dataset(tmp_path / "d")
    lines = [f"9 0.5 0.5 0.1 0.{100 + index}\n" for index in range(ROWS)]
    put(root / "labels/train/train00.txt", "".join(lines))
    put(root / "labels/train/train01.txt", "0 0.5 0.5 0.1 0.1\r\n1 0.2 0.2 0.1 0.1\r\n")
    put(root / "images/val/Notes.md", "x")
    facts = await checked(working, root)
    batches = [fact for fact in facts if isinstance(fact, DatasetFindingsFound)]
    told = [finding for fact in batches for finding in fact.findings]
    end = facts[-1]
    assert isinstance(end, DatasetValidated), end
    assert [fact.batch for fact in batches] == list(range(1, len(batches) + 1))
    assert len(batches) >= 2
    assert len(told) == sum(end.summary.values())
    assert end.findings
    assert end.findings.key == "datasets/.reports/job/1/findings.parquet"

    first = await page(working, limit=500)
    assert (first["total"], len(first["findings"]), first["next_offset"]) == (len(told), 500, 500)
    assert {finding["severity"] for finding in first["findings"]} == {"E"}
    rest = await page(working, limit=500, offset=500)
    assert rest["next_offset"] is None
    every = first["findings"] + rest["findings"]
    key = orjson.dumps
    assert sorted(map(key, every)) == sorted(map(key, told))

    notes = await page(working, severity="I", split=["val"])
    assert [finding["rule"] for finding in notes["findings"]] == ["non_image_in_images"]
    assert (await page(working, file="NOTES"))["total"] == 1
    rules = ["class_out_of_range", "crlf_line_endings"]
    assert (await page(working, rule=rules))["total"] == ROWS + 1
    assert (await page(working, rule="crlf_line_endings", file="train00"))["findings"] == []


async def test_an_older_attempt_that_wakes_up_overwrites_nothing(
    deps: Deps, tmp_path: Path
) -> None:
    root = make_dataset(tmp_path / "d")
    dataset = DatasetRef(name="d", path=str(root))
    await deps.bus.publish(DatasetRequested(job_id="job", operation="validate", dataset=dataset))
    job = await load(deps, "dataset", "job")
    assert job
    handler = DatasetHandler(HereAndNow())
    await handler(Attempt(job, 2, deps))
    put(root / "labels/train/train00.txt", "9 0.5 0.5 0.1 0.1\n")
    await handler(Attempt(job, 1, deps))
    job = await load(deps, "dataset", "job")
    assert job
    end = job.outcome
    assert isinstance(end, DatasetValidated)
    assert (end.attempt, end.summary) == (2, {})
    assert end.findings
    for told in (end.report, end.findings, *end.reports.values()):
        await deps.artifacts.get_file(told.key, tmp_path / "copy", sha256=told.sha256)
    report = orjson.loads(await deps.artifacts.get_bytes(end.report.key))
    assert report["report_url"].endswith(f"/artifacts/{end.report.key}")
    assert report["pictures"]
    for picture in report["pictures"]:
        assert picture["key"].startswith("datasets/.reports/job/2/")
    assert (orjson.loads(await answer_findings(deps, {"validation_id": "job"})))["total"] == 0


async def test_a_question_that_cannot_be_answered_says_why(deps: Deps) -> None:
    async def refusal(job_id: str, **fields: Any) -> str:
        with pytest.raises((BadInput, Conflict, NotFound)) as raised:
            await answer_findings(deps, {"validation_id": job_id} | fields)
        return f"{type(raised.value).__name__} {raised.value.code}"

    assert await refusal("job") == "NotFound no_such_job"
    assert await refusal("job", limit=501) == "BadInput bad_options"
    dataset = DatasetRef(name="d", path="/etc")
    request = DatasetRequested(job_id="job", operation="validate", dataset=dataset)
    await deps.bus.publish(request)
    assert await refusal("job") == "Conflict not_finished"
    await deps.bus.publish(DatasetFailed(job_id="job", attempt=1, error_code="x", message="y"))
    assert await refusal("job") == "NotFound no_findings"


def test_very_many_findings_are_written_and_read_page_by_page(tmp_path: Path) -> None:
    writer = FindingsWriter(tmp_path)
    many = 3 * ROWS_PER_GROUP + 5
    weights: tuple[Severity, ...] = ("I", "W", "E")
    for index in range(many):
        file = f"labels/train/{index:06d}.txt"
        weight = weights[index % 3]
        writer.add(Finding("tiny_box", weight, "train", file, index, "Tiny.", None, "opt"))
    path = writer.close()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    rows, total = read_page(path, Filter(), 0, 3)
    assert total == many
    assert [row["line"] for row in rows] == [2, 5, 8]
    warnings = len(range(1, many, 3))
    rows, total = read_page(path, Filter(severities=("W",)), warnings - 2, 500)
    assert total == warnings
    assert [row["line"] for row in rows] == [many - 4, many - 1]
    assert read_page(path, Filter(file="train/030004"), 0, 9) == ([rows[-1]], 1)
    assert read_page(path, Filter(), many, 9) == ([], many)
