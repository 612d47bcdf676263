"""A pass over a set that is cut off goes on elsewhere, with the result of an undisturbed one."""

import asyncio
import contextlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from libs.common.events import AnalysisRequested, DatasetRef, Event, ModelRef, ModelValidated
from libs.common.service import Deps
from libs.common.subjects import ANALYZER
from libs.common.work import run_jobs
from libs.synthetic import DatasetSpec, write_dataset
from services.analyzer import asking
from services.analyzer.asking import AnalyzerDeps
from services.analyzer.handlers import analyse_model
from services.analyzer.parts import STORED
from tests.nursery import judging_processes
from tests.unit.services.analyzer.scenes import CLASSES, WEIGHTS

END_S = 120.0


def _request(job_id: str, folder: Path) -> AnalysisRequested:
    return AnalysisRequested(
        job_id=job_id,
        operation="validate",
        model=ModelRef(name="base", path=str(WEIGHTS)),
        dataset=DatasetRef(name="set", path=str(folder)),
        options={"split": "val", "analyze_errors": False, "save_confusion_matrix": False},
    )


async def _outcome(deps: Deps, job_id: str) -> Event:
    async with asyncio.timeout(END_S):
        async for record in deps.bus.replay(f"evt.analysis.*.v1.{job_id}"):
            if record.event.terminal:
                return record.event
    raise AssertionError("the log ended")


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _stored_parts(deps: Deps, job_id: str) -> list[str]:
    heads = await deps.artifacts.list(f"{STORED}/{job_id}")
    return [head.key for head in heads if head.key.endswith(".json")]


async def _boxes(deps: Deps, event: Event) -> list[dict[str, object]]:
    assert isinstance(event, ModelValidated), event
    rows: list[dict[str, object]] = json.loads(
        await deps.artifacts.get_bytes(event.artifacts["predictions.json"].key)
    )
    return rows


async def test_another_host_goes_on_from_the_parts_in_the_store(
    analyzer_deps: AnalyzerDeps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "BATCH", 1)  # many parts, so that it can be cut between them
    deps = analyzer_deps
    spec = DatasetSpec(classes=CLASSES, counts={"val": 40}, size=128, seed=7)
    write_dataset(tmp_path / "set", spec)
    first = replace(deps, part_s=0)
    await deps.bus.publish(_request("cut", tmp_path / "set"))
    task = asyncio.create_task(run_jobs(first, ANALYZER, analyse_model))
    async with asyncio.timeout(END_S):
        while not await _stored_parts(deps, "cut"):
            await asyncio.sleep(0.01)
    for child in judging_processes():
        child.kill()
    await _stopped(task)
    done = len(await _stored_parts(deps, "cut"))
    assert 1 <= done < 40

    other = replace(first, scratch=tmp_path / "other-host")
    other.scratch.mkdir()
    task = asyncio.create_task(run_jobs(other, ANALYZER, analyse_model))
    again = await _outcome(deps, "cut")
    await deps.bus.publish(_request("whole", tmp_path / "set"))
    whole = await _outcome(deps, "whole")
    await _stopped(task)
    assert again.attempt > 1
    assert await _boxes(deps, again) == await _boxes(deps, whole) != []
    assert await _stored_parts(deps, "cut") == []
    assert not (other.scratch / "parts/cut").exists()
