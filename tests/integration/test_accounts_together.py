"""Our services have the rights that their work on the bus needs."""

import asyncio
import json
import logging
from contextlib import suppress

import nats.micro
import pytest

from deploy.provision import connected
from libs.common import subjects
from libs.common.asks import answer_gpu_questions, ask_gpu
from libs.common.errors import Unavailable
from libs.common.events import (
    HostDrained,
    HostDrainRequested,
    HostUndrainRequested,
    ModelUploaded,
    TrainingCancelRequested,
    TrainingFailed,
)
from libs.common.requests import deliveries
from libs.common.subjects import Subscription
from tests.bus_accounts import REFUSED_S, As, Server, logged_in, refusals, request, server
from tests.conftest import STOP_S

__all__ = ["logged_in", "server"]


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
