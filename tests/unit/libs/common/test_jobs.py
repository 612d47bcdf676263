"""A job's state is a fold over its events."""

from datetime import UTC, datetime, timedelta

import pytest

from libs.common.cloudevents import Recorded
from libs.common.events import (
    CheckpointSaved,
    DatasetRef,
    EpochCompleted,
    Event,
    TrainingArguments,
    TrainingCancelled,
    TrainingCancelRequested,
    TrainingCompleted,
    TrainingFailed,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.jobs import Job, fold

START = datetime(2026, 1, 1, tzinfo=UTC)


def requested() -> TrainingRequested:
    return TrainingRequested(
        job_id="j",
        dataset=DatasetRef(name="logos"),
        arguments=TrainingArguments(mode="full", epochs=3),
        experiment_name="one",
    )


def started(attempt: int, from_epoch: int = 0) -> TrainingStarted:
    return TrainingStarted(
        job_id="j", attempt=attempt, worker=f"w:{attempt}", device="cpu", from_epoch=from_epoch
    )


def epoch(number: int, attempt: int = 1, map50: float = 0.5) -> EpochCompleted:
    return EpochCompleted(
        job_id="j",
        attempt=attempt,
        epoch=number,
        epochs=3,
        train_losses={},
        precision=0,
        recall=0,
        map50=map50,
        map50_95=0.1,
        seconds=1,
    )


def completed(attempt: int = 1) -> TrainingCompleted:
    return TrainingCompleted(
        job_id="j",
        attempt=attempt,
        epochs_done=3,
        best_epoch=3,
        best_metrics={},
        classes=("a",),
        seconds=3,
        artifacts={},
    )


def folded(*events: Event) -> Job:
    records = [
        Recorded(seq, START + timedelta(seconds=seq), "shirushi/test", event)
        for seq, event in enumerate(events, 1)
    ]
    job = fold(records)
    assert job is not None
    return job


def test_facts_without_a_request_are_no_job() -> None:
    assert fold([Recorded(1, START, "x", started(1))]) is None


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), "queued"),
        ((started(1),), "initializing"),
        ((started(1), epoch(1)), "running"),
        ((started(1), TrainingCancelRequested(job_id="j")), "stopping"),
        ((started(1), TrainingCancelRequested(job_id="j"), epoch(1)), "stopping"),
        ((started(1), epoch(1), completed()), "completed"),
        (
            (started(1), TrainingFailed(job_id="j", attempt=1, error_code="x", message="y")),
            "failed",
        ),
        ((TrainingCancelled(job_id="j", attempt=0),), "cancelled"),
    ],
)
def test_the_status_follows_the_facts(events: tuple[Event, ...], status: str) -> None:
    assert folded(requested(), *events).status == status


def test_nothing_follows_a_terminal_fact() -> None:
    job = folded(requested(), started(1), epoch(1), completed(), epoch(2), started(2))
    assert (job.status, len(job.epochs), job.attempt) == ("completed", 1, 1)


def test_a_zombie_of_an_older_attempt_changes_nothing() -> None:
    job = folded(
        requested(), started(1), epoch(1), started(2, 1), epoch(2, attempt=1), completed(attempt=1)
    )
    assert [each.epoch for each in job.epochs] == [1]
    assert (job.attempt, job.finished, job.worker) == (2, False, "w:2")


def test_an_epoch_done_again_by_a_newer_attempt_stands_once() -> None:
    job = folded(
        requested(), started(1), epoch(1), epoch(2, map50=0.2), started(2, 1), epoch(2, 2, 0.3)
    )
    assert [(each.epoch, each.map50) for each in job.epochs] == [(1, 0.5), (2, 0.3)]


def test_attempts_without_progress_are_counted_from_the_last_progress() -> None:
    job = folded(requested(), started(1), epoch(1), started(2, 1), started(3, 1))
    assert job.fruitless == 2
    assert folded(requested(), started(1), started(2)).fruitless == 2


def test_the_newest_checkpoint_is_where_a_resume_begins() -> None:
    saved = [CheckpointSaved(job_id="j", attempt=1, epoch=number, files={}) for number in (1, 2)]
    job = folded(requested(), started(1), *saved)
    assert job.checkpoint == saved[1]


def test_telling_twice_is_telling_once() -> None:
    once = [requested(), started(1), epoch(1), completed()]
    twice = [event for event in once for _ in range(2)]
    assert folded(*twice).epochs == folded(*once).epochs
    assert folded(*twice).status == "completed"


def test_times_are_those_of_the_log() -> None:
    job = folded(requested(), started(1), started(2), completed(2))
    assert job.created_at == START + timedelta(seconds=1)
    assert job.started_at == START + timedelta(seconds=2)
    assert job.ended_at == START + timedelta(seconds=4)
