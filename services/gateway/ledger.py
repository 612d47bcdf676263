"""The fold of all jobs in memory, fed by the one reader of the log that this process has."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection

from libs.common.bus import Bus, Raw, stored
from libs.common.dataset_log import DatasetLog, name_and_version
from libs.common.errors import BadInput, NotFound, Unavailable
from libs.common.events import (
    DatasetDeleted,
    DatasetRegistered,
    EpochCompleted,
    Event,
    ModelDeleted,
    ModelUploaded,
    TrainingCompleted,
    TrainingRequested,
)
from libs.common.hosts import Drains
from libs.common.jobs import Job, apply
from services.gateway.jobs import Jobs
from services.gateway.ring import Ring, frame
from services.gateway.tally import Tally
from services.gateway.waiting import Paces

log = logging.getLogger(__name__)

FOLD_S = 10.0


class Ledger:
    """All jobs by id, and the indexes that routes need."""

    def __init__(self) -> None:
        self.jobs = Jobs()
        self.dataset_log = DatasetLog()
        self.dataset_jobs: list[str] = []
        """What the log of datasets is made of, in its order."""
        self.drains = Drains()
        self.paces = Paces()
        self.tally = Tally()
        self.uploads: dict[str, ModelUploaded] = {}
        self.without_weights: set[str] = set()
        """Completed trainings whose weights were deleted, by id."""
        self.runs: dict[str, str] = {}
        self.trained: dict[str, str] = {}
        """Of completed trainings, the id by `project/experiment`."""
        self.active: dict[str, set[str]] = defaultdict(set)
        self.ring = Ring()
        self.newest_payload = b""
        """Of the event at `ring.last`."""
        self._caught_up = asyncio.Event()
        self._job_moved: dict[str, asyncio.Event] = {}

    async def follow(self, bus: Bus) -> None:
        """Fold the log from where we are in it, for ever."""
        while (target := await _newest(bus)) is None:
            log.warning("bus away, the event log is read later")
        if target <= self.ring.last:
            self._caught_up.set()
        async for raw in bus.follow(after=self.ring.last):
            self.take(raw)
            if raw.seq >= target:
                self._caught_up.set()

    def take(self, raw: Raw) -> None:
        """Fold one more message of the log."""
        self.newest_payload = raw.payload
        try:
            record = stored(raw.payload, seq=raw.seq, subject=raw.subject)
        except BadInput as error:
            log.warning("unreadable event skipped", extra={"reason": error.message})
            self.ring.skip(raw.seq)
            return
        if record:
            self.drains.fold(record)
            self._fold(record.event, apply(self.jobs.get(record.event.job_id), record))
        self.ring.append(frame(raw.seq, raw.subject, raw.payload))

    @property
    def caught_up(self) -> bool:
        """It knows all that was in the log when this process began: what it lacks is not there."""
        return self._caught_up.is_set()

    async def catch_up(self) -> None:
        """Wait until it is.

        Raises:
            Unavailable: it was not within 10 s.
        """
        try:
            async with asyncio.timeout(FOLD_S):
                await self._caught_up.wait()
        except TimeoutError as error:
            raise Unavailable(
                "the event log is still being read: try again in a moment", code="not_ready"
            ) from error

    def job(self, job_id: str, area: str) -> Job:
        """The job of this id.

        Raises:
            NotFound: there is none in this area.
        """
        job = self.jobs.get(job_id)
        if job is None or job.area != area:
            raise NotFound(f"there is no {area} with the id {job_id[:64]}", code="no_such_job")
        return job

    def newest(self, area: str) -> list[Job]:
        """Jobs of an area, the newest first."""
        return list(self.jobs.newest(area))

    @property
    def datasets(self) -> dict[str, tuple[DatasetRegistered, ...]]:
        """The versions of each registered dataset, the oldest first."""
        return self.dataset_log.live

    def dataset(self, text: str) -> DatasetRegistered | None:
        """A version of a registered dataset: `name` is its newest, `name@v3` that one."""
        return self.dataset_log.version(*name_and_version(text))

    def run_of(self, name: str) -> Job | None:
        """The training called `project/experiment`."""
        return self.jobs.get(self.runs.get(name, ""))

    def free_experiment(self, project: str, wanted: str, taken: Collection[str]) -> str:
        """`wanted`, or `wanted-2`, `wanted-3` …: no run ever overwrites another."""
        name, number = wanted, 1
        while name in taken or f"{project}/{name}" in self.runs:
            number += 1
            name = f"{wanted[:90]}-{number}"
        return name

    async def passed(self, seq: int) -> None:
        """Wait until the fold has seen `seq`: whoever writes reads its own write.

        Raises:
            Unavailable: it did not within 10 s.
        """
        try:
            async with asyncio.timeout(FOLD_S):
                while self.ring.last < seq:
                    await self.ring.moved()
        except TimeoutError as error:
            raise Unavailable("the event log is behind; try again", code="log_behind") from error

    async def finished(self, job_id: str, wait_s: float) -> Job:
        """The job once it is finished, or as it is after `wait_s`."""
        try:
            async with asyncio.timeout(wait_s):
                while not self.jobs[job_id].finished:
                    await self._job_moved.setdefault(job_id, asyncio.Event()).wait()
        except TimeoutError:
            pass
        return self.jobs[job_id]

    def _fold(self, event: Event, job: Job | None) -> None:
        if job is None or job is self.jobs.get(job.id):
            return
        self.tally.moved(self.jobs.get(job.id), job)
        self.jobs[job.id] = job
        (self.active[job.area].discard if job.finished else self.active[job.area].add)(job.id)
        if moved := self._job_moved.pop(job.id, None):
            moved.set()
        self._index(event, job)

    def _trained(self, job: Job) -> None:
        request = job.request
        assert isinstance(request, TrainingRequested)
        name = f"{request.project_name}/{request.experiment_name}"
        if self.runs.get(name) == job.id:
            self.trained[name] = job.id

    def _index(self, event: Event, job: Job) -> None:
        if isinstance(event, EpochCompleted):
            self.paces.learn(job)
        if isinstance(event, TrainingRequested):
            self.runs.setdefault(f"{event.project_name}/{event.experiment_name}", job.id)
        elif job.outcome is not event:
            return
        elif isinstance(event, TrainingCompleted):
            self._trained(job)
        elif isinstance(event, DatasetRegistered | DatasetDeleted):
            self.dataset_log.fold(event)
            self.dataset_jobs.append(job.id)
        elif isinstance(event, ModelUploaded):
            self.uploads[event.name] = event
        elif isinstance(event, ModelDeleted) and event.training_id:
            self.without_weights.add(event.training_id)
        elif isinstance(event, ModelDeleted):
            self.uploads.pop(event.name, None)


def finished_runs(ledger: Ledger) -> list[tuple[str, Job, TrainingCompleted]]:
    """Trainings with weights, the newest first: (project/experiment, job, outcome)."""
    found = []
    for job in ledger.newest("training"):
        request, outcome = job.request, job.outcome
        if job.id in ledger.without_weights:
            continue
        if isinstance(request, TrainingRequested) and isinstance(outcome, TrainingCompleted):
            found.append((f"{request.project_name}/{request.experiment_name}", job, outcome))
    return found


async def _newest(bus: Bus) -> int | None:
    """The newest sequence; None when the bus does not answer within its patience."""
    try:
        return await bus.last_sequence()
    except Unavailable:
        return None
