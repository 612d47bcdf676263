"""Hosts by REST: listed, drained, taken back."""

import asyncio

from httpx import AsyncClient

from libs.common.bus import Bus
from libs.common.events import HostDrained, HostDrainRequested, HostUndrainRequested
from tests.gateway_app import app, rest

__all__ = ["app", "rest"]  # fixtures

GPU_1 = "gpu-1.example"


async def heard(bus: Bus, rest: AsyncClient) -> None:
    """One trainer's reading, as the gateway got it."""
    reading = {"host": GPU_1, "worker": f"{GPU_1}:7", "gpus": [], "trainings": ["t1"]}
    await bus.tell(f"system.{GPU_1}:7", reading)
    async with asyncio.timeout(10):
        while not (await rest.get("/status")).json()["hosts"]:
            await asyncio.sleep(0.02)


async def test_a_host_is_drained_until_somebody_takes_it_back(rest: AsyncClient, bus: Bus) -> None:
    await heard(bus, rest)
    [host] = (await rest.get("/status")).json()["hosts"]
    assert (host["host"], host["drained"]) == (GPU_1, None)
    drained = (await rest.post(f"/training/drain/{GPU_1}")).json()
    assert (drained["drained"], drained["trainings"]) == ("hand_over", ["t1"])
    assert "left to other hosts" in drained["message"]
    again = await rest.post(f"/training/drain/{GPU_1}", json={"running": "hand_over"})
    assert again.json() == drained
    changed = await rest.post(f"/training/drain/{GPU_1}", json={"running": "finish"})
    assert changed.json()["drained"] == "finish"
    [host] = (await rest.get("/status")).json()["hosts"]
    assert (host["drained"], host["drained_since"]) == ("finish", drained["drained_since"])
    assert host["drain_state"] == changed.json()["drain_state"] == "draining"
    asked = (await bus.read("evt.host.>"))[0]
    empty = {"worker": f"{GPU_1}:7", "request_seq": asked.seq}
    await bus.publish(HostDrained(job_id=asked.event.job_id, host=GPU_1, **empty))
    async with asyncio.timeout(10):
        while (await rest.get("/status")).json()["hosts"][0]["drain_state"] != "drained":
            await asyncio.sleep(0.02)
    back = await rest.post(f"/training/undrain/{GPU_1}")
    assert back.json()["drained"] is None
    told = [record.event for record in await bus.read("evt.host.>")]
    kinds = [HostDrainRequested, HostDrainRequested, HostDrained, HostUndrainRequested]
    assert [type(event) for event in told] == kinds


async def test_what_cannot_be_is_refused(rest: AsyncClient, bus: Bus) -> None:
    await heard(bus, rest)
    unknown = await rest.post("/training/drain/nothing")
    assert (unknown.status_code, unknown.json()["type"]) == (
        404,
        "urn:shirushi:problem:no_such_host",
    )
    assert GPU_1 in unknown.json()["detail"]
    twice = await rest.post(f"/training/undrain/{GPU_1}")
    assert twice.status_code == 409
    assert twice.json()["type"] == "urn:shirushi:problem:not_drained"
    wrong = await rest.post(f"/training/drain/{GPU_1}", json={"running": "kill"})
    assert wrong.status_code == 422
