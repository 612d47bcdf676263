"""A gateway alone, a log as full as years make it, and a browser that measures itself."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from playwright.async_api import Page, async_playwright

from deploy.ports import free_ports, is_free
from libs.common.bus import Bus
from libs.common.events import (
    DatasetRef,
    EpochCompleted,
    Event,
    TrainingArguments,
    TrainingCompleted,
    TrainingRequested,
    TrainingStarted,
)
from libs.common.settings import Settings
from tests.conftest import ROOT
from tests.e2e.conftest import ARGUMENTS

AT_ONCE = 100
READY_S = 30.0
LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries())
    window.longTasks.push([performance.timeOrigin + startTime, duration]);
}).observe({ type: "longtask", buffered: true });
"""


@asynccontextmanager
async def gateway(settings: Settings, log: Path) -> AsyncIterator[str]:
    """`python -m services.gateway` with the built page, in a process of its own; its address."""
    [port] = free_ports(1)
    environment = os.environ | {
        "SHIRUSHI_HOME": str(settings.home),
        "SHIRUSHI_NATS_URL": settings.nats_url,
        "SHIRUSHI_S3_ENDPOINT": settings.s3_endpoint,
        "SHIRUSHI_S3_BUCKET": settings.s3_bucket,
        "SHIRUSHI_S3_ACCESS_KEY": settings.s3_access_key or "",
        "SHIRUSHI_S3_SECRET_KEY": settings.s3_secret_key.get_secret_value()
        if settings.s3_secret_key
        else "",
        "SHIRUSHI_PORT": str(port),
    }
    command = [sys.executable, "-m", "services.gateway"]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        async with asyncio.timeout(READY_S):
            while is_free(port):
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        async with asyncio.timeout(10):
            await process.wait()


@asynccontextmanager
async def browser_page() -> AsyncIterator[Page]:
    """A cold page of 1280 px that notes its own long tasks."""
    path = shutil.which("chromium")
    assert path, "no chromium on this machine: install the package `chromium`"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        context = await browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
        await context.add_init_script(LONG_TASKS)
        yield await context.new_page()
        await browser.close()


@dataclass
class Longest:
    """The longest task of a stretch: wall time, 0 where none took 50 ms, and time on a core."""

    wall_ms: float = 0.0
    cpu_ms: float = 0.0

    def __str__(self) -> str:
        return f"{self.wall_ms:.0f} ms ({self.cpu_ms:.0f} ms on a core)"


@asynccontextmanager
async def longest(page: Page) -> AsyncIterator[Longest]:
    """What the page's thread did meanwhile, by the performance API and by the browser's trace.

    Wall time is what a user feels; on a machine that others use, time on a core is what is ours.
    """
    browser = page.context.browser
    assert browser
    found = Longest()
    await browser.start_tracing(page=page, categories=["toplevel"])
    began = float(await page.evaluate("performance.timeOrigin + performance.now()"))
    yield found
    tasks: list[list[float]] = await page.evaluate("window.longTasks")
    found.wall_ms = max((took for at, took in tasks if at >= began), default=0.0)
    found.cpu_ms = _longest_cpu_ms(orjson.loads(await browser.stop_tracing())["traceEvents"])


def _longest_cpu_ms(events: list[dict[str, Any]]) -> float:
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks: list[float] = [
        event["tdur"] / 1000
        for event in events
        if event.get("ph") == "X" and "tdur" in event and (event["pid"], event["tid"]) in threads
    ]
    assert tasks, "the trace holds no task of the page"
    return max(tasks)


async def publish_all(bus: Bus, events: Sequence[Event]) -> None:
    """In order of each job, many jobs at once."""
    for first in range(0, len(events), AT_ONCE):
        await asyncio.gather(*(bus.publish(event) for event in events[first : first + AT_ONCE]))


def begun(job_id: str, epochs: int = 100) -> list[Event]:
    """A training that was asked for and taken up."""
    asked = TrainingRequested(
        job_id=job_id,
        dataset=DatasetRef(name="logos", version="v3"),
        arguments=TrainingArguments(mode="full", epochs=min(1000, epochs)),
        experiment_name=job_id,
    )
    started = TrainingStarted(
        job_id=job_id, attempt=1, worker="host:1", device="cuda:0", from_epoch=0
    )
    return [asked, started]


def epoch_of(job_id: str, epoch: int, epochs: int) -> EpochCompleted:
    """One epoch with all its curves, a little restless."""
    share = epoch / epochs
    rest = ((epoch * 2654435761) % 1000) / 20_000
    losses = {f"{name}_loss": 2 - 1.5 * share + rest for name in ("box", "cls", "dfl")}
    quality = min(1.0, 0.9 * share + rest)
    return EpochCompleted(
        job_id=job_id,
        attempt=1,
        epoch=epoch,
        epochs=epochs,
        train_losses=losses,
        val_losses={name: value * 1.1 for name, value in losses.items()},
        precision=quality,
        recall=quality,
        map50=quality,
        map50_95=quality * 0.8,
        learning_rates={f"pg{group}": 0.01 * (1 - share) for group in range(3)},
        seconds=9 + rest,
    )


def completed(job_id: str, epochs: int) -> TrainingCompleted:
    """Its end."""
    return TrainingCompleted(
        job_id=job_id,
        attempt=1,
        epochs_done=epochs,
        best_epoch=epochs,
        best_metrics={"precision": 0.9, "recall": 0.8, "map50": 0.85, "map50_95": 0.7},
        classes=("nike", "puma"),
        seconds=9.0 * epochs,
        artifacts={},
    )


async def many_runs(bus: Bus, runs: int, epochs: int) -> list[str]:
    """Completed trainings; their ids."""
    ids = [f"run{number:04}" for number in range(runs)]
    for stage in (0, 1):
        await publish_all(bus, [begun(job_id)[stage] for job_id in ids])
    for epoch in range(1, epochs + 1):
        await publish_all(bus, [epoch_of(job_id, epoch, epochs) for job_id in ids])
    await publish_all(bus, [completed(job_id, epochs) for job_id in ids])
    return ids


async def heap_bytes(page: Page) -> int:
    """What lives on the page's JavaScript heap after a full collection."""
    session = await page.context.new_cdp_session(page)
    for _ in range(3):
        await session.send("HeapProfiler.collectGarbage")
    used: dict[str, Any] = await session.send("Runtime.getHeapUsage")
    await session.detach()
    return int(used["usedSize"])
