"""Streams, subjects and subscriptions: the only place with NATS subject strings.

evt.<kind>.<job id>                                   a fact
evt.<area>.requested.v1.<job id>                      a request
evt.training.requested.v1.<pool>.<priority>.<job id>  a request that is routed
dead.<durable>.<original subject>                     a request that was given up
tel.<topic>                                           a reading: not stored, newest wins
ask.<area>.<question>                                 a read that a service answers at once
gpu.<question>.<host>                                 room on a card, asked of its trainer
"""

from dataclasses import dataclass

from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from libs.common.events import Event, Request, TrainingRequested
from libs.common.host_names import host_id

DAY_S = 24 * 3600
GIB = 2**30

EVENTS = StreamConfig(
    name="EVENTS",
    subjects=["evt.>"],
    description="every request and every fact: the only database",
    retention=RetentionPolicy.LIMITS,
    storage=StorageType.FILE,
    discard=DiscardPolicy.NEW,  # refuse rather than forget
    max_bytes=2 * GIB,
    max_msg_size=2**20,
    duplicate_window=3600,
    allow_direct=True,
    deny_delete=True,
    deny_purge=True,
)
DEAD = StreamConfig(
    name="DEAD",
    subjects=["dead.>"],
    description="requests that were given up, with the reason",
    retention=RetentionPolicy.LIMITS,
    storage=StorageType.FILE,
    max_bytes=GIB // 4,
    max_age=90 * DAY_S,
)
STREAMS = (EVENTS, DEAD)

ALL_EVENTS = "evt.>"
PRIORITIES = ("high", "normal", "low")


@dataclass(frozen=True)
class Subscription:
    """A durable queue of requests, and how it treats failure.

    `attempts` counts tries that ended without progress; `backoff_s` is waited between them.
    """

    durable: str
    pattern: str
    attempts: int = 3
    ack_wait_s: float = 10.0
    backoff_s: tuple[float, ...] = (1.0, 5.0, 20.0)


DATASET = Subscription("dataset", "evt.dataset.requested.v1.*")
ANALYZER = Subscription("analyzer", "evt.analysis.requested.v1.*")
ANALYZER_FOLLOW = Subscription("analyzer-follow", "evt.training.completed.v1.*")
"""Not requests: facts after which the analyzer asks itself for work."""


def trainer(pool: str) -> tuple[Subscription, ...]:
    """The queues of one pool of trainers, the most urgent first."""
    return tuple(
        Subscription(f"trainer-{pool}-{level}", f"evt.training.requested.v1.{pool}.{level}.*")
        for level in PRIORITIES
    )


def of(event: Event) -> str:
    """The subject under which `event` is stored."""
    if isinstance(event, TrainingRequested):
        return f"evt.{event.kind}.{event.pool}.{event.priority}.{event.job_id}"
    return f"evt.{event.kind}.{event.job_id}"


def of_job(area: str, job_id: str) -> tuple[str, ...]:
    """Filters that match every event of one job, and nothing else."""
    facts = f"evt.{area}.*.*.{job_id}"
    return (facts, f"evt.training.requested.v1.*.*.{job_id}") if area == "training" else (facts,)


def starts(area: str, job_id: str) -> str:
    """The filter for the facts that a worker took a job up."""
    return f"evt.{area}.started.v1.{job_id}"


def of_kind(kind: type[Event]) -> str:
    """The filter for all events of one kind."""
    name: str = kind.model_fields["kind"].default
    return f"evt.{name}.>" if issubclass(kind, Request) else f"evt.{name}.*"


def dead(durable: str, subject: str) -> str:
    """Where a request goes that is given up."""
    return f"dead.{durable}.{subject}"


def telemetry(topic: str) -> str:
    """The core subject of a reading; `>` listens to all."""
    return f"tel.{topic}"


def gpu(name: str, host: str) -> str:
    """The core subject of a question to the owner of a host's cards; `*` hears all."""
    return f"gpu.{name}.{host_id(host)}"


def question(area: str, name: str) -> str:
    """The core subject of a question to the services of an area; `*` hears all."""
    return f"ask.{area}.{name}"
