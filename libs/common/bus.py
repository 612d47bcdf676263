"""The connection to the bus: publish a fact once, read the log, follow it, tell a reading.

Traps of nats-py that this file answers (each has a test on the real server): a publish whose
confirmation timed out may be stored all the same, so each carries its dedupe key and is simply
tried again; its ordered consumer replays everything after a restart and drops messages of slow
readers, so the log is followed by pulling, from a sequence we keep ourselves; `fetch(n)` waits
for all n, so we ask for as many as are known to be there; drain hangs after a fetch that timed
out, so subscriptions are closed first and the connection is closed, not drained.
"""

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import nats.errors
import nats.js.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamConfig
from nats.js.client import JetStreamContext as _JetStream

from libs.common import metrics, nats_client, subjects, tracing
from libs.common.cloudevents import Recorded, decode, encode
from libs.common.errors import BadInput, TopologyDrift, Unavailable
from libs.common.events import Event

log = logging.getLogger(__name__)

ACK_S = 5.0
FOLLOW_S = 2.0
PING_S = 10
"""A link that was cut without a word is given up after three of these."""
BATCH = 500
RETRY_S = 0.25
SERVER_FLOOR = (2, 12)
FULL_CODES = {10077, 10023}  # the stream, the account has no room
STREAM = "EVENTS"
API = "$JS.API"

GONE = (nats.errors.Error, nats.js.errors.Error, TimeoutError)

Pull = _JetStream.PullSubscription
T = TypeVar("T")


@dataclass(frozen=True)
class Raw:
    """One stored message."""

    seq: int
    subject: str
    payload: bytes


