"""A job's state is a pure fold over its events: the same code wherever it is asked for.

Facts of an older attempt than the newest started one are dropped, so that a paused zombie
worker changes nothing; nothing follows a terminal fact; telling twice is telling once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from libs.common.cloudevents import Recorded
from libs.common.events import (
    Cancelled,
    CancelRequested,
    CheckpointSaved,
    EpochCompleted,
    Event,
    Failed,
    ModelUploaded,
    Request,
    Started,
)

Status = Literal[
    "queued", "initializing", "running", "paused", "stopping", "completed", "failed", "cancelled"
]


@dataclass(frozen=True)
class Job:
    """One request and all that is known of it."""

    id: str
    area: str
    request: Event
    created_at: datetime
    first_seq: int
    last_seq: int
    status: Status = "queued"
    attempt: int = 0
    progress_attempt: int = 0
    started: Started | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    worker: str | None = None
    epochs: tuple[EpochCompleted, ...] = ()
    checkpoint: CheckpointSaved | None = None
    cancel: CancelRequested | None = None
    outcome: Event | None = None

    @property
    def finished(self) -> bool:
        """Nothing will change any more."""
        return self.outcome is not None

    @property
    def fruitless(self) -> int:
        """Attempts since the last progress, the running one included."""
        return self.attempt - self.progress_attempt


def opens(event: Event) -> bool:
    """Whether this event begins a job; uploaded weights are one that is done at once."""
    return isinstance(event, Request | ModelUploaded)


def apply(job: Job | None, record: Recorded) -> Job | None:
    """The job after one more event. None as long as its request was not seen."""
    event = record.event
    if job is None:
        return _open(record) if opens(event) else None
    if job.finished or record.seq <= job.last_seq or event.job_id != job.id:
        return job
    job = replace(job, last_seq=record.seq)
    if isinstance(event, CancelRequested):
        return replace(job, cancel=event, status="stopping")
    if isinstance(event, Request) or event.attempt < job.attempt:
        return job
    if event.terminal:
        return replace(
            job,
            attempt=event.attempt,
            outcome=event,
            ended_at=record.time,
            status=_ending(event),
        )
    return _progress(job, event, record)


def fold(records: Iterable[Recorded]) -> Job | None:
    """The state of one job, from its events in log order."""
    job: Job | None = None
    for record in records:
        job = apply(job, record)
    return job


def _open(record: Recorded) -> Job:
    event = record.event
    job = Job(
        id=event.job_id,
        area=event.area,
        request=event,
        created_at=record.time,
        first_seq=record.seq,
        last_seq=record.seq,
    )
    if event.terminal:
        return replace(job, outcome=event, ended_at=record.time, status="completed")
    return job


def _ending(event: Event) -> Status:
    if isinstance(event, Failed):
        return "failed"
    return "cancelled" if isinstance(event, Cancelled) else "completed"


def _progress(job: Job, event: Event, record: Recorded) -> Job:
    stopping = job.status == "stopping"
    if isinstance(event, Started):
        return replace(
            job,
            attempt=event.attempt,
            started=event,
            started_at=job.started_at or record.time,
            worker=event.worker,
            status="stopping" if stopping else "initializing",
        )
    job = replace(
        job,
        attempt=event.attempt,
        progress_attempt=event.attempt,
        status="stopping" if stopping else "running",
    )
    if isinstance(event, EpochCompleted):
        return replace(job, epochs=_with_epoch(job.epochs, event))
    if isinstance(event, CheckpointSaved):
        return replace(job, checkpoint=event)
    return job


def _with_epoch(
    epochs: tuple[EpochCompleted, ...], new: EpochCompleted
) -> tuple[EpochCompleted, ...]:
    """One entry per epoch, in order; the usual case is one more at the end."""
    if not epochs or epochs[-1].epoch < new.epoch:
        return (*epochs, new)
    others = [epoch for epoch in epochs if epoch.epoch != new.epoch]
    return tuple(sorted([*others, new], key=lambda epoch: epoch.epoch))
