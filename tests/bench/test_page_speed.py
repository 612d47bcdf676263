"""How quick the built page is in a real browser, measured by the browser's own performance API.

First load; a run of 10,000 epochs; 500 runs in the list and in a comparison; the heap of a page
left open for half an hour, its clock and its events replayed quicker. Prints what it measured.
"""

import asyncio
import time
from pathlib import Path

import orjson
import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from libs.common.bus import Bus
from libs.common.settings import Settings
from tests.bench.page_load import (
    begun,
    browser_page,
    epoch_of,
    gateway,
    heap_bytes,
    longest,
    many_runs,
    publish_all,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

INTERACTIVE_MS = 1500.0
FLUID_MS = 100.0
GROWTH = 0.10
EPOCHS = 10_000
RUNS = 500
MINUTES = 30
PATIENCE_MS = 60_000


async def test_the_first_load_is_interactive_at_once(
    settings: Settings, bus: Bus, tmp_path: Path
) -> None:
    """Cold: a new browser each time, nothing cached; until the page is live and idle."""
    await many_runs(bus, 20, 5)
    took: list[float] = []
    async with gateway(settings, tmp_path / "gateway.log") as url:
        for _ in range(5):
            async with browser_page() as page:
                await page.goto(f"{url}/ui/ml", wait_until="commit")
                await expect(page.get_by_test_id("connection")).to_have_attribute(
                    "data-connection", "live"
                )
                await expect(page.locator("h1")).to_be_visible()
                took.append(await page.evaluate(INTERACTIVE))
    print(f"\nfirst load: interactive after {sorted(round(each) for each in took)} ms")
    assert min(took) < INTERACTIVE_MS  # the others tell how busy the machine was


INTERACTIVE = """() => new Promise((done) => requestIdleCallback(() => {
  const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
  const busy = window.longTasks.map(([began, took]) => began - performance.timeOrigin + took);
  const resources = performance.getEntriesByType("resource")
    .filter((each) => each.initiatorType === "script" || each.initiatorType === "link")
    .map((each) => each.responseEnd);
  done(Math.max(painted, ...busy, ...resources));
}))"""


async def test_a_run_of_ten_thousand_epochs_stays_fluid(
    settings: Settings, bus: Bus, tmp_path: Path
) -> None:
    job = "long"
    await publish_all(bus, begun(job, EPOCHS))
    await publish_all(bus, [epoch_of(job, each, EPOCHS + 100) for each in range(1, EPOCHS + 1)])
    async with gateway(settings, tmp_path / "gateway.log") as url, browser_page() as page:
        chart = page.get_by_test_id("map-chart")
        await page.goto(f"{url}/ui/ml")
        async with longest(page) as loading:
            await page.evaluate(f"location.href = '/ui/ml/trainings/{job}'")
            await expect(chart).to_have_attribute("data-points", str(EPOCHS), timeout=PATIENCE_MS)
            await page.wait_for_load_state("networkidle")
        async with longest(page) as living:
            for epoch in range(EPOCHS + 1, EPOCHS + 21):
                await bus.publish(epoch_of(job, epoch, EPOCHS + 100))
                await expect(chart).to_have_attribute(
                    "data-points", str(epoch), timeout=PATIENCE_MS
                )
        async with longest(page) as zooming:
            await page.get_by_test_id("range").get_by_role("slider").first.focus()
            for _ in range(20):
                await page.keyboard.press("ArrowRight")
            await page.mouse.move(400, 500)
            await page.mouse.move(700, 500, steps=20)
    print(f"\n{EPOCHS} epochs: loading {loading}, an epoch more {living}, zooming {zooming}")
    assert max(each.cpu_ms for each in (loading, living, zooming)) < FLUID_MS


async def test_five_hundred_runs_stay_fluid_in_the_list_and_in_a_comparison(
    settings: Settings, bus: Bus, tmp_path: Path
) -> None:
    ids = await many_runs(bus, RUNS, 10)
    async with gateway(settings, tmp_path / "gateway.log") as url, browser_page() as page:
        await page.goto(f"{url}/ui/ml")
        async with longest(page) as listing:
            await page.evaluate("location.href = '/ui/ml/trainings'")
            await expect(page.get_by_test_id(f"choose-{ids[-1]}")).to_be_visible()
            await page.wait_for_load_state("networkidle")
            await page.get_by_test_id(f"choose-{ids[-1]}").hover()
            for _ in range(40):
                await page.mouse.wheel(0, 800)
        async with longest(page) as comparing:
            await page.evaluate(f"location.href = '/ui/ml/compare?runs={','.join(ids[:8])}'")
            overlay = page.get_by_test_id("overlay")
            await expect(overlay).to_have_attribute("data-points", "10", timeout=PATIENCE_MS)
            await page.wait_for_load_state("networkidle")
        async with longest(page) as choosing:
            box = page.get_by_test_id("compare-runs")
            await box.click()
            await box.press_sequentially("run04", delay=20)
            await page.get_by_test_id("quantity").select_option("recall")
    print(f"\n{RUNS} runs: list {listing}, comparison {comparing}, choosing in it {choosing}")
    assert max(each.cpu_ms for each in (listing, comparing, choosing)) < FLUID_MS


@pytest.mark.parametrize("path", ["", "/trainings/left-open", "/trainings/left-open?tab=machine"])
async def test_a_page_that_is_left_open_for_half_an_hour_does_not_grow(
    settings: Settings, bus: Bus, tmp_path: Path, path: str
) -> None:
    """As many events as half an hour brings, and the page's clock goes with them."""
    job = "left-open"
    await publish_all(bus, begun(job, 200))
    sockets: list[WebSocketRoute] = []

    def through(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(socket.send)
        socket.on_message(server.send)
        sockets.append(socket)

    async with gateway(settings, tmp_path / "gateway.log") as url, browser_page() as page:
        await page.route_web_socket("**/ws*", through)
        await page.clock.install()
        await page.goto(f"{url}/ui/ml{path}")
        await page.clock.run_for(2000)
        await expect(page.locator("h1")).to_be_visible()
        began = time.monotonic()
        seq, sent = 10, 0
        heaps: list[int] = []
        for minute in range(1, MINUTES + 1):
            for second in range(60):
                at = 60 * minute + second
                frames = readings(job, at)
                if at % 10 == 0:
                    seq += 1
                    frames.append(fact(job, at // 10 - 5, seq))
                for frame in frames:
                    sockets[-1].send(frame)
                sent += len(frames)
                await page.clock.run_for(1000)
            if minute in {1, MINUTES}:
                await settled(page)
                heaps.append(await heap_bytes(page))
    first, last = heaps
    print(
        f"\n{path or '/'}: heap {first / 2**20:.2f} MiB after 1 minute, {last / 2**20:.2f} MiB "
        f"after {MINUTES} ({last / first - 1:+.1%}); {sent} events in "
        f"{time.monotonic() - began:.0f} s"
    )
    assert last < (1 + GROWTH) * first


async def settled(page: Page) -> None:
    """Let what waits for the next frame be drawn."""
    await page.clock.run_for(500)
    await asyncio.sleep(0.2)


def readings(job: str, at: int) -> list[str]:
    """What one second brings: four steps of the training, the load of one host."""
    epoch, within = at // 10, at % 10
    steps = [
        {
            "specversion": "1.0",
            "type": "telemetry.progress",
            "subject": job,
            "data": {
                "attempt": 1,
                "batch": 4 * within + quarter,
                "batches": 40,
                "epoch": epoch,
                "epochs": 200,
                "stage": "training",
                "eta_s": 1800 - at,
                "images_per_s": 200 + quarter,
                "losses": {"box_loss": 1.0, "cls_loss": 1.0, "dfl_loss": 1.0},
            },
        }
        for quarter in range(4)
    ]
    load = {
        "specversion": "1.0",
        "type": "telemetry.system",
        "subject": "host",
        "data": {
            "host": "host",
            "cpu_percent": at % 100,
            "memory_percent": 40,
            "gpus": [
                {
                    "uuid": "GPU-1",
                    "index": 0,
                    "memory_used_bytes": 2**30,
                    "memory_total_bytes": 2**34,
                    "utilization_percent": at % 100,
                    "processes": [],
                }
            ],
        },
    }
    return [orjson.dumps(each).decode() for each in (*steps, load)]


def fact(job: str, epoch: int, seq: int) -> str:
    """An epoch as the socket tells it."""
    event = epoch_of(job, max(1, epoch), 200)
    frame = {
        "specversion": "1.0",
        "id": f"e{seq}",
        "type": event.kind,
        "subject": job,
        "time": "2026-01-01T00:00:00Z",
        "seq": seq,
        "data": event.model_dump(mode="json"),
    }
    return orjson.dumps(frame).decode()