class Bus:
    """A connection. Open it with `connect`; `source` names the teller in each envelope."""

    def __init__(
        self,
        nc: Client,
        *,
        source: str,
        api: str = API,
        patience_s: float = 24 * 3600.0,
        guest: bool = False,
    ) -> None:
        self.nc = nc
        self.guest = guest
        self.js: JetStreamContext = nc.jetstream(timeout=ACK_S, prefix=api)
        self.source = source
        self.patience_s = patience_s

    @property
    def connected(self) -> bool:
        """Whether the server answers right now, as far as the client knows."""
        return bool(self.nc.is_connected)

    async def publish(self, event: Event, *, patience_s: float | None = None) -> int:
        """Store `event` once per dedupe key; try until it is confirmed.

        Returns:
            Its stream sequence, or that of the earlier telling of the same fact.

        Raises:
            Unavailable: not confirmed within `patience_s`, or the log is full.
            BadInput: it is over the server's limit of 1 MB.
        """
        patience_s = self.patience_s if patience_s is None else patience_s
        with tracing.sending(event):
            payload = encode(event, source=self.source, traceparent=tracing.traceparent())
            return await self.store(event, payload, patience_s=patience_s)

    async def store(self, event: Event, payload: bytes, *, patience_s: float) -> int:
        """As `publish`, with the bytes that were made of `event` when it happened."""
        loop = asyncio.get_running_loop()
        began_s, before = loop.time(), cancels()
        deadline = began_s + patience_s
        while True:
            raise_if_cancelled(before)
            try:
                ack = await self.js.publish(
                    subjects.of(event),
                    payload,
                    timeout=min(ACK_S, max(0.1, deadline - loop.time())),
                    headers={"Nats-Msg-Id": event.dedupe_key},
                )
            except nats.errors.MaxPayloadError as error:
                raise BadInput(
                    f"the event {event.kind} is too large: put bulk into an artifact",
                    code="event_too_large",
                ) from error
            except GONE as error:
                if isinstance(error, nats.js.errors.APIError):
                    if error.err_code in FULL_CODES:
                        raise Unavailable("the event log is full", code="log_full") from error
                    if not isinstance(error, nats.js.errors.ServiceUnavailableError):
                        raise
                if loop.time() >= deadline:
                    raise Unavailable("the bus does not answer", code="bus_away") from error
                log.warning("bus away, trying again", extra={"kind": event.kind})
                await asyncio.sleep(RETRY_S)
            else:
                metrics.PUBLISH_S.observe(loop.time() - began_s)
                return int(ack.seq)

    async def last_sequence(self) -> int:
        """The sequence of the newest event; 0 for an empty log. Waits as `read` does."""
        info = await self._patiently(lambda: self.js.stream_info(STREAM))
        return int(info.state.last_seq)

    async def read(self, *patterns: str, after: int = 0) -> list[Recorded]:
        """Everything of `patterns` that is in the log now, in order; waits for a bus that is away.

        Raises:
            Unavailable: it did not answer within our patience.
        """
        raws = await self._patiently(lambda: self.page(*patterns, after=after, limit=sys.maxsize))
        return [record for raw in raws if (record := _record(raw))]

    async def _patiently(self, look: Callable[[], Awaitable[T]]) -> T:
        deadline, before = time.monotonic() + self.patience_s, cancels()
        while True:
            raise_if_cancelled(before)
            try:
                return await look()
            except GONE as error:
                if time.monotonic() >= deadline:
                    raise Unavailable("the bus does not answer", code="bus_away") from error
                await asyncio.sleep(RETRY_S)

    async def replay(self, *patterns: str, after: int = 0) -> AsyncIterator[Recorded]:
        """What is in the log past sequence `after`, then what comes: no gap, no double."""
        async for raw in self.follow(*patterns, after=after):
            if record := _record(raw):
                yield record

    async def follow(self, *patterns: str, after: int = 0) -> AsyncIterator[Raw]:
        """As `replay`, the bytes as they are stored."""
        seen = after
        while True:
            try:
                pull, pending = await self._pull(patterns, seen)
            except GONE:
                await asyncio.sleep(RETRY_S)
                continue
            try:
                while True:
                    raise_if_cancelled()
                    for msg in await self._wait(pull, pending):
                        pending = msg.metadata.num_pending
                        raw = _raw(msg)
                        if raw.seq > seen:
                            seen = raw.seq
                            yield raw
            except GONE as error:
                log.info("following the log anew", extra={"after": seen, "reason": repr(error)})
                await asyncio.sleep(RETRY_S)
            finally:
                await self._close(pull)

    async def page(self, *patterns: str, after: int = 0, limit: int = BATCH) -> list[Raw]:
        """The first `limit` events of `patterns` past `after` that are in the log now."""
        found: list[Raw] = []
        pull, pending = await self._pull(patterns, after)
        try:
            while pending > 0 and len(found) < limit:
                want = min(pending, BATCH, limit - len(found))
                for msg in await pull.fetch(want, timeout=ACK_S):
                    pending = msg.metadata.num_pending
                    found.append(_raw(msg))
        finally:
            await self._close(pull)
        return found

    async def tell(self, topic: str, payload: dict[str, Any]) -> None:
        """A reading: not stored, newest wins, lost while the bus is away."""
        if self.nc.is_connected:
            with suppress(nats.errors.Error):
                await self.nc.publish(subjects.telemetry(topic), orjson.dumps(payload))

    async def listen(self, topic: str = ">") -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Readings of others as they come: (topic, payload)."""
        sub = await self.nc.subscribe(subjects.telemetry(topic))
        try:
            async for msg in sub.messages:
                with suppress(orjson.JSONDecodeError):
                    yield msg.subject.removeprefix("tel."), orjson.loads(msg.data)
        finally:
            with suppress(nats.errors.Error):
                await sub.unsubscribe()

    async def _wait(self, pull: Pull, pending: int) -> list[Msg]:
        """What is there now, or the next one; nothing when it stays quiet for a while."""
        try:
            return list(await pull.fetch(max(1, min(pending, BATCH)), timeout=FOLLOW_S))
        except TimeoutError:
            await pull.consumer_info()  # raises when a restart of the server took it away
            return []

    async def _pull(self, patterns: tuple[str, ...], after: int) -> tuple[Pull, int]:
        """An ephemeral reader of our own, and how many messages wait for it."""
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            filter_subjects=list(patterns or (subjects.ALL_EVENTS,)),
            ack_policy=AckPolicy.NONE,
            inactive_threshold=60,
            mem_storage=True,
        )
        info = await self.js.add_consumer(STREAM, config)
        return await self.js.pull_subscribe_bind(info.name, STREAM), int(info.num_pending or 0)

    async def _close(self, pull: Pull) -> None:
        with suppress(*GONE):
            await pull.unsubscribe()
        if self.nc.is_connected and not self.guest:
            with suppress(*GONE):
                await self.js.delete_consumer(STREAM, pull._consumer)  # noqa: SLF001


def cancels() -> int:
    """How often this task was cancelled: one that cleans up after a cancel may still wait here."""
    task = asyncio.current_task()
    return task.cancelling() if task else 0


def raise_if_cancelled(before: int = 0) -> None:
    """Stop here if somebody cancelled this task, more often than `before`.

    `asyncio.wait_for` of Python 3.11, which nats-py uses, swallows a cancel that arrives together
    with its result; without this a loop around it would run for ever.
    """
    if cancels() > before:
        raise asyncio.CancelledError


def _raw(msg: Msg) -> Raw:
    return Raw(int(msg.metadata.sequence.stream), msg.subject, msg.data)


def stored(payload: bytes, *, seq: int, subject: str) -> Recorded | None:
    """Read what was stored under `subject`; None for a kind this release does not know.

    The bus lets each service tell its own facts by subject, so what lies under another subject
    than its content has was told by somebody who may not.

    Raises:
        BadInput: it is no event of ours, or belongs under another subject.
    """
    record = decode(payload, seq=seq)
    if record and subjects.of(record.event) != subject:
        raise BadInput(f"message {seq} belongs under another subject", code="bad_event")
    return record


def _record(raw: Raw) -> Recorded | None:
    """The event in `raw`; None, with a line in our log, for what is not ours."""
    try:
        return stored(raw.payload, seq=raw.seq, subject=raw.subject)
    except BadInput as error:
        log.error("unreadable event skipped", extra={"seq": raw.seq, "reason": str(error)})  # noqa: TRY400
        return None


async def _on_error(error: Exception) -> None:
    log.warning("bus reports an error", extra={"reason": repr(error)})


@asynccontextmanager
async def connect(
    url: str,
    *,
    source: str,
    user: str | None = None,
    password: str | None = None,
    ca: Path | None = None,
    api: str = API,
    patience_s: float = 24 * 3600.0,
    guest: bool = False,
) -> AsyncIterator[Bus]:
    """Open the bus; it reconnects for ever. With `ca` (PEM) by TLS alone.

    `api` is the subject before what is asked of JetStream, where another account owns the log. A
    `guest` may read the log and nothing else.

    Raises:
        TopologyDrift: the server is older than we need (2.12).
    """
    nc = nats_client.client(ca)
    await nc.connect(
        url,
        name=f"shirushi-{source}",
        user=user,
        password=password,
        inbox_prefix=f"_INBOX_{source}",
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,  # type: ignore[arg-type]  # its own default is a float
        ping_interval=PING_S,
        max_outstanding_pings=2,
        error_cb=_on_error,
        **nats_client.options(ca),
    )
    try:
        version = nc.connected_server_version
        if (version.major, version.minor) < SERVER_FLOOR:
            raise TopologyDrift(
                f"nats-server {version.major}.{version.minor} is too old: install 2.12 or newer"
            )
        yield Bus(nc, source=source, api=api, patience_s=patience_s, guest=guest)
    finally:
        with suppress(nats.errors.Error, OSError):
            await nc.close()


async def provision(nc: Client, streams: tuple[StreamConfig, ...] = subjects.STREAMS) -> None:
    """Create the streams. Run by `deploy/`, never by a service.

    Raises:
        TopologyDrift: a stream is there already, with other settings.
    """
    js = nc.jetstream(timeout=ACK_S)
    for stream in streams:
        try:
            await js.add_stream(stream)
        except nats.js.errors.BadRequestError as error:
            raise TopologyDrift(
                f"stream {stream.name} is there with other settings: {error.description}"
            ) from error
