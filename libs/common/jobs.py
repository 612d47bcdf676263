"""A job's state is a pure fold over its events: the same code wherever it is asked for.

Facts of an older attempt than the newest started one are dropped, so that a paused zombie
worker changes nothing; nothing follows a terminal fact; telling twice is telling once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeVar

from libs.common.cloudevents import Recorded
from libs.common.events import (
    Cancelled,
    CancelRequested,
    CheckpointSaved,
    EpochCompleted,
    Event,
    Failed,
    ModelDeleted,
    ModelUploaded,
    Request,
    SamplesDrawn,
    Started,
    TrainingAdjusted,
    TrainingPaused,
    TrainingPauseRequested,
    TrainingPlanned,
    TrainingResumeRequested,
)

E = TypeVar("E", bound=EpochCompleted | SamplesDrawn)
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
    starts: int = 0
    """How often a worker took it up; attempt numbers may skip some."""
    fruitless: int = 0
    """Starts since the last progress, the running one included."""
    started: Started | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    worker: str | None = None
    epochs: Sequence[EpochCompleted] = ()
    samples: Sequence[SamplesDrawn] = ()
    checkpoint: CheckpointSaved | None = None
    cancel: CancelRequested | None = None
    pausing: bool = False
    """Somebody asked for a pause, and nobody to go on."""
    waited: bool = False
    """It was paused once: its request came round without a try."""
    paused: TrainingPaused | None = None
    """Since it left its place, until the next attempt starts."""
    preempted: int = 0
    """How often it left its place to a more urgent one."""
    planned: TrainingPlanned | None = None
    adjusted: tuple[TrainingAdjusted, ...] = ()
    outcome: Event | None = None

    @property
    def finished(self) -> bool:
        """Nothing will change any more."""
        return self.outcome is not None

    @property
    def batch_size(self) -> int | None:
        """What the memory turned out to allow, if less than was asked for."""
        sizes = [each.batch_size for each in self.adjusted if each.batch_size]
        return sizes[-1] if sizes else None

    @property
    def left_out(self) -> frozenset[str]:
        """Images that killed or stopped an earlier attempt."""
        return frozenset(name for each in self.adjusted for name in each.left_out)

    @property
    def idle(self) -> bool:
        """No worker has it: it waits in the queue, or is paused."""
        return not self.finished and (self.attempt == 0 or self.paused is not None)


def opens(event: Event) -> bool:
    """Whether this event begins a job; what is told of a model is one that is done at once."""
    return isinstance(event, Request | ModelUploaded | ModelDeleted)


def apply(job: Job | None, record: Recorded) -> Job | None:
    """The job after one more event. None as long as its request was not seen."""
    event = record.event
    if job is None:
        return _open(record) if opens(event) else None
    if job.finished or record.seq <= job.last_seq or event.job_id != job.id:
        return job
    job = replace(job, last_seq=record.seq)
    if isinstance(event, CancelRequested | TrainingPauseRequested | TrainingResumeRequested):
        return _wished(job, event)
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


def _wished(
    job: Job, event: CancelRequested | TrainingPauseRequested | TrainingResumeRequested
) -> Job:
    """After what somebody asked for; a worker that has the job answers with a fact."""
    if isinstance(event, CancelRequested):  # to finish, a paused one has to go on
        return replace(job, cancel=event, pausing=job.pausing and not event.keep, status="stopping")
    if isinstance(event, TrainingPauseRequested):
        waits = job.status == "queued"
        return replace(job, pausing=True, waited=True, status="paused" if waits else job.status)
    waits = job.status == "paused"
    return replace(job, pausing=False, status="queued" if waits else job.status)


def _ending(event: Event) -> Status:
    if isinstance(event, Failed):
        return "failed"
    return "cancelled" if isinstance(event, Cancelled) else "completed"


def _progress(job: Job, event: Event, record: Recorded) -> Job:
    if event.attempt == job.attempt and (_told(job, event) or job.paused is not None):
        return job  # the bus forgets after an hour what it was told; who left its place is silent
    stopping = job.status == "stopping"
    if isinstance(event, Started):
        return replace(
            job,
            attempt=event.attempt,
            starts=job.starts + (event.attempt > job.attempt),
            fruitless=job.fruitless + (event.attempt > job.attempt),
            started=event,
            started_at=job.started_at or record.time,
            worker=event.worker,
            paused=None,
            status="stopping" if stopping else "initializing",
        )
    again = isinstance(event, TrainingAdjusted) and not (event.batch_size or event.left_out)
    job = replace(
        job,
        attempt=event.attempt,
        fruitless=job.fruitless if again else 0,  # as it was, on from the checkpoint
        status="stopping" if stopping else "running",
    )
    if isinstance(event, TrainingPaused):
        status: Status = "paused" if job.pausing else "queued"
        return replace(
            job,
            paused=event,
            preempted=job.preempted + (event.reason == "preempted"),
            status="stopping" if stopping else status,
        )
    return _trained(job, event)


def _told(job: Job, event: Event) -> bool:
    """Whether a fact that would not be the same twice was told of this attempt already."""
    if isinstance(event, Started):
        return job.started is not None and job.started.attempt == event.attempt
    if isinstance(event, TrainingAdjusted):
        return event in job.adjusted
    if isinstance(event, CheckpointSaved) and job.checkpoint:
        known = job.checkpoint
        return known.attempt == event.attempt and (event.epoch, event.batches) <= (
            known.epoch,
            known.batches,
        )
    return False


def _trained(job: Job, event: Event) -> Job:
    """After a fact of a running training."""
    if isinstance(event, TrainingPlanned):
        return replace(job, planned=event)
    if isinstance(event, TrainingAdjusted):
        return replace(job, adjusted=(*job.adjusted, event))
    if isinstance(event, EpochCompleted):
        return replace(job, epochs=_with_epoch(job.epochs, event))
    if isinstance(event, SamplesDrawn):
        return replace(job, samples=_with_epoch(job.samples, event))
    if isinstance(event, CheckpointSaved):
        return replace(job, checkpoint=event)
    return job


def _with_epoch(epochs: Sequence[E], new: E) -> tuple[E, ...]:
    """One entry per epoch, in order; the usual case is one more at the end."""
    if not epochs or epochs[-1].epoch < new.epoch:
        return (*epochs, new)
    others = [epoch for epoch in epochs if epoch.epoch != new.epoch]
    return tuple(sorted([*others, new], key=lambda epoch: epoch.epoch))
