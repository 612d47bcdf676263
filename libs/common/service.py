"""Start and stop of a service, as one async context: bus, store, name on the bus, signals."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nats.micro

from libs.common import logs, metrics, tracing
from libs.common.artifacts import ArtifactStore
from libs.common.bus import Bus, connect
from libs.common.outbox import Outbox, open_outbox
from libs.common.settings import Settings
from libs.common.version import VERSION


@dataclass(frozen=True)
class Deps:
    """What a handler works with."""

    name: str
    worker: str
    bus: Bus
    outbox: Outbox
    artifacts: ArtifactStore
    settings: Settings
    scratch: Path


@asynccontextmanager
async def open_service(
    name: str, settings: Settings, *, patience_s: float = 24 * 3600.0
) -> AsyncIterator[Deps]:
    """Everything a service needs, announced on the bus by NATS micro (`$SRV.PING/INFO/STATS`)."""
    logs.configure(json=settings.log_json)
    scratch = settings.home.resolve() / "scratch" / name
    scratch.mkdir(parents=True, exist_ok=True)
    password = settings.nats_password
    worker = f"{settings.host_name}:{os.getpid()}"
    with (
        tracing.exporting(name, worker, settings.otlp),
        metrics.served(settings.metrics),
    ):
        async with (
            connect(
                settings.nats_url,
                source=name,
                user=settings.nats_user,
                password=password.get_secret_value() if password else None,
                ca=settings.nats_ca,
                api=settings.nats_api,
                patience_s=patience_s,
            ) as bus,
            open_outbox(bus, settings.home.resolve() / "outbox" / name) as outbox,
        ):
            micro = await nats.micro.add_service(
                bus.nc,
                name=f"shirushi-{name}",
                version=VERSION,
                description=f"Shirushi {name}",
                metadata={
                    "host": settings.host_name,
                    "worker": worker,
                    "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
                },
            )
            try:
                metrics.BUS_CONNECTED.set_function(lambda: bus.connected)
                metrics.FACTS_KEPT.set_function(lambda: outbox.waiting)
                store = ArtifactStore.open(settings)
                yield Deps(name, worker, bus, outbox, store, settings, scratch)
            finally:
                if bus.connected:
                    await micro.stop()


async def until_told_to_stop(*work: Coroutine[Any, Any, None]) -> None:
    """Run `work` until one fails, or SIGTERM or SIGINT asks to stop; then cancel the rest."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(each) for each in work]
    waiting = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {waiting}:
            task.result()
    finally:
        await end(waiting, *tasks)


async def end(*tasks: asyncio.Task[Any], patience_s: float = 3.0) -> None:
    """Cancel tasks until they are done: one cancel may be swallowed by a library."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=patience_s)
    await asyncio.gather(*tasks, return_exceptions=True)
