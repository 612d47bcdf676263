"""A real browser that measures itself: its longest tasks, its heap."""

import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from playwright.async_api import Page, async_playwright

from tests.e2e.conftest import ARGUMENTS

FLUID_MS = 100.0
"""No task of a page that stays fluid takes longer."""
LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries())
    window.longTasks.push([performance.timeOrigin + startTime, duration]);
}).observe({ type: "longtask", buffered: true });
"""


@asynccontextmanager
async def browser_page(*, observed: bool = True) -> AsyncIterator[Page]:
    """A cold page of 1280 px that notes its own long tasks, if `observed`."""
    path = shutil.which("chromium")
    assert path, "no chromium on this machine: install the package `chromium`"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        context = await browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
        if observed:
            await context.add_init_script(LONG_TASKS)
        yield await context.new_page()
        await browser.close()


@dataclass
class Longest:
    """The longest task of a stretch, in ms.

    `wall_ms` is what a user feels: 0 where no task took the 50 ms that count as long. On a machine
    that others use, `cpu_ms`, the longest time on a core, is what is the page's own.
    """

    wall_ms: float = 0.0
    cpu_ms: float = 0.0

    def __str__(self) -> str:
        return f"{self.wall_ms:.0f} ms ({self.cpu_ms:.0f} ms on a core)"


@asynccontextmanager
async def longest(page: Page) -> AsyncIterator[Longest]:
    """What the page's thread did meanwhile, by its performance API and by the browser's trace."""
    browser = page.context.browser
    assert browser
    found = Longest()
    await browser.start_tracing(page=page, categories=["toplevel"])
    began = float(await page.evaluate("performance.timeOrigin + performance.now()"))
    yield found
    tasks: list[list[float]] = await page.evaluate(
        "new Promise((done) => setTimeout(() => done(window.longTasks), 100))"
    )
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


def told(what: str, turns: Sequence[Mapping[str, Longest]]) -> None:
    """Print the longest tasks of every turn; of each stretch the best turn has to be fluid."""
    for turn in turns:
        print(f"\n{what}: longest task:", ", ".join(f"{name} {ms}" for name, ms in turn.items()))
    for stretch in turns[0]:
        assert min(turn[stretch].cpu_ms for turn in turns) < FLUID_MS, stretch


async def heap_bytes(page: Page) -> int:
    """What lives on the page's JavaScript heap after a full collection."""
    session = await page.context.new_cdp_session(page)
    for _ in range(3):
        await session.send("HeapProfiler.collectGarbage")
    used: dict[str, Any] = await session.send("Runtime.getHeapUsage")
    await session.detach()
    return int(used["usedSize"])
