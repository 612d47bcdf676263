"""Comparisons on a real bus and a real store: what is missing is judged, the verdict is stored."""

import asyncio
import contextlib
import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import torch

from libs.common.asks import answer_questions, ask
from libs.common.errors import NotFound
from libs.common.events import (
    AnalysisCancelRequested,
    AnalysisFailed,
    AnalysisRequested,
    DatasetRef,
    Event,
    ModelRef,
    ModelsCompared,
    ModelValidated,
)
from libs.common.service import Deps
from libs.common.subjects import ANALYZER
from libs.common.work import load, run_jobs
from libs.synthetic import DatasetSpec, write_dataset
from services.analyzer.asking import AnalyzerDeps
from services.analyzer.changed_boxes import comparison_questions
from services.analyzer.domain.evidence import evidence
from services.analyzer.earlier import find_validation
from services.analyzer.handlers import analyse_model
from services.analyzer.options import ValidateOptions
from services.analyzer.parquet import read_boxes, write_matches

WEIGHTS = Path(__file__).parents[2] / "weights/shirushi-logo-n.pt"
CLASSES = tuple(json.loads(WEIGHTS.with_suffix(".json").read_text())["dataset"]["spec"]["classes"])
END_S = 60.0
QUIET = ("save_plots", "save_confusion_matrix", "save_predictions", "analyze_errors")
LIGHT = {"split": "val", "imgsz": 128} | dict.fromkeys(QUIET, False)


@pytest.fixture
def dataset(tmp_path: Path) -> DatasetRef:
    """Eight scenes of the base weights' brands, as a val split."""
    out = tmp_path / "set"
    write_dataset(out, DatasetSpec(classes=CLASSES, counts={"val": 8}, size=192, seed=7))
    return DatasetRef(name="set", path=str(out))


@pytest.fixture
async def analyzer(analyzer_deps: AnalyzerDeps) -> AsyncIterator[Deps]:
    """A running analyzer."""
    deps = analyzer_deps
    tasks = [
        asyncio.create_task(run_jobs(deps, ANALYZER, analyse_model)),
        asyncio.create_task(answer_questions(deps.bus, "analysis", comparison_questions(deps))),
    ]
    yield deps
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def request(deps: Deps, job_id: str, operation: Any, model: ModelRef, **more: Any) -> Event:
    asked = AnalysisRequested(job_id=job_id, operation=operation, model=model, **more)
    await deps.bus.publish(asked)
    async with asyncio.timeout(END_S):
        async for record in deps.bus.replay(f"evt.analysis.*.v1.{job_id}"):
            if record.event.terminal:
                return record.event
    raise AssertionError("the log ended")


async def report_of(deps: Deps, event: Event) -> dict[str, Any]:
    assert isinstance(event, ModelValidated | ModelsCompared), event
    report: dict[str, Any] = json.loads(await deps.artifacts.get_bytes(event.report.key))
    return report


def same_boxes_other_file(path: Path) -> ModelRef:
    """The base weights with another date inside."""
    checkpoint = torch.load(WEIGHTS, weights_only=False)
    torch.save(checkpoint | {"date": "another"}, path)
    return model_ref(path, "other")


def model_ref(path: Path, name: str) -> ModelRef:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ModelRef(name=name, path=str(path), sha256=digest)


async def blinded(deps: Deps, earlier: ModelValidated, job_id: str, tmp_path: Path) -> None:
    """A stored validation of the same images by a model that sees nothing at all."""
    path = await deps.artifacts.get_file(
        earlier.artifacts["matches.parquet"].key, tmp_path / "matches.parquet"
    )
    data, images = read_boxes(path)
    none = evidence(
        images=data.images,
        classes=data.classes,
        labels=(data.label_image_l, data.label_class_l, data.label_box_l4),
        detections=(data.image_d[:0], data.class_d[:0], data.score_d[:0], data.box_d4[:0]),
    )
    write_matches(none, images, {}, path)
    first = await load(deps, "analysis", earlier.job_id)
    assert first is not None
    assert isinstance(first.request, AnalysisRequested)
    await deps.bus.publish(first.request.model_copy(update={"job_id": job_id}))
    report = await report_of(deps, earlier) | {"imgsz": 96}
    put = deps.artifacts
    outcome = ModelValidated(
        job_id=job_id,
        attempt=99,
        prefix=f"validations/{job_id}",
        metrics={},
        total_images=8,
        seconds=1.0,
        report=await put.put_bytes(
            f"validations/{job_id}/report.json", json.dumps(report).encode()
        ),
        artifacts={
            "matches.parquet": await put.put_file(f"validations/{job_id}/matches.parquet", path)
        },
    )
    await deps.bus.publish(outcome)


