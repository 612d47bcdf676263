"""Whatever the log does to a job's facts, short of losing them, its state is the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from libs.common.cloudevents import Recorded
from libs.common.events import (
    CheckpointSaved,
    DatasetRef,
    EpochCompleted,
    Event,
    TrainingAdjusted,
    TrainingArguments,
    TrainingCompleted,
    TrainingFailed,
    TrainingPaused,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.jobs import Job, fold

START = datetime(2026, 1, 1, tzinfo=UTC)
MOST_ATTEMPTS = 4


def requested() -> TrainingRequested:
    return TrainingRequested(
        job_id="j",
        dataset=DatasetRef(name="logos"),
        arguments=TrainingArguments(mode="full", epochs=9),
        experiment_name="one",
    )


def started(attempt: int, epoch: int) -> TrainingStarted:
    return TrainingStarted(
        job_id="j", attempt=attempt, worker=f"w:{attempt}", device="cpu", from_epoch=epoch
    )


def epoch_done(attempt: int, epoch: int) -> EpochCompleted:
    return EpochCompleted(
        job_id="j",
        attempt=attempt,
        epoch=epoch,
        epochs=9,
        train_losses={},
        precision=0,
        recall=0,
        map50=epoch / 20,
        map50_95=0.1,
        seconds=1,
    )


def completed(attempt: int, epochs: int) -> TrainingCompleted:
    return TrainingCompleted(
        job_id="j",
        attempt=attempt,
        epochs_done=epochs,
        best_epoch=epochs,
        best_metrics={},
        classes=("a",),
        seconds=1,
        artifacts={},
    )


@st.composite
def attempts(draw: st.DrawFn) -> list[list[Event]]:
    """The facts of each attempt: it goes on from the last checkpoint and ends somehow."""
    told: list[list[Event]] = []
    epoch = 0
    for number in range(1, draw(st.integers(1, MOST_ATTEMPTS)) + 1):
        facts: list[Event] = [started(number, epoch)]
        for _ in range(draw(st.integers(0, 3))):
            epoch += 1
            facts.append(epoch_done(number, epoch))
            facts.append(CheckpointSaved(job_id="j", attempt=number, epoch=epoch, files={}))
        end = draw(st.sampled_from(["killed", "paused", "adjusted", "paused by another"]))
        if end == "adjusted":
            size = draw(st.sampled_from([None, 4]))
            facts.append(
                TrainingAdjusted(
                    job_id="j", attempt=number, error_code="x", message="m", batch_size=size
                )
            )
        elif end != "killed":
            reason = "asked" if end == "paused" else "preempted"
            facts.append(TrainingPaused(job_id="j", attempt=number, reason=reason))
        told.append(facts)
    last = len(told)
    if isinstance(told[-1][-1], EpochCompleted | CheckpointSaved | TrainingStarted):
        end = draw(st.sampled_from(["completed", "failed", "still running"]))
        if end == "completed":
            told[-1].append(completed(last, epoch))
        elif end == "failed":
            told[-1].append(TrainingFailed(job_id="j", attempt=last, error_code="x", message="m"))
    return told


def state(events: list[Event]) -> Job | None:
    """The fold, without what only says where and when the log has it."""
    records = [
        Recorded(seq, START + timedelta(seconds=seq), "tests", event)
        for seq, event in enumerate(events, 1)
    ]
    job = fold(records)
    return job and replace(
        job, first_seq=0, last_seq=0, created_at=START, started_at=None, ended_at=None
    )


def flat(told: list[list[Event]]) -> list[Event]:
    return [requested(), *(fact for facts in told for fact in facts)]


@given(attempts(), st.data())
def test_facts_told_again_later_change_nothing(
    told: list[list[Event]], data: st.DataObject
) -> None:
    once = flat(told)
    twice = list(once)
    for _ in range(data.draw(st.integers(1, 6))):
        which = data.draw(st.integers(0, len(once) - 1))
        first = twice.index(once[which])
        twice.insert(data.draw(st.integers(first + 1, len(twice))), once[which])
    assert state(twice) == state(once)


@given(attempts(), st.data())
def test_what_a_fenced_worker_still_tells_in_any_order_changes_nothing(
    told: list[list[Event]], data: st.DataObject
) -> None:
    base = flat(told)
    mixed = list(base)
    for _ in range(data.draw(st.integers(1, 8))):
        newer = data.draw(st.integers(1, len(told)))
        older = data.draw(st.integers(0, newer - 1))
        ghost: list[Event] = [
            started(older, 0),
            epoch_done(older, 9),
            CheckpointSaved(job_id="j", attempt=older, epoch=9, files={}),
            TrainingPaused(job_id="j", attempt=older),
            completed(older, 9),
            TrainingFailed(job_id="j", attempt=older, error_code="zombie", message="m"),
        ]
        after = mixed.index(told[newer - 1][0]) + 1
        mixed.insert(data.draw(st.integers(after, len(mixed))), data.draw(st.sampled_from(ghost)))
    assert state(mixed) == state(base)


@given(attempts(), st.data())
def test_a_fold_in_parts_is_the_fold_at_once(told: list[list[Event]], data: st.DataObject) -> None:
    events = flat(told)
    cut = data.draw(st.integers(1, len(events)))
    late = [*events[:cut], *events]  # a gateway that reads on from too early
    assert state(late) == state(events)
