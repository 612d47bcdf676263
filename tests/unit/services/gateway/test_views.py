"""Jobs as clients see them, and what clients may send."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import ValidationError

from libs.common.cloudevents import Recorded
from libs.common.events import (
    Artifact,
    DatasetRef,
    EpochCompleted,
    Event,
    TrainingArguments,
    TrainingCompleted,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.jobs import Job, fold
from services.gateway import views
from services.gateway.routes.artifacts import wanted
from services.gateway.schemas.dataset_edits import DeleteClass, SplitDataset
from services.gateway.schemas.trainings import StartTraining

Level = Literal["low", "normal", "high"]

START = datetime(2026, 1, 1, tzinfo=UTC)
TRAINING = {"mode": "full", "dataset_path": "logos"}


def job(*facts: Event, job_id: str = "j", priority: Level = "normal", seq: int = 1) -> Job:
    request = TrainingRequested(
        job_id=job_id,
        dataset=DatasetRef(name="logos"),
        arguments=TrainingArguments(mode="full", epochs=4),
        experiment_name="one",
        priority=priority,
    )
    records = [
        Recorded(number, START + timedelta(seconds=number), "x", event)
        for number, event in enumerate((request, *facts), seq)
    ]
    folded = fold(records)
    assert folded is not None
    return folded


def started() -> TrainingStarted:
    return TrainingStarted(job_id="j", attempt=1, worker="w", device="cpu", from_epoch=0)


def epoch(number: int, map50_95: float = 0.1) -> EpochCompleted:
    return EpochCompleted(
        job_id="j",
        attempt=1,
        epoch=number,
        epochs=4,
        train_losses={"box_loss": 1.0},
        val_losses={"box_loss": 2.0},
        precision=0.5,
        recall=0.5,
        map50=0.5,
        map50_95=map50_95,
        learning_rates={"pg0": 0.01},
        seconds=10,
    )


def completed() -> TrainingCompleted:
    weights = {
        f"weights/{name}.pt": Artifact(key=f"trainings/p/e/{name}", size_bytes=1, sha256="0" * 64)
        for name in ("best", "last")
    }
    return TrainingCompleted(
        job_id="j",
        attempt=1,
        epochs_done=2,
        best_epoch=1,
        best_metrics={"map50": 0.9},
        classes=("a",),
        seconds=20,
        artifacts=weights,
    )


def shown(what: Job, reading: dict[str, Any] | None = None) -> dict[str, object]:
    return views.training(what, reading=reading, outputs=Path("/o"), standing=None)


def test_progress_is_whole_epochs_plus_the_part_of_the_running_one() -> None:
    running = job(started(), epoch(1))
    assert shown(running)["progress"] == 25.0
    reading: dict[str, Any] = {"attempt": 1, "epoch": 2, "batch": 5, "batches": 10}
    assert shown(running, reading)["progress"] == 37.5
    assert shown(running, reading)["batch"] == {"done": 5, "of": 10, "epoch": 2}
    assert shown(running, reading | {"attempt": 9})["progress"] == 25.0


def test_progress_is_100_only_when_completed() -> None:
    everything = [epoch(number) for number in range(1, 5)]
    assert shown(job(started(), *everything))["progress"] == 99.9
    assert shown(job(started(), *everything, completed()))["progress"] == 100.0


def test_the_time_left_is_the_mean_of_the_last_epochs() -> None:
    assert shown(job(started(), epoch(1)))["estimated_time_remaining"] == 30.0
    assert shown(job(started()))["estimated_time_remaining"] is None


def test_the_best_epoch_is_the_one_of_highest_fitness() -> None:
    best = shown(job(started(), epoch(1, 0.3), epoch(2, 0.2)))["best_metrics"]
    assert best["epoch"] == 1  # type: ignore[index]
    assert shown(job(started(), epoch(1), completed()))["best_metrics"] == {
        "epoch": 1,
        "map50": 0.9,
    }


def test_a_completed_run_says_where_its_weights_are() -> None:
    view = shown(job(started(), completed()))
    assert view["best_model_path"] == "/o/trainings/p/e/best"
    assert view["output_dir"] == "/o/trainings/ml_training/one"
    assert shown(job())["best_model_path"] is None


def test_the_defaults_are_those_of_the_contract() -> None:
    body = StartTraining.model_validate(TRAINING)
    arguments = body.arguments()
    assert (arguments.epochs, arguments.batch_size, arguments.learning_rate) == (100, 16, 0.01)
    assert (arguments.imgsz, arguments.optimizer, arguments.patience) == (640, "SGD", 50)
    assert (body.model_architecture, body.project_name) == ("yolov8s", "ml_training")


def test_several_devices_and_hosts_reach_the_trainer() -> None:
    given = {"device": "0,1", "nnodes": 2, "rdzv_endpoint": "gpu-1.lan:29400"}
    arguments = StartTraining.model_validate(TRAINING | given).arguments()
    assert {name: getattr(arguments, name) for name in given} == given
    assert StartTraining.model_validate(TRAINING | {"device": "cpu,cpu"}).device == "cpu,cpu"


def test_resume_is_another_word_for_continue() -> None:
    body = StartTraining.model_validate(TRAINING | {"mode": "resume", "base_model_path": "x"})
    assert body.mode == "continue"


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "fast"},
        {"mode": "transfer"},
        {"epochs": 0},
        {"epochs": 1001},
        {"batch_size": 0},
        {"batch_size": 129},
        {"learning_rate": 0},
        {"learning_rate": 1.5},
        {"imgsz": 100},
        {"optimizer": "Magic"},
        {"device": "cuda; rm"},
        {"device": "cpu,0"},
        {"nnodes": 2},
        {"nnodes": 2, "rdzv_endpoint": "host; rm:80"},
        {"experiment_name": "../x"},
        {"project_name": "a/b"},
        {"epoch": 3},
        {"gpu_load_rate": 2},
    ],
)
def test_a_bad_field_is_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        StartTraining.model_validate(TRAINING | wrong)


def test_ratios_and_classes_are_checked() -> None:
    with pytest.raises(ValidationError, match="add up to 1"):
        SplitDataset(dataset_path="a", train_ratio=0.9)
    with pytest.raises(ValidationError, match="class_name or class_id"):
        DeleteClass(dataset_path="a")


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, (0, 100)),
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=50-500", (50, 100)),
        ("bytes=100-", None),
        ("bytes=9-3", None),
        ("bytes=-0", None),
        ("lines=1-2", (0, 100)),
    ],
)
def test_byte_ranges(header: str | None, span: tuple[int, int] | None) -> None:
    assert wanted(header, 100) == span
