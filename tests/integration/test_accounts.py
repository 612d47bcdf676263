"""Who may say and read what on the bus, on a real server with our configuration."""

import asyncio
import dataclasses
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import nats.errors
import nats.js.errors
import nats.micro
import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from deploy.nats_conf import API, bus_command, bus_environment
from deploy.ports import free_ports, is_free
from deploy.provision import MIRROR, SHOWN, connected, keep_mirror, provision
from deploy.secrets import Secrets, load_or_make
from libs.common import subjects
from libs.common.asks import answer_gpu_questions, ask_gpu
from libs.common.bus import Bus, connect
from libs.common.cloudevents import encode
from libs.common.errors import Unavailable
from libs.common.events import (
    KINDS,
    AuditRefused,
    DatasetCancelled,
    DatasetRef,
    Event,
    HostDrained,
    HostDrainRequested,
    HostUndrainRequested,
    ModelUploaded,
    TrainingArguments,
    TrainingCancelRequested,
    TrainingFailed,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.requests import bind, deliveries
from libs.common.subjects import Subscription
from tests.conftest import STOP_S, running, wait_until

REFUSED_S = 0.4

As = Callable[[str], AbstractAsyncContextManager[Bus]]


@dataclass(frozen=True)
class Server:
    """A nats-server with our accounts."""

    url: str
    secrets: Secrets


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    [port] = free_ports(1)
    opened = Server(f"nats://127.0.0.1:{port}", load_or_make(tmp_path))
    command = bus_command(tmp_path / "nats", port)
    with running(command, tmp_path / "log", **bus_environment(opened.secrets)):
        wait_until(lambda: not is_free(port), "nats-server listens", STOP_S)
        await provision(opened.url, opened.secrets)
        yield opened


@pytest.fixture
def logged_in(server: Server) -> As:
    """A bus as one user; it gives up after a moment, since a refusal is silence."""

    @asynccontextmanager
    async def open_bus(user: str) -> AsyncIterator[Bus]:
        password = server.secrets.bus[user]
        api = "$JS.API" if user == "reader" else API
        async with connect(
            server.url, source=user, user=user, password=password, api=api, patience_s=REFUSED_S
        ) as bus:
            yield bus

    return open_bus


def request(job_id: str = "t1") -> TrainingRequested:
    return TrainingRequested(
        job_id=job_id,
        dataset=DatasetRef(name="d", path="/d"),
        arguments=TrainingArguments(mode="full"),
        experiment_name="e",
    )


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    reasons = [str(getattr(record, "reason", "")) for record in caplog.records]
    return [reason for reason in reasons if "permissions violation" in reason.lower()]


async def sequences(bus: Bus, count: int) -> list[int]:
    """The first `count` sequences that a replay gives."""
    found: list[int] = []
    async with asyncio.timeout(STOP_S):
        async for record in bus.replay():
            found.append(record.seq)
            if len(found) == count:
                break
    return found


async def test_a_reader_replays_from_the_first_event_and_follows_with_our_sequences(
    logged_in: As,
) -> None:
    async with logged_in("gateway") as ours, logged_in("reader") as theirs:
        for number in range(3):
            await ours.publish(request(f"t{number}"))
        following = asyncio.create_task(sequences(theirs, 4))
        await wait_for_mirror(theirs, 3)
        assert await ours.publish(request("live")) == 4
        assert await following == [1, 2, 3, 4]


async def wait_for_mirror(bus: Bus, last: int) -> None:
    async with asyncio.timeout(STOP_S):
        while True:
            with suppress(Unavailable):
                if await bus.last_sequence() == last:
                    return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "subject", ["evt.training.requested.v1.default.normal.x", "dead.x", "tel.x"]
)
async def test_a_reader_cannot_publish(
    logged_in: As, subject: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with logged_in("gateway") as ours, logged_in("reader") as theirs:
        heard = await ours.nc.subscribe("tel.>")
        with pytest.raises((nats.errors.Error, nats.js.errors.Error, TimeoutError)):
            await theirs.js.publish(subject, b"{}", timeout=REFUSED_S)
        assert refusals(caplog)
        assert await ours.last_sequence() == 0
        with pytest.raises(nats.errors.TimeoutError):
            await heard.next_msg(timeout=0.05)


@pytest.mark.parametrize(
    "reply",
    [
        "evt.training.requested.v1.default.normal.x",
        "mirror.readers.x",
        "$JS.API.STREAM.PURGE.EVENTS",
        "$JS.API.STREAM.DELETE.EVENTS",
        "$JS.APP.API.CONSUMER.CREATE.EVENTS",
    ],
)
@pytest.mark.parametrize("asked", [b"1", b'{"batch":1,"no_wait":true}'])
async def test_what_a_reader_has_the_server_deliver_never_reaches_the_log(
    logged_in: As, reply: str, asked: bytes
) -> None:
    async with logged_in("gateway") as ours, logged_in("reader") as theirs:
        await ours.publish(request())
        await wait_for_mirror(theirs, 1)
        for policy in (DeliverPolicy.ALL, DeliverPolicy.NEW):
            config = ConsumerConfig(deliver_policy=policy, ack_policy=AckPolicy.NONE)
            with suppress(nats.js.errors.NotFoundError):  # the mirror went with the first try
                made = await theirs.js.add_consumer("EVENTS", config)
                await theirs.nc.publish(
                    f"$JS.API.CONSUMER.MSG.NEXT.EVENTS.{made.name}", asked, reply=reply
                )
                await theirs.nc.flush()
        assert await ours.publish(request("next")) == 2
        info = await ours.js.stream_info("EVENTS")
        assert (info.state.messages, info.state.last_seq) == (2, 2)


@pytest.mark.parametrize("user", ["dataset", "trainer", "analyzer", "gateway"])
async def test_no_service_can_have_the_server_write_to_the_log_or_delete_from_it(
    server: Server, logged_in: As, user: str
) -> None:
    """A pull whose reply, or a push whose target, is a subject that the service may not publish."""
    durable = subjects.trainer("default")[1]
    targets = [
        "evt.training.requested.v1.default.normal.forged",
        "$JS.API.STREAM.PURGE.EVENTS",
        "$JS.API.STREAM.DELETE.EVENTS",
        f"$JS.API.CONSUMER.DELETE.EVENTS.{durable.durable}",
        f"{API}.CONSUMER.DELETE.EVENTS.{durable.durable}",
        f"$JS.ACK.EVENTS.{durable.durable}.1.1.1.1.0",
    ]
    async with logged_in("gateway") as ours, logged_in("trainer") as trainer:
        await ours.publish(request())
        queue = await bind(trainer, durable, 1)
    async with logged_in(user) as theirs:
        for target in targets:
            for policy in (DeliverPolicy.ALL, DeliverPolicy.NEW):
                config = ConsumerConfig(deliver_policy=policy, ack_policy=AckPolicy.NONE)
                made = await theirs.js.add_consumer("EVENTS", config)
                pull = f"{API}.CONSUMER.MSG.NEXT.EVENTS.{made.name}"
                await theirs.nc.publish(pull, b'{"batch":1,"no_wait":true}', reply=target)
                config.deliver_subject = target
                with suppress(nats.js.errors.Error):
                    await theirs.js.add_consumer("EVENTS", config)
        await theirs.nc.flush()
        assert await theirs.last_sequence() == 1
    async with connected(server.url, "setup", server.secrets) as admin:
        info = await admin.jetstream().consumer_info("EVENTS", durable.durable)
        assert (info.num_pending, info.num_ack_pending) == (1, 0)
    assert queue


async def test_a_service_that_deletes_the_queue_of_another_loses_nothing(
    logged_in: As,
) -> None:
    """It may: readers of its own are deleted the same way, and names hold no rights."""
    durable = subjects.trainer("default")[1]
    async with logged_in("gateway") as ours, logged_in("trainer") as trainer:
        await ours.publish(request())
        taken = deliveries(trainer, [durable], slots=1)
        async with asyncio.timeout(STOP_S):
            first = await anext(taken)
            async with logged_in("dataset") as theirs:
                await theirs.js.delete_consumer("EVENTS", durable.durable)
            second = await anext(taken)
        await taken.aclose()  # type: ignore[attr-defined]
        assert first.sequence == second.sequence == 1


async def test_a_fact_under_the_subject_of_another_is_not_believed(
    logged_in: As, caplog: pytest.LogCaptureFixture
) -> None:
    """The gateway may tell audit facts; what is in one of them is not thereby a training's."""
    forged = TrainingFailed(job_id="t1", attempt=1, error_code="x", message="because")
    async with logged_in("gateway") as bus:
        await bus.publish(request())
        payload = encode(forged, source="trainer")
        await bus.js.publish("evt.audit.changed.v1.t1", payload, timeout=STOP_S)
        assert [record.event.kind for record in await bus.read()] == ["training.requested.v1"]
    assert [record.reason for record in caplog.records if "skipped" in record.message]  # type: ignore[attr-defined]


async def test_readers_do_not_see_who_asked_for_what(logged_in: As) -> None:
    fact = AuditRefused(job_id="a1", path="/x", status=401, address="1.2.3.4", reason="r")
    async with logged_in("gateway") as ours, logged_in("reader") as theirs:
        await ours.publish(request("t1"))
        await ours.publish(fact)
        await ours.publish(request("t2"))
        await wait_for_mirror(theirs, 3)
        seen = [(record.seq, record.event.job_id) for record in await theirs.read()]
        assert seen == [(1, "t1"), (3, "t2")]
        assert (await theirs.js.stream_info("EVENTS")).state.messages == 2


def test_every_area_is_either_shown_to_readers_or_kept_from_them() -> None:
    assert {kind.split(".")[0] for kind in KINDS} == {*SHOWN, "audit"}


async def test_the_mirror_of_an_earlier_release_is_made_anew(server: Server) -> None:
    async with connected(server.url, "reader_setup", server.secrets) as admin:
        await admin.jetstream().delete_stream("EVENTS")
        source = dataclasses.replace(MIRROR.mirror, subject_transforms=None)  # type: ignore[type-var]
        await admin.jetstream().add_stream(dataclasses.replace(MIRROR, mirror=source))
    await provision(server.url, server.secrets)
    async with connected(server.url, "reader_setup", server.secrets) as admin:
        info = await admin.jetstream().stream_info("EVENTS")
        assert info.config.mirror
        assert info.config.mirror.subject_transforms


async def test_the_mirror_is_made_again_when_a_reader_has_it_removed(
    server: Server, logged_in: As
) -> None:
    keeper = asyncio.create_task(keep_mirror(server.url, server.secrets))
    async with logged_in("gateway") as ours, logged_in("reader") as theirs:
        for number in range(3):
            await ours.publish(request(f"t{number}"))
        async with connected(server.url, "reader_setup", server.secrets) as admin:
            await admin.jetstream().delete_stream("EVENTS")
        await wait_for_mirror(theirs, 3)
        assert await sequences(theirs, 3) == [1, 2, 3]
    keeper.cancel()


async def test_streams_that_are_there_already_are_left_as_they_are(
    server: Server, logged_in: As
) -> None:
    async with logged_in("gateway") as ours:
        await ours.publish(request())
        await provision(server.url, server.secrets)
        assert await ours.last_sequence() == 1


@pytest.mark.parametrize(
    ("user", "password"), [(None, None), ("trainer", "wrong"), ("nobody", "x")]
)
async def test_nobody_gets_on_the_bus_without_the_right_password(
    server: Server, user: str | None, password: str | None
) -> None:
    async def quiet(_: Exception) -> None:
        """The refusal is what is looked at."""

    nc = Client()
    with pytest.raises((nats.errors.Error, TimeoutError)):
        await nc.connect(
            server.url,
            user=user,
            password=password,
            allow_reconnect=False,
            connect_timeout=2,
            error_cb=quiet,
        )
    await nc.close()  # a refused client keeps its socket


@pytest.mark.parametrize(
    ("user", "event"),
    [
        (
            "dataset",
            TrainingStarted(job_id="t1", attempt=1, worker="w", device="cpu", from_epoch=0),
        ),
        ("trainer", request("forged")),
        ("trainer", TrainingCancelRequested(job_id="t1")),
        ("trainer", DatasetCancelled(job_id="d1", attempt=1)),
        ("analyzer", DatasetCancelled(job_id="d1", attempt=1)),
        ("gateway", DatasetCancelled(job_id="d1", attempt=1)),
        ("trainer", HostDrainRequested(job_id="h1", host="h1")),
        ("gateway", HostDrained(job_id="h1", host="h1", worker="h1:1", request_seq=1)),
    ],
)
async def test_a_service_cannot_tell_what_is_not_its_own(
    logged_in: As, user: str, event: Event, caplog: pytest.LogCaptureFixture
) -> None:
    async with logged_in(user) as bus:
        with pytest.raises(Exception, match="bus"):
            await bus.publish(event)
        assert refusals(caplog)
        assert await bus.last_sequence() == 0


@pytest.mark.parametrize(
    ("user", "subscription"),
    [
        ("dataset", subjects.DATASET),
        ("analyzer", subjects.ANALYZER),
        *(("trainer", each) for each in subjects.trainer("default")),
        ("trainer", subjects.trainer("gpu-large")[0]),
    ],
)
async def test_a_service_takes_settles_and_buries_its_requests_without_a_refusal(
    server: Server,
    logged_in: As,
    user: str,
    subscription: Subscription,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    subject = subscription.pattern.replace("*", "job")
    async with connected(server.url, "setup", server.secrets) as admin, logged_in(user) as bus:
        for number in range(2):
            await admin.jetstream().publish(subject, json.dumps({"number": number}).encode())
        taken = deliveries(bus, [subscription], slots=1)
        async with asyncio.timeout(STOP_S):
            first = await anext(taken)
            async with first.kept_alive():
                await first.msg.in_progress()
            await first.done()
            await (await anext(taken)).bury("a reason")
        await taken.aclose()  # type: ignore[attr-defined]
        info = await admin.jetstream().consumer_info("EVENTS", subscription.durable)
        assert (info.num_pending, info.num_ack_pending) == (0, 0)
        buried = await admin.jetstream().get_last_msg("DEAD", f"dead.{subscription.durable}.>")
        assert buried.headers
        assert buried.headers["X-Reason"] == "a reason"
    assert refusals(caplog) == []


async def test_the_services_work_together_without_a_refusal(
    logged_in: As, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with logged_in("gateway") as gateway, logged_in("trainer") as trainer:
        micro = await nats.micro.add_service(trainer.nc, name="shirushi-trainer", version="0.1.0")
        readings = gateway.listen()
        first = asyncio.ensure_future(anext(readings))
        await asyncio.sleep(0)  # the subscription is sent when the task first runs
        await gateway.publish(request())
        await gateway.publish(TrainingCancelRequested(job_id="t1"))
        await trainer.publish(
            TrainingFailed(job_id="t1", attempt=1, error_code="x", message="because")
        )
        await trainer.tell("progress.training.t1", {"done": 1})
        assert [record.seq for record in await trainer.read()] == [1, 2, 3]
        assert await asyncio.wait_for(first, STOP_S) == ("progress.training.t1", {"done": 1})
        pong = await gateway.nc.request("$SRV.PING.shirushi-trainer", b"", timeout=STOP_S)
        assert json.loads(pong.data)["name"] == "shirushi-trainer"
        await readings.aclose()  # type: ignore[attr-defined]
        await micro.stop()
    assert refusals(caplog) == []


async def test_a_host_is_drained_and_undrained_by_the_gateway_and_says_so_itself(
    logged_in: As,
) -> None:
    async with logged_in("gateway") as gateway, logged_in("trainer") as trainer:
        await gateway.publish(HostDrainRequested(job_id="h1", host="h1"))
        drained = HostDrained(job_id="h1", host="h1", worker="h1:1", request_seq=1)
        assert await trainer.publish(drained) == 2
        assert await gateway.publish(HostUndrainRequested(job_id="h1", host="h1")) == 3


async def test_the_analyzer_asks_the_owner_of_the_cards_and_nobody_else_may(
    logged_in: As, caplog: pytest.LogCaptureFixture
) -> None:
    async def lease(fields: dict[str, object]) -> bytes:
        return json.dumps(fields).encode()

    async with logged_in("analyzer") as analyzer, logged_in("trainer") as trainer:
        owner = asyncio.create_task(answer_gpu_questions(trainer, "h.1", {"lease": lease}))
        async with asyncio.timeout(STOP_S):
            while True:
                with suppress(Unavailable):  # its subscription is on the way
                    answer = await ask_gpu(analyzer, "h.1", "lease", {"a": 1})
                    break
        assert json.loads(answer) == {"a": 1}
        assert refusals(caplog) == []
        async with logged_in("dataset") as dataset:
            with pytest.raises(Unavailable):
                await ask_gpu(dataset, "h.1", "lease", {}, timeout_s=REFUSED_S)
        assert refusals(caplog)
        owner.cancel()
        await asyncio.gather(owner, return_exceptions=True)


async def test_the_gateway_tells_of_uploaded_models(logged_in: As) -> None:
    weights = {"key": "models/a.pt", "size_bytes": 1, "sha256": "0" * 64}
    event = ModelUploaded.model_validate({"job_id": "m1", "name": "a", "weights": weights})
    async with logged_in("gateway") as gateway:
        assert await gateway.publish(event) == 1
