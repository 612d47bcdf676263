"""The fold of the log as bytes, and back: what a ledger knows at one sequence, and of which log.

First a line of JSON with the indexes, then a line for each job (`frozen.py`). It is only ever read
by the code that wrote it: FINGERPRINT is a hash of all source that a fold goes through.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from libs.common import cloudevents, dataset_log, events, hosts, jobs, later
from libs.common.events import ModelUploaded
from libs.common.hosts import Drain
from libs.common.jobs import Job
from services.gateway import frozen, ledger, tally, waiting
from services.gateway import jobs as kept_jobs
from services.gateway.frozen import Line
from services.gateway.ledger import Ledger

SOURCES = (
    *(cloudevents, dataset_log, events, hosts, jobs, later),
    *(frozen, kept_jobs, ledger, tally, waiting),
)
FINISHED = frozenset({"completed", "failed", "cancelled"})


def fingerprint() -> str:
    """Of the code that folds: another release reads the log anew."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for module in SOURCES:
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Snapshot:
    """What a ledger knows; nothing in here changes any more."""

    head: dict[str, Any]
    jobs: list[Job | Line]

    def write(self, file: BinaryIO, beat: Callable[[], None] = lambda: None) -> str:
        """Write it; its sha256. `beat` is called between jobs, as this may take seconds."""
        digest = hashlib.sha256()
        for line in self._lines():
            digest.update(line)
            file.write(line)
            beat()
        return digest.hexdigest()

    def _lines(self) -> Iterator[bytes]:
        yield orjson.dumps(self.head) + b"\n"
        for line in kept_jobs.frozen(self.jobs):
            yield line.raw + b"\n"


def taken(ledger: Ledger) -> Snapshot:
    """What `ledger` knows now; quick, whatever it holds."""
    head = {
        "seq": ledger.ring.last,
        "newest": hashlib.sha256(ledger.newest_payload).hexdigest(),
        "runs": ledger.runs,
        "trained": ledger.trained,
        "without_weights": sorted(ledger.without_weights),
        "uploads": [[name, event.job_id] for name, event in ledger.uploads.items()],
        "dataset_jobs": list(ledger.dataset_jobs),
        "paces": ledger.paces.told(),
        "jobs": [[*key, count] for key, count in ledger.tally.jobs.items()],
        "epochs": list(ledger.tally.epochs),
        "epochs_s": ledger.tally.epochs_s,
        "drains": [
            [each.host, each.running, each.since.isoformat(), each.seq, sorted(each.empty)]
            for each in ledger.drains.of.values()
        ],
    }
    return Snapshot(orjson.loads(orjson.dumps(head)), ledger.jobs.kept())


def head_of(data: bytes) -> tuple[dict[str, Any], int]:
    """The indexes, and where the jobs begin.

    Raises:
        ValueError: it is no snapshot.
    """
    end = data.index(b"\n")
    head: dict[str, Any] = orjson.loads(data[:end])
    return head, end + 1


def recall(ledger: Ledger, data: bytes) -> None:
    """Bring an empty ledger to where the snapshot was taken.

    Raises:
        ValueError, KeyError, TypeError: it is no snapshot; the ledger is of no use then.
    """
    head, start = head_of(data)
    lines = [Line.of(line) for line in data[start:].split(b"\n") if line]
    ledger.jobs.lay_out(lines)
    for line in lines:
        active = ledger.active[line.area]
        if line.status not in FINISHED:
            active.add(line.id)
    ledger.runs.update(head["runs"])
    ledger.trained.update(head["trained"])
    ledger.without_weights.update(head["without_weights"])
    for name, job_id in head["uploads"]:
        event = ledger.jobs[job_id].outcome
        if isinstance(event, ModelUploaded):
            ledger.uploads[name] = event
    for job_id in head["dataset_jobs"]:
        if told := ledger.jobs[job_id].outcome:
            ledger.dataset_log.fold(told)
            ledger.dataset_jobs.append(job_id)
    ledger.paces.recall((_key(kind), pace_s) for kind, pace_s in head["paces"])
    ledger.tally.jobs = Counter({(area, status): n for area, status, n in head["jobs"]})
    ledger.tally.epochs, ledger.tally.epochs_s = list(head["epochs"]), head["epochs_s"]
    for host, running, since, seq, empty in head["drains"]:
        at = datetime.fromisoformat(since)
        ledger.drains.of[host] = Drain(host, running, at, seq, frozenset(empty))
    ledger.ring.skip(head["seq"])


def _key(kind: list[object]) -> list[object]:
    return [tuple(each) if isinstance(each, list) else each for each in kind]
