"""The heap of a page left open for half an hour: after its first minute and after 18,000 events.

The page's clock goes with the events, so that the half hour takes a minute: a browser of its own
for each page, two trainings on two hosts, ten events a second. The bench's own calls into the page
leave something on its heap, too: a page that only listens tells how much.
"""

from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from libs.common.bus import Bus
from libs.common.settings import Settings
from tests.bench.browser import browser_page, heap_bytes
from tests.gateway_process import gateway_process
from tests.written_runs import begun, epoch_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MINUTES = 30
EPOCH_S = 10
EPOCHS = 60 * MINUTES // EPOCH_S + 1
GROWTH = 0.10
JOBS = ("left-open", "beside")
FIRST_SEQ = 100
"""Past what the log of the bench holds."""


PATHS = ("/ui/ml", "/ui/ml/trainings/left-open", "/ui/ml/trainings/left-open?tab=machine")
BARE = "/healthz"
LISTENS = "new WebSocket(`ws://${location.host}/api/v1/ml/ws?after=0`).onmessage = () => {}"
"""What a page that does nothing with the events does: all its growth is the bench's own."""


async def test_a_page_that_is_left_open_for_half_an_hour_does_not_grow(
    settings: Settings, bus: Bus, tmp_path: Path
) -> None:
    for job in JOBS:
        for event in begun(job, EPOCHS):
            await bus.publish(event)
    with gateway_process(settings, tmp_path) as gateway:
        base = f"http://127.0.0.1:{gateway.port}"
        first, last = await left_open(base, BARE)
        own = last - first
        print(f"\nbare page: {own / 2**20:+.2f} MiB of the bench's own")
        grown = {}
        for path in PATHS:
            first, last = await left_open(base, path)
            grown[path] = (last - own) / first - 1
            print(
                f"{path}: heap {first / 2**20:.2f} MiB after 1 minute, {last / 2**20:.2f} MiB "
                f"after {MINUTES}: {grown[path]:+.1%} without the bench's own"
            )
    assert max(grown.values()) < GROWTH


async def left_open(base: str, path: str) -> tuple[int, int]:
    """The heap of a page after its first minute and after its last."""
    sockets: list[WebSocketRoute] = []

    def through(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(socket.send)
        socket.on_message(server.send)
        sockets.append(socket)

    heaps: list[int] = []
    async with browser_page(observed=False) as page:
        await page.route_web_socket("**/ws*", through)
        await page.clock.install()
        await page.goto(base + path)
        if path == BARE:
            await page.evaluate(LISTENS)
        else:
            await page.clock.run_for(2000)
            await expect(page.locator("h1")).to_be_visible()
        for minute in range(1, MINUTES + 1):
            for second in range(60):
                for frame in a_second(60 * (minute - 1) + second):
                    sockets[-1].send(orjson.dumps(frame).decode())
                await page.clock.run_for(1000)
            if minute in {1, MINUTES}:
                heaps.append(await heap_when_drawn(page))
    return heaps[0], heaps[1]


async def heap_when_drawn(page: Page) -> int:
    """The heap once what waits for the next frame is drawn."""
    await page.clock.run_for(500)
    await page.evaluate("document.body.offsetHeight")
    return await heap_bytes(page)


def a_second(at: int) -> list[dict[str, Any]]:
    """Four steps of each training and the load of its host; at times the end of an epoch."""
    epoch, within = at // EPOCH_S + 1, at % EPOCH_S
    frames = []
    for number, job in enumerate(JOBS):
        frames += [reading("progress", job, step(epoch, 4 * within + part)) for part in range(4)]
        frames.append(reading("system", f"host{number}", load(f"host{number}", at % 100)))
        if within == EPOCH_S - 1:
            seq = FIRST_SEQ + len(JOBS) * epoch + number
            frames.append(told(epoch_of(job, epoch, EPOCHS).model_dump(mode="json"), seq))
    return frames


def reading(topic: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    """As the socket tells what is not stored."""
    return {"specversion": "1.0", "type": f"telemetry.{topic}", "subject": subject, "data": data}


def told(fact: dict[str, Any], seq: int) -> dict[str, Any]:
    """As the socket tells a fact."""
    return {
        "specversion": "1.0",
        "id": f"e{seq}",
        "type": fact["kind"],
        "subject": fact["job_id"],
        "time": "2026-01-01T00:00:00Z",
        "seq": seq,
        "data": fact,
    }


def step(epoch: int, batch: int) -> dict[str, Any]:
    """A training, between two batches."""
    return {
        "attempt": 1,
        "batch": batch,
        "batches": 4 * EPOCH_S,
        "epoch": epoch,
        "epochs": EPOCHS,
        "stage": "training",
        "eta_s": EPOCH_S * (EPOCHS - epoch),
        "images_per_s": 200 + batch,
        "losses": {"box_loss": 1.0, "cls_loss": 1.0, "dfl_loss": 1.0},
    }


def load(host: str, percent: int) -> dict[str, Any]:
    """A host with one GPU."""
    gpu = {
        "uuid": f"GPU-{host}",
        "index": 0,
        "name": "GPU",
        "memory_used_bytes": 2**30,
        "memory_total_bytes": 2**34,
        "utilization_percent": percent,
        "processes": [],
    }
    return {"host": host, "cpu_percent": percent, "memory_percent": 40, "gpus": [gpu]}
