"""What must hold of a log whatever happened: checked without the code that wrote it.

Only the envelopes are read, as plain JSON; the fold of `libs/common/jobs.py` is not used, so that a
mistake in it is not repeated here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

TERMINAL = {
    *("dataset.validated.v1", "dataset.registered.v1", "dataset.previewed.v1"),
    *("dataset.collected.v1", "dataset.deleted.v1", "dataset.failed.v1", "dataset.cancelled.v1"),
    *("training.completed.v1", "training.failed.v1", "training.cancelled.v1"),
    *("analysis.validated.v1", "analysis.visualized.v1", "analysis.compared.v1"),
    *("analysis.thresholds_chosen.v1", "analysis.explained.v1"),
    *("analysis.failed.v1", "analysis.cancelled.v1"),
}
DISTURBED = ("worker_died", "internal_error", "dataset_in_use")
"""Why a job may fail in a storm: it was killed, or its disk was full, each time it was tried; what
frees bytes is refused while others read the dataset."""
UNSTARTED = ("failed", "cancelled", "paused")
"""Facts that a worker may tell of an attempt that it did not begin."""


@dataclass(frozen=True)
class Told:
    """One message of the log."""

    seq: int
    id: str
    kind: str
    job_id: str
    data: dict[str, Any]

    @property
    def attempt(self) -> int:
        """0: told by who asks."""
        return int(self.data.get("attempt", 0))

    @property
    def name(self) -> str:
        """`started` of `training.started.v1`."""
        return self.kind.split(".")[1]


@dataclass
class History:
    """One job, as its log tells it."""

    job_id: str
    area: str
    attempt: int = 0
    counted: list[Told] = field(default_factory=list)
    """Facts in order, without those of attempts that another had replaced."""
    late: list[Told] = field(default_factory=list)
    end: Told | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    """The request."""

    @property
    def starts(self) -> int:
        """How often a worker took it up."""
        return sum(told.name == "started" for told in self.counted)

    @property
    def epochs(self) -> list[int]:
        """Of a training, as they count."""
        return [told.data["epoch"] for told in self.counted if told.name == "epoch_completed"]


def histories(log: Sequence[Told]) -> tuple[dict[str, History], list[str]]:
    """Every job that was asked for, and what is illegal about the order of the facts."""
    wrong: list[str] = []
    seen: dict[str, int] = {}
    jobs: dict[str, History] = {}
    for told in log:
        if told.id in seen:
            wrong.append(f"{told.id} is in the log twice: {seen[told.id]} and {told.seq}")
            continue
        seen[told.id] = told.seq
        if told.name == "requested":
            area = told.kind.split(".")[0]
            if told.job_id in jobs:
                wrong.append(f"{told.job_id} is asked for twice")
            jobs[told.job_id] = History(told.job_id, area, asked=told.data)
        elif told.kind.split(".")[0] in ("dataset", "training", "analysis"):
            if told.job_id not in jobs:
                wrong.append(f"{told.seq} {told.kind} of {told.job_id}, which nobody asked for")
            else:
                wrong += _add(jobs[told.job_id], told)
    return jobs, wrong


def _add(job: History, told: Told) -> Iterator[str]:
    if told.attempt == 0 and told.kind not in TERMINAL:
        return  # a wish
    if told.attempt < job.attempt:
        job.late.append(told)
        return
    where = f"{told.seq} {told.kind} of {job.job_id}, attempt {told.attempt}"
    if job.end is not None:
        yield f"{where} follows its end {job.end.kind} at {job.end.seq}"
        return
    if told.name == "started":
        if told.attempt == job.attempt:
            yield f"{where} is started twice"
        job.attempt = told.attempt
    elif told.attempt > job.attempt and told.name not in UNSTARTED:
        yield f"{where} was never started"
    job.counted.append(told)
    if told.kind in TERMINAL:
        job.end = told


def unfinished(jobs: dict[str, History]) -> list[str]:
    """Jobs without an end."""
    return [
        f"{job.area} {job.job_id} has no end, attempt {job.attempt}"
        for job in jobs.values()
        if job.end is None
    ]


def unfollowed(jobs: dict[str, History], judgements: int = 2) -> list[str]:
    """Completed trainings that wished to be judged, on val and on test, and were not."""
    following = Counter((job.asked.get("model") or {}).get("training_id") for job in jobs.values())
    return [
        f"training {job.job_id} is followed by {following[job.job_id]} judgements"
        for job in jobs.values()
        if job.asked.get("auto_validate")
        and job.end
        and job.end.kind == "training.completed.v1"
        and following[job.job_id] < judgements
    ]


def wrong_failures(jobs: dict[str, History]) -> list[str]:
    """Jobs that could be done, and failed for another reason than that all tries were disturbed."""
    return [
        f"{job.area} {job.job_id} failed: {code}: {job.end.data.get('message', '')[:80]}"
        for job in jobs.values()
        if job.end and (code := job.end.data.get("error_code")) and code not in DISTURBED
    ]


def wrong_epochs(jobs: dict[str, History]) -> list[str]:
    """Trainings in which an epoch is told twice, or is missing."""
    wrong = []
    for job in jobs.values():
        expected = list(range(1, len(job.epochs) + 1))
        if job.end and job.end.kind == "training.completed.v1":
            done = job.end.data["epochs_done"]
            expected = list(range(_first(job, done), done + 1))
        if job.epochs != expected:
            wrong.append(f"training {job.job_id} told epochs {job.epochs}, not {expected}")
    return wrong


def _first(job: History, done: int) -> int:
    """1, or the first epoch past the end of the run that this one extends."""
    starts = [told.data["from_epoch"] for told in job.counted if told.name == "started"]
    return 1 if not job.epochs or not starts or starts[0] == 0 else min(starts[0] + 1, done)


def artifacts(value: Any) -> Iterator[dict[str, Any]]:
    """Everything inside an event that announces something in the store."""
    if isinstance(value, dict):
        if {"key", "size_bytes", "sha256"} <= value.keys():
            yield value
        else:
            for each in value.values():
                yield from artifacts(each)
    elif isinstance(value, list):
        for each in value:
            yield from artifacts(each)


def promised(jobs: dict[str, History]) -> dict[str, dict[str, Any]]:
    """What must be readable now, by key: of each end, and the last checkpoint of each training."""
    found: dict[str, dict[str, Any]] = {}
    for job in jobs.values():
        facts = [job.end] if job.end else []
        facts += [told for told in job.counted if told.name == "checkpoint_saved"][-1:]
        if job.end and job.end.kind != "training.completed.v1":
            facts += [told for told in job.counted if told.name == "samples_drawn"]
        for told in facts:
            found |= {each["key"]: each for each in artifacts(told.data)}
    return found


def wrong_dead(dead: Sequence[str], jobs: dict[str, History]) -> list[str]:
    """Job ids in the dead letters whose job did not fail."""
    return [
        f"{job_id} is among the dead letters and did not fail"
        for job_id in dead
        if job_id not in jobs or (end := jobs[job_id].end) is None or end.name != "failed"
    ]


def wrong_views(
    views: dict[str, list[int]], log: Sequence[Told], began: dict[str, int]
) -> list[str]:
    """Readers of the socket that did not see exactly the log past where they began."""
    seqs = [told.seq for told in log]
    wrong = []
    for name, seen in views.items():
        expected = [seq for seq in seqs if seq > began[name]]
        if seen != expected:
            counts: dict[int, int] = defaultdict(int)
            for seq in seen:
                counts[seq] += 1
            twice = [seq for seq, n in counts.items() if n > 1]
            missing = sorted(set(expected) - set(seen))[:10]
            wrong.append(f"reader {name}: missing {missing}, twice {twice[:10]}, or out of order")
    return wrong


def statuses(jobs: dict[str, History]) -> dict[str, str]:
    """How each job ended, as REST calls it."""
    names = {"failed": "failed", "cancelled": "cancelled"}
    return {
        job_id: names.get(job.end.name, "completed") if job.end else "open"
        for job_id, job in jobs.items()
    }
