"""A watched training while the gateway is killed: the page says so, goes on, and tells all once."""

import json
import re

import httpx
import psutil
import pytest
from playwright.sync_api import WebSocket, expect

from tests.conftest import Stack
from tests.e2e.conftest import Watched, shot
from tests.e2e.tiny import QUICK, TRAINED_S, tiny_dataset

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

EPOCHS = 12
BACK_MS = 60_000
LOST = re.compile(r"ERR_CONNECTION|WebSocket|Failed to load resource|ERR_EMPTY_RESPONSE")


def test_a_gateway_that_is_killed_in_a_watched_training_costs_no_epoch_and_doubles_none(
    stack: Stack, watched: Watched, http: httpx.Client
) -> None:
    page = watched.page
    told: list[int] = []

    def hear(frame: str | bytes) -> None:
        event = json.loads(frame)
        if "seq" in event:
            told.append(event["seq"])

    def follow(socket: WebSocket) -> None:
        socket.on("framereceived", hear)

    page.on("websocket", follow)
    fields = {"dataset_path": str(tiny_dataset(stack)), "epochs": EPOCHS, **QUICK}
    begun = http.post("/training/start", json=fields | {"mode": "full"}).json()
    training = begun["training_id"]
    page.goto(f"{stack.url}/ui/ml/trainings/{training}")
    chart = page.get_by_test_id("map-chart")
    expect(chart).to_have_attribute("data-points", re.compile("^[1-9]"), timeout=TRAINED_S * 1000)
    mark = page.get_by_test_id("connection")
    expect(mark).to_have_attribute("data-connection", "live")

    children = psutil.Process(stack.supervisor.pid).children()
    [gateway] = [each for each in children if "services.gateway" in each.cmdline()]
    gateway.kill()
    expect(mark).to_have_attribute("data-connection", "reconnecting")
    expect(page.get_by_test_id("run-status")).to_be_visible()
    expect(mark).to_have_attribute("data-connection", "live", timeout=BACK_MS)
    status = page.get_by_test_id("run-status")
    expect(status).to_have_attribute("data-status", "completed", timeout=TRAINED_S * 1000)
    expect(chart).to_have_attribute("data-points", str(EPOCHS))
    shot(page, "run-after-kill-en")

    for _ in range(100):  # frames come in only while the browser is listened to
        if not http.get("/events", params={"after": max(told)}).json():
            break
        page.wait_for_timeout(100)
    assert told == sorted(set(told)), "no event came twice"
    recorded = {each["seq"] for each in http.get("/events").json()}
    assert recorded <= set(told), "no event is missing"
    rows = http.get(f"/training/{training}/history").json()
    assert [row["epoch"] for row in rows] == list(range(1, EPOCHS + 1))
    assert [each for each in watched.complaints if not LOST.search(each)] == []
