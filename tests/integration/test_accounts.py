"""Who may say and take what on the bus, on a real server with our configuration."""

import asyncio
from contextlib import suppress

import nats.errors
import nats.js.errors
import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from deploy.nats_conf import API
from deploy.provision import connected, provision
from libs.common import subjects
from libs.common.cloudevents import encode
from libs.common.events import (
    DatasetCancelled,
    Event,
    HostDrained,
    HostDrainRequested,
    TrainingCancelRequested,
    TrainingFailed,
    TrainingStarted,
)
from libs.common.requests import bind, deliveries
from tests.bus_accounts import As, Server, logged_in, refusals, request, server
from tests.conftest import STOP_S

__all__ = ["logged_in", "server"]


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
