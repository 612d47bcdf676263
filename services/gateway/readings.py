"""What is measured now and stored nowhere: telemetry of workers, services, latencies."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import nats.errors
import orjson

from libs.common.artifacts import ArtifactStore
from libs.common.bus import GONE, Bus, raise_if_cancelled
from libs.common.errors import ShirushiError
from services.gateway.consoles import Consoles
from services.gateway.edge.wire import text_frame
from services.gateway.host_history import HostHistory

POLL_S = 3.0
PROGRESS_S = 600.0
FORGET_S = 60.0
MOST = 5000
ANSWER_S = 0.4


class Readings:
    """Newest reading per topic, with a counter so that a socket sends each once."""

    def __init__(self) -> None:
        self.newest: dict[str, tuple[int, float, dict[str, Any]]] = {}
        self.consoles = Consoles()
        self.hosts = HostHistory()
        self.services: dict[str, dict[str, Any]] = {}
        self.bus: dict[str, Any] = {"status": "unknown", "latency_ms": None}
        self.artifacts: dict[str, Any] = {"status": "unknown", "latency_ms": None}
        self.count = 0

    async def follow(self, bus: Bus) -> None:
        """Take readings as they come; those of silent workers are forgotten."""
        async for topic, payload in bus.listen():
            self.take(topic, payload)

    def take(self, topic: str, payload: dict[str, Any]) -> None:
        """Note one reading."""
        self.count += 1
        if topic.startswith("console."):
            self.consoles.take(topic.rsplit(".", 1)[-1], payload)
        elif topic.startswith("system."):
            self.hosts.take(payload, time.time())
        self.newest[topic] = (self.count, time.monotonic(), payload)
        if len(self.newest) > MOST:
            del self.newest[min(self.newest, key=lambda each: self.newest[each][0])]

    def since(self, count: int) -> list[tuple[str, bytes]]:
        """Readings newer than `count` as (topic, WebSocket frame)."""
        fresh = []
        for topic, (number, _, payload) in self.newest.items():
            if number > count:
                kind = f"telemetry.{topic.split('.', 1)[0]}"
                body = {"type": kind, "subject": topic.rsplit(".", 1)[-1], "data": payload}
                fresh.append((f"telemetry.{topic}", text_frame(orjson.dumps(body))))
        return fresh

    def progress(self, area: str, job_id: str) -> dict[str, Any] | None:
        """The newest progress of a job."""
        found = self.newest.get(f"progress.{area}.{job_id}")
        return found[2] if found else None

    def systems(self) -> list[dict[str, Any]]:
        """Newest host readings of workers that were heard of lately."""
        now = time.monotonic()
        return [
            payload
            for topic, (_, at, payload) in self.newest.items()
            if topic.startswith("system.") and now - at < FORGET_S / 2
        ]

    async def poll(self, bus: Bus, artifacts: ArtifactStore) -> None:
        """Ask services, bus and store how they are, every few seconds."""
        while True:
            raise_if_cancelled()
            self.bus = await _timed(_ping_bus(bus))
            self.artifacts = await _timed(artifacts.ping())
            await self._ask_services(bus)
            self._forget()
            await asyncio.sleep(POLL_S)

    async def _ask_services(self, bus: Bus) -> None:
        inbox = bus.nc.new_inbox()
        heard: list[dict[str, Any]] = []

        async def note(msg: Any) -> None:
            with suppress(orjson.JSONDecodeError):
                heard.append(orjson.loads(msg.data))

        with suppress(*GONE):
            sub = await bus.nc.subscribe(inbox, cb=note)
            await bus.nc.publish("$SRV.INFO", b"", reply=inbox)
            await asyncio.sleep(ANSWER_S)
            await sub.unsubscribe()
        now = time.monotonic()
        for info in heard:
            meta = info.get("metadata") or {}
            self.services[info["id"]] = {
                "name": info["name"].removeprefix("shirushi-"),
                "id": info["id"],
                "version": info["version"],
                "host": meta.get("host"),
                "worker": meta.get("worker"),
                "started_at": meta.get("started_at"),
                "heard_at": now,
            }

    def _forget(self) -> None:
        now = time.monotonic()
        self.services = {
            key: each for key, each in self.services.items() if now - each["heard_at"] < FORGET_S
        }
        self.newest = {
            topic: each for topic, each in self.newest.items() if now - each[1] < PROGRESS_S
        }

    def service_list(self) -> list[dict[str, Any]]:
        """Services on the bus; `lost` when one has not answered the last rounds."""
        now = time.monotonic()
        answer = []
        for each in sorted(self.services.values(), key=lambda each: str(each["name"])):
            fresh = now - each["heard_at"] < 3 * POLL_S
            shown = {name: value for name, value in each.items() if name != "heard_at"}
            answer.append(shown | {"status": "ok" if fresh else "lost"})
        return answer


async def _ping_bus(bus: Bus) -> None:
    if not bus.connected:
        raise nats.errors.ConnectionClosedError
    await bus.nc.flush(timeout=2)


async def _timed(work: Any) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(3):
            await work
    except (*GONE, ShirushiError):
        status = "away"
    else:
        status = "ok"
    return {
        "status": status,
        "latency_ms": round((time.perf_counter() - began) * 1000, 2),
        "checked_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
