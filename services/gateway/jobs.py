"""All jobs by id, in the order of the log; those of a snapshot are read when somebody looks."""

from collections.abc import Iterable, Iterator, Mapping

from libs.common.jobs import Job
from services.gateway.frozen import Line, freeze, thaw


class Jobs(Mapping[str, Job]):
    """As a dict of jobs."""

    def __init__(self) -> None:
        self._known: dict[str, Job | Line] = {}
        self._areas: dict[str, list[str]] = {}

    def __getitem__(self, job_id: str) -> Job:
        found = self._known[job_id]
        if isinstance(found, Line):
            found = self._known[job_id] = thaw(found)
        return found

    def __setitem__(self, job_id: str, job: Job) -> None:
        if job_id not in self._known:
            self._areas.setdefault(job.area, []).append(job_id)
        self._known[job_id] = job

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._known

    def status(self, job_id: str) -> str:
        """Of a job, without reading it."""
        return self._known[job_id].status

    def newest(self, area: str) -> Iterator[Job]:
        """Those of an area, the newest first."""
        return (self[job_id] for job_id in reversed(self._areas.get(area, ())))

    def lay_out(self, lines: Iterable[Line]) -> None:
        """Take in what a snapshot holds, in its order."""
        for line in lines:
            self._areas.setdefault(line.area, []).append(line.id)
            self._known[line.id] = line

    def kept(self) -> list[Job | Line]:
        """All as they are now, to be frozen elsewhere: none of them ever changes."""
        return list(self._known.values())


def frozen(kept: Iterable[Job | Line]) -> Iterator[Line]:
    """Each as a line."""
    for each in kept:
        yield each if isinstance(each, Line) else freeze(each)
