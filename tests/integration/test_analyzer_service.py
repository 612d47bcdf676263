"""The analyzer on a real bus and a real store: requests in, stored reports out."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from libs.common.artifacts import ArtifactStore
from libs.common.events import (
    AnalysisCancelled,
    AnalysisCancelRequested,
    AnalysisFailed,
    AnalysisRequested,
    Artifact,
    DatasetRef,
    Event,
    ModelRef,
    ModelValidated,
    ModelVisualized,
    TrainingArguments,
    TrainingCompleted,
    TrainingRequested,
)
from libs.common.service import Deps
from libs.common.subjects import ANALYZER
from libs.common.work import run_jobs
from libs.synthetic import DatasetSpec, write_dataset
from services.analyzer.asking import AnalyzerDeps
from services.analyzer.handlers import analyse_model
from services.analyzer.parquet import read_boxes
from tests.nursery import judging_processes

WEIGHTS = Path(__file__).parents[2] / "weights/shirushi-logo-n.pt"
CLASSES = tuple(json.loads(WEIGHTS.with_suffix(".json").read_text())["dataset"]["spec"]["classes"])
END_S = 60.0
RESULTS_CSV = """epoch,time,train/box_loss,metrics/mAP50(B),val/box_loss
1,2.5,1.5,0.25,1.75
2,5.0,1.25,0.5,1.5
"""


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight scenes of the base weights' brands, as a val split."""
    out = tmp_path_factory.mktemp("scenes") / "set"
    write_dataset(out, DatasetSpec(classes=CLASSES, counts={"val": 8}, size=192, seed=7))
    return out


@pytest.fixture
def dataset(scenes: Path, tmp_path: Path) -> DatasetRef:
    """The scenes, under the test's allowed root."""
    shutil.copytree(scenes, tmp_path / "set")
    return DatasetRef(name="set", path=str(tmp_path / "set"))


@pytest.fixture
async def analyzer(analyzer_deps: AnalyzerDeps, tmp_path: Path) -> AsyncIterator[Deps]:
    """A running analyzer whose results are shown in `tmp_path/outputs` too."""
    settings = analyzer_deps.settings.model_copy(update={"outputs": tmp_path / "outputs"})
    ours = replace(analyzer_deps, settings=settings, artifacts=ArtifactStore.open(settings))
    task = asyncio.create_task(run_jobs(ours, ANALYZER, analyse_model))
    yield ours
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _outcome(deps: Deps, job_id: str) -> Event:
    async with asyncio.timeout(END_S):
        async for record in deps.bus.replay(f"evt.analysis.*.v1.{job_id}"):
            if record.event.terminal:
                return record.event
    raise AssertionError("the log ended")


async def _report(deps: Deps, event: Event) -> dict[str, Any]:
    assert isinstance(event, ModelValidated | ModelVisualized), event
    report: dict[str, Any] = json.loads(await deps.artifacts.get_bytes(event.report.key))
    return report


async def _ask(deps: Deps, job_id: str, operation: str, model: ModelRef, **more: Any) -> Event:
    request = AnalysisRequested(job_id=job_id, operation=operation, model=model, **more)
    await deps.bus.publish(request)
    return await _outcome(deps, job_id)


