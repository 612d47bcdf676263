"""A job that has ended leaves in the store what its facts name, whatever died on the way."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from libs.common.cloudevents import Recorded
from libs.common.events import (
    AnalysisFailed,
    AnalysisRequested,
    AnalysisStarted,
    Artifact,
    CheckpointSaved,
    DatasetPreviewed,
    DatasetRef,
    DatasetRequested,
    DatasetStarted,
    Event,
    ModelRef,
    ModelValidated,
    TrainingArguments,
    TrainingCancelled,
    TrainingCompleted,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.jobs import Job, fold
from libs.common.service import Deps
from services.analyzer import tidying as analyses
from services.analyzer.outputs import prefix_at
from services.dataset import tidying as datasets
from services.trainer import tidying as trainings

RUN = "trainings/ml_training/run"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANALYSIS = "validations/m_20260102_030405_000_job"


def job_of(*events: Event) -> Job:
    job = fold(Recorded(seq, AT, "tests", event) for seq, event in enumerate(events, start=1))
    assert job
    return job


async def stored(deps: Deps, keys: Iterable[str]) -> dict[str, Artifact]:
    return {key: await deps.artifacts.put_bytes(key, key.encode()) for key in keys}


async def left(deps: Deps) -> set[str]:
    return {head.key for head in await deps.artifacts.list("")}


def training(*events: Event) -> Job:
    request = TrainingRequested(
        job_id="job",
        dataset=DatasetRef(name="d"),
        arguments=TrainingArguments(mode="full"),
        experiment_name="run",
    )
    return job_of(request, *events)


def begun(attempt: int) -> TrainingStarted:
    return TrainingStarted(job_id="job", attempt=attempt, worker="w", device="cpu", from_epoch=0)


def saved(files: dict[str, Artifact], attempt: int) -> CheckpointSaved:
    return CheckpointSaved(job_id="job", attempt=attempt, epoch=1, files=files)


async def test_a_completed_training_keeps_its_artifacts_and_its_last_checkpoint(
    deps: Deps,
) -> None:
    keys = [
        f"{RUN}/.reserved",
        f"{RUN}/weights/best.pt",
        f"{RUN}/.attempts/job-2/checkpoints/2/state.pt",
        f"{RUN}/.attempts/job-1/checkpoints/1/state.pt",
        f"{RUN}/.attempts/job-1/published/weights/best.pt",
        f"{RUN}2/weights/best.pt",
    ]
    have = await stored(deps, keys)
    done: dict[str, Any] = {"epochs_done": 1, "best_epoch": 1, "best_metrics": {}, "seconds": 1}
    job = training(
        begun(1),
        begun(2),
        saved({"state.pt": have[keys[2]]}, 2),
        TrainingCompleted(
            job_id="job",
            attempt=2,
            classes=(),
            artifacts={"weights/best.pt": have[keys[1]]},
            **done,
        ),
    )
    await trainings.tidy(deps, job)
    assert await left(deps) == {*keys[:3], keys[5]}


async def test_a_cancelled_training_keeps_its_last_checkpoint_alone(deps: Deps) -> None:
    keys = [f"{RUN}/.attempts/job-1/checkpoints/{n}/state.pt" for n in (1, 2)]
    have = await stored(deps, [*keys, f"{RUN}/weights/best.pt"])
    stopped = TrainingCancelled(job_id="job", attempt=1)
    await trainings.tidy(deps, training(begun(1), saved({"s": have[keys[0]]}, 1), stopped))
    assert await left(deps) == {keys[0]}


async def test_an_analysis_keeps_the_results_of_the_attempt_that_ended_it(deps: Deps) -> None:
    keys = [f"{ANALYSIS}-2/report.json", f"{ANALYSIS}/report.json"]
    parts = [f"validations/.parts/job/mark/part-{n}.json" for n in (1, 2)]
    have = await stored(deps, [*keys, *parts, "validations/m_20260102_030405_000_job2/report.json"])
    request = AnalysisRequested(job_id="job", operation="validate", model=ModelRef(name="m.pt"))
    starts = [AnalysisStarted(job_id="job", attempt=n, worker="w") for n in (1, 2)]
    told = ModelValidated(
        job_id="job", attempt=2, prefix=f"{ANALYSIS}-2", metrics={}, total_images=1, seconds=1,
        report=have[keys[0]], artifacts={},
    )  # fmt: skip
    await analyses.tidy(deps, job_of(request, *starts, told))
    other = "validations/m_20260102_030405_000_job2/report.json"
    assert await left(deps) == {keys[0], other}
    failed = AnalysisFailed(job_id="job", attempt=2, error_code="x", message="y")
    await analyses.tidy(deps, job_of(request, *starts, failed))
    assert await left(deps) == {other}


async def test_a_preview_keeps_the_report_of_the_attempt_that_told_it(deps: Deps) -> None:
    keys = [f"datasets/.previews/job/{n}/diff.json" for n in (1, 2)]
    have = await stored(deps, [*keys, "datasets/.previews/job2/1/diff.json"])
    request = DatasetRequested(job_id="job", operation="edit", dataset=DatasetRef(name="d"))
    starts = [DatasetStarted(job_id="job", attempt=n, worker="w") for n in (1, 2)]
    told = DatasetPreviewed(job_id="job", attempt=2, name="d", report=have[keys[1]])
    await datasets.tidy(deps, job_of(request, *starts, told))
    assert await left(deps) == {keys[1], "datasets/.previews/job2/1/diff.json"}


def test_two_analyses_of_one_millisecond_write_apart() -> None:
    asked = [
        AnalysisRequested(job_id=job_id, operation="visualize", model=ModelRef(name="m.pt"))
        for job_id in ("4f2a91c0aa", "8be01d77bb")
    ]
    prefixes = {prefix_at("visualizations", "m.pt", job_of(each), 1) for each in asked}
    assert prefixes == {
        "visualizations/m_20260102_030405_000_4f2a91c0",
        "visualizations/m_20260102_030405_000_8be01d77",
    }
