"""A job as one line of a snapshot, and back: pure.

`id TAB area TAB status TAB first_seq TAB last_seq TAB JSON`: what indexes need comes first, the
rest is read when somebody looks at the job.
"""

from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from libs.common.events import KINDS, EpochCompleted, Event, SamplesDrawn
from libs.common.jobs import Job
from libs.common.later import Later

TIMES = frozenset({"created_at", "started_at", "ended_at"})
SERIES: dict[str, type[EpochCompleted] | type[SamplesDrawn]] = {
    "epochs": EpochCompleted,
    "samples": SamplesDrawn,
}
HEAD = ("id", "area", "status", "first_seq", "last_seq")
NAMES = tuple(each.name for each in fields(Job) if each.name not in HEAD)


class Line(NamedTuple):
    """One job, as far as an index looks at it."""

    id: str
    area: str
    status: str
    first_seq: int
    last_seq: int
    rest: bytes

    @classmethod
    def of(cls, line: bytes) -> "Line":
        """Raises ValueError where it is none."""
        job_id, area, status, first, last, rest = line.split(b"\t", 5)
        return cls(job_id.decode(), area.decode(), status.decode(), int(first), int(last), rest)

    @property
    def raw(self) -> bytes:
        """As it is written."""
        head = f"{self.id}\t{self.area}\t{self.status}\t{self.first_seq}\t{self.last_seq}\t"
        return head.encode() + self.rest


def freeze(job: Job) -> Line:
    """A job as it is now; JSON holds no tab and no line break."""
    told = {name: _plain(getattr(job, name)) for name in NAMES}
    rest = orjson.dumps({name: value for name, value in told.items() if value not in (None, ())})
    return Line(job.id, job.area, job.status, job.first_seq, job.last_seq, rest)


def thaw(line: Line) -> Job:
    """The same job."""
    told: dict[str, Any] = orjson.loads(line.rest)
    known: dict[str, Any] = {name: getattr(line, name) for name in HEAD}
    return Job(**known, **{name: _read(name, value) for name, value in told.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, Event):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Later):
        return {"count": len(value), "raw": value.raw.decode()}
    if isinstance(value, tuple) and value and isinstance(value[0], EpochCompleted | SamplesDrawn):
        raw = orjson.dumps([each.model_dump(mode="json") for each in value])
        return {"count": len(value), "raw": raw.decode()}
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value


def _read(name: str, value: Any) -> Any:
    if name in TIMES:
        return datetime.fromisoformat(value)
    if name in SERIES:
        return Later(SERIES[name], value["raw"].encode(), value["count"])
    if isinstance(value, list):
        return tuple(_read("", each) for each in value)
    if isinstance(value, dict):
        return KINDS[value["kind"]].model_validate(value)
    return value