async def test_a_model_is_judged_then_drawn_from_the_stored_verdict(
    analyzer: Deps, dataset: DatasetRef, tmp_path: Path
) -> None:
    model = ModelRef(name="base", path=str(WEIGHTS))
    options = {"save_plots": True}
    judged = await _ask(analyzer, "v1", "validate", model, dataset=dataset, options=options)
    report = await _report(analyzer, judged)
    assert isinstance(judged, ModelValidated)
    assert judged.prefix.startswith("validations/base_20")
    assert judged.metrics["map50"] == report["map50"] > 0.1
    assert report["total_images"] == len(report["prediction_results"]) == 8
    assert report["split"] == "val"
    assert "no test split" in report["notes"][0]
    assert report["correct_predictions"] == sum(r["correct"] for r in report["prediction_results"])
    bounds = report["uncertainty"]["intervals"]["map50_95"]
    assert bounds["value"] == pytest.approx(report["map50_95"])
    assert 0 <= bounds["low"] < bounds["high"] <= 1
    assert {"no_clean_images", "too_few_for_a_verdict"} & {a["code"] for a in report["advice"]}
    assert report["slices"]["parts"][0]["recall"]["value"] <= 1
    assert report["thresholds"][0]["thresholds"].keys() == set(CLASSES)
    assert report["suspects"]["counts"].keys() == {"overlooked", "swapped", "badly_placed"}
    assert _is_png(report["confusion_matrix_path"])
    assert report["not_drawn"] == []
    assert {"pr_curve.png", "calibration.json", "size_recall.png"} <= set(judged.artifacts)
    assert report["error_samples_dir"] == str(
        tmp_path / "outputs" / judged.prefix / "error_samples"
    )
    folder = tmp_path / "outputs" / judged.prefix
    data, images = read_boxes(folder / "matches.parquet")
    assert (data.images, len(images), data.classes) == (8, 8, CLASSES)
    assert all(0 < (image.brightness or 0) < 1 for image in images)
    assert len({image.sharpness for image in images}) == 8
    predictions = json.loads((folder / "predictions.json").read_bytes())
    assert len(predictions) == data.detections > 0
    for artifact in judged.artifacts.values():
        assert (await analyzer.artifacts.head(artifact.key)).size_bytes == artifact.size_bytes

    drawn = await _ask(analyzer, "d1", "visualize", model)
    shown = await _report(analyzer, drawn)
    assert shown["basis"]["validation_id"] == "v1"
    assert shown["overall_metrics"]["map50"] == report["map50"]
    reason = "no completed training of this system made these weights"
    assert shown["not_drawn"] == [
        {"name": f"{name}.png", "reason": reason} for name in ("training_curves", "results")
    ]
    for name in ("confusion_matrix_path", "pr_curve_path", "f1_curve_path", "class_metrics_path"):
        assert _is_png(shown[name]), name
    assert {each["name"] for each in shown["artifacts"]} >= {"pr_curve.json", "f1_curve.json"}


async def test_a_trained_model_is_drawn_with_its_history_and_judged_on_its_val_split(
    analyzer: Deps, dataset: DatasetRef
) -> None:
    best = await _complete_training(analyzer, dataset)
    model = ModelRef(name="demo/first", key=best.key, sha256=best.sha256, training_id="t1")
    shown = await _report(analyzer, await _ask(analyzer, "d2", "visualize", model))
    assert [row["metrics/mAP50(B)"] for row in shown["training_history"]] == [0.25, 0.5]
    assert shown["training_args"] == {"lr0": 0.002, "imgsz": 160}
    assert shown["basis"]["split"] == "val"
    assert shown["model_info"]["training_id"] == "t1"
    assert shown["model_info"]["parameters"] > 1_000_000
    assert shown["overall_metrics"]["map50"] > 0.1
    assert shown["not_drawn"] == []
    assert _is_png(shown["training_curves_path"])
    assert Path(shown["training_curves_path"]).parent.name.startswith("demo-first_20")


def _is_png(path: str) -> bool:
    return Path(path).read_bytes().startswith(b"\x89PNG")


