"""The overview in a real browser: machine, hosts, what runs, what waits and why, what happens."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.conftest import Stack, wait_until
from tests.e2e.conftest import Watched, shot
from tests.e2e.tiny import QUICK, TRAINED_S, tiny_dataset

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

TRAINED_MS = TRAINED_S * 1000


def test_the_queue_is_shown_with_places_and_reasons_and_a_host_is_taken_out_and_back_in(
    stack: Stack, watched: Watched, http: httpx.Client
) -> None:
    page = watched.page
    fields = {"mode": "full", "dataset_path": str(tiny_dataset(stack)), "epochs": 900, **QUICK}

    def start(name: str, priority: str) -> str:
        body = fields | {"experiment_name": name, "priority": priority}
        return str(http.post("/training/start", json=body).json()["training_id"])

    def status(training: str) -> str:
        return str(http.get(f"/training/status/{training}").json()["status"])

    page.goto(f"{stack.url}/ui/ml/?lang=en")
    expect(page.get_by_test_id("services")).to_contain_text("trainer")
    for card in ("gpu", "cpu", "memory", "disk"):
        expect(page.get_by_test_id(card).first).to_be_visible()
    expect(page.get_by_test_id("cpu").locator("polyline")).to_be_visible()
    host = page.get_by_test_id("host")
    expect(host).to_have_attribute("data-drained", "no")

    waits = start("patient", "low")
    wait_until(lambda: status(waits) == "running", "the first training runs", TRAINED_S)
    last = start("last", "low")
    queue = page.get_by_test_id("waiting-list").locator("li")
    expect(queue).to_have_count(1)
    expect(queue).to_contain_text(re.compile("1.*last.*Waits for a free trainer"))
    urgent = start("urgent", "high")
    expect(queue.first).to_contain_text("gave way once", timeout=TRAINED_MS)
    expect(queue.first).to_contain_text(re.compile("1.*patient.*Gave way to a more urgent"))
    expect(queue.last).to_contain_text(re.compile("2.*last"))
    expect(host).to_contain_text(urgent[:8])
    expect(page.get_by_test_id("feed")).to_contain_text("requested")
    shot(page, "overview-busy-en")
    for training in (last, waits, urgent):
        http.post(f"/training/cancel/{training}").raise_for_status()
    expect(queue).to_have_count(0, timeout=TRAINED_MS)
    wait_until(lambda: status(urgent) == "cancelled", "the last one is stopped", TRAINED_S)

    page.get_by_test_id("drain").click()
    page.get_by_test_id("drain-finish").click()
    try:
        expect(host).to_have_attribute("data-drained", re.compile("drain"))
        expect(page.get_by_test_id("feed")).to_contain_text("asked to take no trainings")
        page.get_by_test_id("undrain").click()
        expect(host).to_have_attribute("data-drained", "no")
    finally:  # the tests after this one need the host
        http.post(f"/training/undrain/{http.get('/status').json()['hosts'][0]['host']}")
    assert watched.complaints == []
