"""A real browser that measures itself: its longest tasks, its heap."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

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
    """The longest task of a stretch in ms: 0 where none took the 50 ms that count as long."""

    ms: float = 0.0

    def __str__(self) -> str:
        return f"{self.ms:.0f} ms" if self.ms else "none above 50 ms"


@asynccontextmanager
async def longest(page: Page) -> AsyncIterator[Longest]:
    """What the page's own performance API says about the tasks begun meanwhile."""
    found = Longest()
    began = float(await page.evaluate("performance.timeOrigin + performance.now()"))
    yield found
    tasks: list[list[float]] = await page.evaluate(
        "new Promise((done) => setTimeout(() => done(window.longTasks), 100))"
    )
    found.ms = max((took for at, took in tasks if at >= began), default=0.0)


async def heap_bytes(page: Page) -> int:
    """What lives on the page's JavaScript heap after a full collection."""
    session = await page.context.new_cdp_session(page)
    for _ in range(3):
        await session.send("HeapProfiler.collectGarbage")
    used: dict[str, Any] = await session.send("Runtime.getHeapUsage")
    await session.detach()
    return int(used["usedSize"])