async def _complete_training(deps: Deps, dataset: DatasetRef) -> Artifact:
    """What a trainer leaves in log and store; its best weights."""
    prefix = "trainings/demo/first"
    put = deps.artifacts
    artifacts = {
        "weights/best.pt": await put.put_file(f"{prefix}/weights/best.pt", WEIGHTS),
        "results.csv": await put.put_bytes(f"{prefix}/results.csv", RESULTS_CSV.encode()),
        "args.yaml": await put.put_bytes(f"{prefix}/args.yaml", b"lr0: 0.002\nimgsz: 160\n"),
    }
    request = TrainingRequested(
        job_id="t1",
        dataset=dataset,
        arguments=TrainingArguments(mode="full"),
        project_name="demo",
        experiment_name="first",
    )
    await deps.bus.publish(request)
    outcome = TrainingCompleted(
        job_id="t1",
        attempt=1,
        epochs_done=2,
        best_epoch=2,
        best_metrics={"map50": 0.5},
        classes=CLASSES,
        seconds=5.0,
        artifacts=artifacts,
    )
    await deps.bus.publish(outcome)
    return artifacts["weights/best.pt"]


async def test_what_was_not_asked_for_is_not_stored(analyzer: Deps, dataset: DatasetRef) -> None:
    options = {
        "save_predictions": False,
        "save_confusion_matrix": False,
        "save_plots": False,
        "analyze_errors": False,
        "split": "val",
        "imgsz": 96,
    }
    model = ModelRef(name="base", path=str(WEIGHTS))
    event = await _ask(analyzer, "v2", "validate", model, dataset=dataset, options=options)
    report = await _report(analyzer, event)
    assert isinstance(event, ModelValidated)
    assert set(event.artifacts) == {"matches.parquet", "report.json"}
    assert (report["imgsz"], report["notes"]) == (96, [])
    assert (report["confusion_matrix_path"], report["error_samples_dir"]) == (None, None)


async def test_bad_input_fails_with_a_code_and_a_sentence(
    analyzer: Deps, dataset: DatasetRef, tmp_path: Path
) -> None:
    model = ModelRef(name="base", path=str(WEIGHTS))
    shutil.copytree(tmp_path / "set", tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare/labels")
    bare = DatasetRef(name="bare", path=str(tmp_path / "bare"))
    asked: dict[str, dict[str, Any]] = {
        "empty_split": {"dataset": dataset, "options": {"split": "train"}},
        "no_labels": {"dataset": bare},
        "no_dataset": {},
        "bad_option": {"dataset": dataset, "options": {"iou_threshold": 0}},
    }
    for code, more in asked.items():
        event = await _ask(analyzer, code, "validate", model, **more)
        assert isinstance(event, AnalysisFailed)
        assert (event.error_code, event.message[-1:] != "") == (code, True)
    gone = ModelRef(name="gone", path=str(tmp_path / "gone.pt"))
    event = await _ask(analyzer, "gone", "validate", gone, dataset=dataset)
    assert isinstance(event, AnalysisFailed)
    assert event.error_code == "model_missing"


async def test_a_cancelled_job_leaves_no_process_and_no_files(
    analyzer: Deps, dataset: DatasetRef, tmp_path: Path
) -> None:
    images = tmp_path / "set/images/val"
    [label] = sorted((tmp_path / "set/labels/val").iterdir())[:1]
    image = next(each for each in images.iterdir() if each.stem == label.stem)
    for number in range(1500):
        (images / f"more{number}{image.suffix}").hardlink_to(image)
        (label.parent / f"more{number}.txt").hardlink_to(label)
    request = AnalysisRequested(
        job_id="c1",
        operation="validate",
        model=ModelRef(name="base", path=str(WEIGHTS)),
        dataset=dataset,
    )
    readings = analyzer.bus.listen("progress.analysis.c1")
    first = asyncio.ensure_future(anext(readings))
    await analyzer.bus.publish(request)
    async with asyncio.timeout(END_S):
        _, reading = await first
    assert (reading["stage"], reading["of"]) == ("inference", 1508)
    children = judging_processes()
    assert len(children) == 1
    await analyzer.bus.publish(AnalysisCancelRequested(job_id="c1"))
    assert isinstance(await _outcome(analyzer, "c1"), AnalysisCancelled)
    assert not children[0].is_running()
    assert not list((analyzer.scratch / "jobs").iterdir())