async def test_models_are_judged_where_needed_and_compared_box_by_box(
    analyzer: Deps, dataset: DatasetRef, tmp_path: Path
) -> None:
    base, other = model_ref(WEIGHTS, "base"), same_boxes_other_file(tmp_path / "other.pt")
    models = [each.model_dump(mode="json") for each in (base, other)]
    options = {"models": models, "resamples": 100, "judging": LIGHT}
    first = await request(analyzer, "v1", "validate", base, dataset=dataset, options=LIGHT)
    compared = await request(analyzer, "c1", "compare", base, dataset=dataset, options=options)
    report = await report_of(analyzer, compared)
    assert isinstance(compared, ModelsCompared)
    assert compared.validations == ("v1", "c1-1-2")
    assert compared.verdicts == {"c1-1-2": "cannot_tell"}
    [candidate] = report["candidates"]
    assert (candidate["reason"], candidate["model"]) == ("identical", "other")
    made = await load(analyzer, "analysis", "c1-1-2")
    assert made is not None
    assert isinstance(made.outcome, ModelValidated)

    again = await request(analyzer, "c2", "compare", base, dataset=dataset, options=options)
    assert isinstance(again, ModelsCompared)
    assert again.validations == compared.validations
    asked = ValidateOptions.of(LIGHT)
    assert await find_validation(analyzer, base, dataset, asked) == "v1"
    label = next((tmp_path / "set/labels/val").iterdir())
    os.utime(label, ns=(1, 1))  # written since, whatever the file's own time says
    assert await find_validation(analyzer, base, dataset, asked) is None
    assert isinstance(first, ModelValidated)
    await blinded(analyzer, first, "blind", tmp_path)
    options = {"validations": ["v1", "blind"], "resamples": 100}
    worse = await request(analyzer, "c3", "compare", base, options=options)
    report = await report_of(analyzer, worse)
    [candidate] = report["candidates"]
    assert candidate["metrics"]["map50_95"]["delta"] < 0
    assert {"name": "imgsz", "base": report["base"]["imgsz"], "candidate": 96} in candidate[
        "settings_that_differ"
    ]
    counts = candidate["boxes"]["labels"]
    assert (counts["fixed"], counts["still_right"]) == (0, 0)
    assert counts["broken"] > 0
    fields = {"comparison_id": "c3", "kind": "broken", "of": "label", "limit": 1}
    page = json.loads(await ask(analyzer.bus, "analysis", "compared_boxes", fields))
    assert page["total"] == counts["broken"]
    [box] = page["boxes"]
    assert (box["base"]["cause"], box["candidate"]["cause"]) == (None, "miss")
    assert box["base"]["detection"].startswith("d")
    assert box["candidate"]["detection"] is None
    assert box["image_path"].startswith(str(tmp_path / "set/images"))
    assert page["next_cursor"] == (1 if page["total"] > 1 else None)
    with pytest.raises(NotFound):
        await ask(analyzer.bus, "analysis", "compared_boxes", {"comparison_id": "v1"})


async def test_what_cannot_be_compared_fails_with_a_code(analyzer: Deps) -> None:
    model = ModelRef(name="base", path=str(WEIGHTS))
    for code, options in (
        ("nothing_to_compare", {}),
        ("same_judgement", {"validations": ["v", "v"]}),
        ("no_such_job", {"validations": ["v", "w"]}),
        ("no_dataset", {"models": [model.model_dump(), model.model_dump()]}),
        ("bad_option", {"validations": ["v", "w"], "resamples": 1}),
    ):
        event = await request(analyzer, code, "compare", model, options=options)
        assert isinstance(event, AnalysisFailed)
        assert event.error_code == code


async def test_cancelling_a_comparison_ends_the_judgement_within_it(
    analyzer: Deps, dataset: DatasetRef, tmp_path: Path
) -> None:
    image = min((tmp_path / "set/images/val").iterdir())
    for number in range(1500):
        (image.parent / f"more{number}{image.suffix}").hardlink_to(image)
    model = model_ref(WEIGHTS, "base")
    models = [model.model_dump(mode="json")] * 2
    options = {"models": models, "judging": LIGHT}
    readings = analyzer.bus.listen("progress.analysis.c1")
    first = asyncio.ensure_future(anext(readings))
    await analyzer.bus.publish(
        AnalysisRequested(
            job_id="c1", operation="compare", model=model, dataset=dataset, options=options
        )
    )
    async with asyncio.timeout(END_S):
        _, reading = await first
    assert (reading["stage"], reading["of"]) == ("model 1 of 2: inference", 1508)
    await analyzer.bus.publish(AnalysisCancelRequested(job_id="c1"))
    async with asyncio.timeout(END_S):
        async for record in analyzer.bus.replay("evt.analysis.cancelled.v1.*"):
            if record.event.job_id == "c1":
                break
    inner = await load(analyzer, "analysis", "c1-1-1")
    assert inner is not None
    assert inner.status == "cancelled"
    assert not list((analyzer.scratch / "jobs").iterdir())
