"""What other systems see of the log on the bus, and that they can neither write nor harm it."""

import asyncio
import dataclasses
import json
from contextlib import suppress

import nats.errors
import nats.js.errors
import pytest
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from deploy.provision import MIRROR, SHOWN, connected, keep_mirror, provision
from libs.common.bus import Bus
from libs.common.errors import Unavailable
from libs.common.events import (
    KINDS,
    AuditRefused,
)
from tests.bus_accounts import REFUSED_S, As, Server, logged_in, refusals, request, server
from tests.conftest import STOP_S

__all__ = ["logged_in", "server"]


async def wait_for_mirror(bus: Bus, last: int) -> None:
    async with asyncio.timeout(STOP_S):
        while True:
            with suppress(Unavailable):
                if await bus.last_sequence() == last:
                    return
            await asyncio.sleep(0.02)


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


async def answered_by_the_server(server: Server, lines: bytes) -> bytes:
    """What the bus says to a reader who sends these lines, up to its PONG or its hanging up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    login = {"user": "reader", "pass": server.secrets.bus["reader"], "verbose": False}
    said = b""
    with suppress(ConnectionError):
        writer.write(f"CONNECT {json.dumps(login)}\r\n".encode() + lines + b"PING\r\n")
        async with asyncio.timeout(STOP_S):
            while b"PONG" not in said and (chunk := await reader.read(65536)):
                said += chunk
    writer.close()
    return said


async def test_a_hundred_thousand_subscriptions_of_a_reader_are_cut_off_and_ours_go_on(
    server: Server, logged_in: As
) -> None:
    lines = b"".join(b"SUB _INBOX.x.%d %d\r\n" % (n, n) for n in range(100_000))
    async with logged_in("gateway") as ours:
        for _ in range(3):
            assert b"maximum subscriptions exceeded" in await answered_by_the_server(server, lines)
        assert await ours.publish(request()) == 1


async def test_readers_leave_connections_to_others(server: Server, logged_in: As) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    login = {"user": "reader", "pass": server.secrets.bus["reader"], "verbose": False}
    hello = f"CONNECT {json.dumps(login)}\r\nPING\r\n".encode()
    writers, refused = [], 0
    for _ in range(230):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(hello)
        writers.append(writer)
        async with asyncio.timeout(STOP_S):
            await reader.readline()  # INFO
            refused += b"PONG" not in await reader.readline()
    assert refused >= 30
    async with logged_in("gateway") as ours:
        assert await ours.publish(request()) == 1
    for writer in writers:
        writer.close()
