"""Explanations on a real bus and store, of the released weights."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from libs.common.events import (
    AnalysisFailed,
    AnalysisRequested,
    DatasetRef,
    DetectionExplained,
    Event,
    ModelRef,
    ModelValidated,
)
from libs.common.service import Deps
from libs.common.subjects import ANALYZER
from libs.common.work import run_jobs
from libs.synthetic import DatasetSpec, write_dataset
from services.analyzer.asking import AnalyzerDeps
from services.analyzer.handlers import analyse_model
from tests.unit.services.analyzer.scenes import CLASSES, WEIGHTS

MODEL = ModelRef(name="base", path=str(WEIGHTS))
END_S = 90.0


@pytest.fixture
async def analyzer(analyzer_deps: AnalyzerDeps) -> AsyncIterator[Deps]:
    """A running analyzer."""
    deps = analyzer_deps
    task = asyncio.create_task(run_jobs(deps, ANALYZER, analyse_model))
    yield replace(deps)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _outcome(deps: Deps, request: AnalysisRequested) -> Event:
    await deps.bus.publish(request)
    async with asyncio.timeout(END_S):
        async for record in deps.bus.replay(f"evt.analysis.*.v1.{request.job_id}"):
            if record.event.terminal:
                return record.event
    raise AssertionError("the log ended")


async def _explained(deps: Deps, job_id: str, **options: Any) -> tuple[Event, dict[str, Any]]:
    request = AnalysisRequested(job_id=job_id, operation="explain", model=MODEL, options=options)
    event = await _outcome(deps, request)
    assert isinstance(event, DetectionExplained), event
    report: dict[str, Any] = json.loads(await deps.artifacts.get_bytes(event.report.key))
    return event, report


async def test_the_heat_of_a_stored_detection_lies_in_its_box_by_gradient_and_by_hiding(
    analyzer: Deps, tmp_path: Path
) -> None:
    write_dataset(
        tmp_path / "set", DatasetSpec(classes=CLASSES, counts={"val": 6}, size=192, seed=7)
    )
    ref = DatasetRef(name="set", path=str(tmp_path / "set"))
    judged = await _outcome(
        analyzer,
        AnalysisRequested(
            job_id="v1", operation="validate", model=MODEL, dataset=ref, options={"split": "val"}
        ),
    )
    assert isinstance(judged, ModelValidated)
    rows = json.loads(await analyzer.artifacts.get_bytes(judged.artifacts["predictions.json"].key))
    at = max(range(len(rows)), key=lambda row: rows[row]["score"])
    for method in ("hirescam", "drise"):
        event, report = await _explained(
            analyzer, method, validation_id="v1", box=f"d{at}", method=method, masks=150
        )
        assert isinstance(event, DetectionExplained)
        assert report["class"] == CLASSES[rows[at]["category_id"]]
        assert report["score"] == pytest.approx(rows[at]["score"], abs=1e-4)
        assert report["energy_inside"] > 2 * report["area_share"], method
        x, y, w, h = rows[at]["bbox"]
        assert report["box"] == pytest.approx([x, y, x + w, y + h], abs=0.5)
        for name in ("overlay.png", "heat.png"):
            path = await analyzer.artifacts.get_file(event.artifacts[name].key, tmp_path / name)
            with Image.open(path) as picture:
                assert picture.size == (192, 192)
    image = str(next((tmp_path / "set/images/val").iterdir()))
    _, report = await _explained(analyzer, "free", image_path=image, method="layercam")
    assert report["image_path"] == image
    outside = await _outcome(
        analyzer,
        AnalysisRequested(
            job_id="out",
            operation="explain",
            model=MODEL,
            options={"image_path": str(WEIGHTS.parents[1] / "docs/x.png")},
        ),
    )
    assert isinstance(outside, AnalysisFailed)
    assert outside.error_code == "outside_roots"
