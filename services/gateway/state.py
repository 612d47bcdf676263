"""What every route can reach, and the few things that many of them do."""

import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request, Response

from libs.common.errors import Conflict, PermanentError, TransientError, Unavailable
from libs.common.events import Event, Failed
from libs.common.events import Request as JobRequest
from libs.common.jobs import Job
from libs.common.service import Deps
from services.gateway.fanout import Fanout
from services.gateway.ledger import Ledger
from services.gateway.machine import Machine
from services.gateway.readings import Readings
from services.gateway.resolve import Resolver
from services.gateway.settings import GatewaySettings

BASE = "/api/v1/ml"
PUBLISH_S = 4.0
MOST_WAIT_S = 300.0
INTERNAL = {"internal_error", "worker_died"}


@dataclass(frozen=True)
class Gateway:
    """One per process."""

    settings: GatewaySettings
    deps: Deps
    ledger: Ledger
    readings: Readings
    resolver: Resolver
    fanout: Fanout
    machine: Machine

    async def publish(self, event: Event) -> Job:
        """Store `event` and wait until our own fold has seen it.

        Raises:
            Unavailable: the bus does not confirm in time, or too many jobs are unfinished.
            Conflict: the idempotency key was used with another body.
        """
        if isinstance(event, JobRequest) and event.job_id not in self.ledger.jobs:
            self._room()
        await self.tell(event)
        job = self.ledger.jobs[event.job_id]
        if isinstance(event, JobRequest) and isinstance(job.request, JobRequest):
            same_body(job.request, event.body_sha256)
        return job

    def _room(self) -> None:
        """Raises Unavailable when as many jobs are unfinished as may be."""
        unfinished = sum(map(len, self.ledger.active.values()))
        if unfinished >= self.settings.most_queued:
            raise Unavailable(
                f"{unfinished} jobs are unfinished, which is the most: try again later",
                code="queue_full",
            )

    async def tell(self, event: Event) -> None:
        """Store an event of no job, and wait until our own fold has seen it.

        Raises:
            Unavailable: the bus does not confirm in time.
        """
        seq = await self.deps.bus.publish(event, patience_s=PUBLISH_S)
        await self.ledger.passed(seq)


def gateway_of(request: Request) -> Gateway:
    """The gateway of this app, whatever it knows yet."""
    found: Gateway = request.app.state.gateway
    return found


async def knowing(request: Request) -> Gateway:
    """The gateway of this app, once it has read the log: what it does not know is not there.

    Raises:
        Unavailable: it is still reading.
    """
    gateway = gateway_of(request)
    await gateway.ledger.catch_up()
    return gateway


Early = Annotated[Gateway, Depends(gateway_of)]
State = Annotated[Gateway, Depends(knowing)]


@dataclass(frozen=True)
class Once:
    """Identity of a `POST`: the same key and body are the same job."""

    job_id: str
    body_sha256: str | None

    def earlier(self, gateway: Gateway) -> Job | None:
        """The job that this key started before.

        Raises:
            Conflict: with another body.
        """
        job = gateway.ledger.jobs.get(self.job_id)
        if job and isinstance(job.request, JobRequest):
            same_body(job.request, self.body_sha256)
        return job


async def once(
    request: Request, idempotency_key: Annotated[str | None, Header(max_length=255)] = None
) -> Once:
    """From the `Idempotency-Key` header; without one each `POST` is a job of its own."""
    if not idempotency_key:
        return Once(uuid.uuid4().hex, None)
    name = f"{request.url.path}\n{idempotency_key}"
    job_id = hashlib.sha256(name.encode()).hexdigest()[:32]
    return Once(job_id, hashlib.sha256(await request.body()).hexdigest())


OnceOnly = Annotated[Once, Depends(once)]


def same_body(request: JobRequest, body_sha256: str | None) -> None:
    """Raises Conflict when a key was used with another body."""
    if request.body_sha256 != body_sha256:
        raise Conflict(
            "this Idempotency-Key was used with another body: use a new key",
            code="key_reused",
        )


@dataclass(frozen=True)
class Patience:
    """How long the caller wants to wait for a result."""

    wait_s: float


def patience(
    gateway: State, prefer: Annotated[str | None, Header(max_length=255)] = None
) -> Patience:
    """From `Prefer: wait=N` or `Prefer: respond-async`."""
    if prefer and "respond-async" in prefer:
        return Patience(0.0)
    if prefer and (found := re.search(r"wait=(\d{1,6})", prefer)):
        return Patience(min(float(found[1]), MOST_WAIT_S))
    return Patience(gateway.settings.wait_s)


Waits = Annotated[Patience, Depends(patience)]


def fresh(
    request: Request,
    payload: Any,
    headers: dict[str, str] | None = None,
    *,
    media_type: str = "application/json",
) -> Response:
    """JSON, or bytes as they are, with an ETag; 304 when the caller has them already."""
    body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    answer = {"ETag": tag, "Cache-Control": "no-cache"} | (headers or {})
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=answer)
    return Response(body, media_type=media_type, headers=answer)


def raise_failure(job: Job) -> None:
    """Turn a failed job into the error that a waiting caller gets."""
    outcome = job.outcome
    if isinstance(outcome, Failed):
        kind = TransientError if outcome.error_code in INTERNAL else PermanentError
        raise kind(outcome.message, code=outcome.error_code)
