"""Where waiting trainings stand: place in the queue, why they wait, when they may start: pure.

A start is foreseen from what is known alone: how long running trainings still take (their own
pace), and how long those before it in the queue will take (the pace of the newest training of the
same data, model, size and batch in the log, for all their epochs). Where a place depends on
something unknown it counts as never free; with no other place left, the start is unknown.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.common.answers.trainings import WaitingCode
from libs.common.events import TrainingRequested
from libs.common.hosts import Drain
from libs.common.jobs import Job

Reading = dict[str, Any]
ReadingOf = Callable[[str], Reading | None]
"""The newest progress reading of a training, by its id."""
LEVEL = {"high": 0, "normal": 1, "low": 2}
LATE = 5


@dataclass(frozen=True)
class Standing:
    """Of a queued training. `starts_in_s` = None: nobody can say."""

    position: int
    starts_in_s: float | None
    reason: str
    code: WaitingCode = "busy"
    """Of the reason, for programs and other languages."""


class Paces:
    """Seconds per epoch by kind of training, the newest known; learned from the log."""

    def __init__(self) -> None:
        self._by_kind: dict[tuple[object, ...], float] = {}

    def learn(self, job: Job) -> None:
        """After one more epoch of a training."""
        if last := job.epochs[-LATE:]:  # an epoch of a worker that was given up is in no job
            self._by_kind[kind(_request(job))] = sum(each.seconds for each in last) / len(last)

    def told(self) -> list[tuple[tuple[object, ...], float]]:
        """What is known, by kind."""
        return list(self._by_kind.items())

    def recall(self, told: Iterable[tuple[Iterable[object], float]]) -> None:
        """Know again what was `told`."""
        self._by_kind = {tuple(kind): pace_s for kind, pace_s in told}

    def left_s(self, job: Job) -> float | None:
        """How long the epochs that a training has left take; None where nothing is known."""
        request = _request(job)
        pace_s = self._by_kind.get(kind(request))
        if pace_s is None:
            return None
        return pace_s * max(0, request.arguments.epochs - len(job.epochs))


def kind(request: TrainingRequested) -> tuple[object, ...]:
    """Trainings of one kind take as long for an epoch."""
    data, arguments = request.dataset, request.arguments
    return (
        *(data.name, data.path, data.version),
        *(arguments.model_architecture, arguments.imgsz, arguments.batch_size, arguments.device),
    )


@dataclass
class _Place:
    """Room for one training: free in so many seconds; None = unknown."""

    free_in_s: float | None
    level: int = -1
    gives_way: bool = False


def standings(
    jobs: Iterable[Job],
    hosts: Sequence[Reading],
    drains: Mapping[str, Drain],
    paces: Paces,
    reading_of: ReadingOf,
) -> dict[str, Standing]:
    """Of every queued training, by id.

    Args:
        jobs: all trainings that are not finished.
        hosts: newest readings of trainers: host, pool, slots.
        drains: the drained hosts.
        paces: what is known of durations.
        reading_of: asked for waiting and running trainings.
    """
    active = list(jobs)
    found: dict[str, Standing] = {}
    queue = sorted((job for job in active if job.status == "queued"), key=_order)
    for pool in dict.fromkeys(_request(job).pool for job in queue):
        here = [each for each in hosts if each.get("pool", "default") == pool]
        open_hosts = [each for each in here if each["host"] not in drains]
        busy = [_taken(job, paces, reading_of(job.id)) for job in active if _placed(job, pool)]
        slots = sum(int(each.get("slots", 1)) for each in open_hosts)
        busy = sorted(busy, key=lambda each: each.level)[:slots]  # the rest leaves just now
        places = busy + [_Place(0.0)] * (slots - len(busy))
        absent = "" if slots else _absent(here)
        for position, job in enumerate((e for e in queue if _request(e).pool == pool), 1):
            starts_in_s = _enter(places, job, paces)
            reason, reading = _reason(job, position, absent), reading_of(job.id)
            code = _code(job, here, slots)
            if reading and _waits_inside(reading, job):
                starts_in_s = reading.get("starts_in_s", starts_in_s)
                reason, code = str(reading["waiting_reason"]), "told_by_trainer"
            told = f"{reason}; {_when(starts_in_s)}"
            found[job.id] = Standing(position, starts_in_s, told, code)
    return found


def _when(starts_in_s: float | None) -> str:
    """For people: no more exact than it can be."""
    if starts_in_s is None:
        return "when it starts is unknown"
    if starts_in_s < 10:
        return "starts in a moment"
    for unit, size_s in (("h", 3600), ("min", 60)):
        if starts_in_s >= 1.5 * size_s:
            return f"starts in about {starts_in_s / size_s:.0f} {unit}"
    return f"starts in about {math.ceil(starts_in_s / 10) * 10} s"


def _enter(places: list[_Place], job: Job, paces: Paces) -> float | None:
    """Seconds until a training gets the place that is free first; it takes that place."""
    level = LEVEL[_request(job).priority]
    below = [place for place in places if place.gives_way and place.level > level]
    known = [place for place in places if place.free_in_s is not None]
    now = [place for place in known if place.free_in_s == 0]
    place: _Place | None
    if below and not now:
        place, start_s = max(below, key=lambda each: each.level), 0.0
    else:
        place = min(known, key=lambda each: each.free_in_s or 0.0, default=None)
        if place is None or place.free_in_s is None:
            return None
        start_s = place.free_in_s
    takes_s = paces.left_s(job)
    places.remove(place)
    places.append(_Place(None if takes_s is None else start_s + takes_s, level))
    return round(start_s, 1)


def _taken(job: Job, paces: Paces, reading: Reading | None) -> _Place:
    """The place of a running training."""
    left_s: float | None = None
    if reading and reading.get("attempt") == job.attempt and reading.get("eta_s") is not None:
        left_s = float(reading["eta_s"])
    elif job.started:
        left_s = paces.left_s(job)
    fresh = job.preempted == 0 and job.cancel is None
    return _Place(left_s, LEVEL[_request(job).priority], gives_way=fresh)


def _placed(job: Job, pool: str) -> bool:
    return job.status not in ("queued", "paused") and not job.idle and _request(job).pool == pool


def _waits_inside(reading: Reading, job: Job) -> bool:
    """A trainer has it, and waits for room on a card or for one that gives way."""
    return reading.get("stage") == "waiting" and int(reading["attempt"]) > job.attempt


def _order(job: Job) -> tuple[int, int]:
    return LEVEL[_request(job).priority], job.first_seq


def _absent(here: Sequence[Reading]) -> str:
    if not here:
        return "no trainer is there"
    return f"the hosts of all trainers are drained ({', '.join(each['host'] for each in here)})"


def _reason(job: Job, position: int, absent: str) -> str:
    before = f"; {position - 1} before it" if position > 1 else ""
    if absent:
        return f"waits for a trainer: {absent}{before}"
    if job.paused and job.paused.reason == "preempted":
        return f"gave way to the more urgent {job.paused.by}, goes on by itself{before}"
    if job.paused and job.paused.reason == "drained":
        return f"left {job.paused.by}, which is drained; goes on by itself elsewhere{before}"
    return f"waits for a free trainer{before}"


def _code(job: Job, here: Sequence[Reading], slots: int) -> WaitingCode:
    if not slots:
        return "all_drained" if here else "no_trainer"
    if job.paused and job.paused.reason in ("preempted", "drained"):
        return job.paused.reason
    return "busy"


def _request(job: Job) -> TrainingRequested:
    assert isinstance(job.request, TrainingRequested)
    return job.request
