"""The page on events in a browser: the log, filtered, replayed, copied, read along elsewhere."""

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.conftest import ROOT, Stack
from tests.e2e.conftest import EPOCHS, Filled, Watched, shot

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]


def test_the_log_is_filtered_followed_replayed_and_copied(
    stack: Stack, watched: Watched, filled: Filled, http: httpx.Client
) -> None:
    page = watched.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=stack.url)
    page.goto(f"{stack.url}/ui/ml/events?job={filled.training}&areas=training")
    kinds = page.locator("[data-kind]")
    expect(kinds.first).to_have_attribute("data-kind", "training.completed.v1")
    expect(kinds.last).to_have_attribute("data-kind", "training.requested.v1")
    page.get_by_test_id("fact").select_option("epoch_completed")
    expect(kinds).to_have_count(EPOCHS)
    expect(kinds.first).to_contain_text(f"epoch {EPOCHS} of {EPOCHS}")
    kinds.first.click()
    page.keyboard.press("ArrowDown")
    shown = page.get_by_test_id("event-json")
    expect(shown).to_contain_text(f'"epoch": {EPOCHS - 1}')
    page.get_by_test_id("copy-event").click()
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    told = http.get(
        "/events", params={"topics": f"training.epoch_completed.*.{filled.training}"}
    ).json()
    assert copied == told[-2]
    page.get_by_test_id("copy-events").click()
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == told[::-1]
    shot(page, "events-en")

    start = max(1, http.get("/status").json()["last_seq"] - 15)
    page.goto(f"{stack.url}/ui/ml/events?areas=dataset")
    page.get_by_test_id("from").fill(str(start))
    page.get_by_test_id("replay").click()
    expect(page).to_have_url(re.compile(f"from={start}"))
    areas = page.get_by_role("group", name="Areas")
    for name in ("Training", "Evaluation", "Model", "Host"):
        areas.get_by_text(name).click()
    expect(kinds.first).to_have_attribute("data-seq", str(start))
    http.post("/dataset/validate", json={"dataset_path": str(filled.dataset)}).raise_for_status()
    [newest] = http.get(
        "/events", params={"before": 10**9, "topics": "dataset.>", "limit": 1}
    ).json()
    row = page.locator(f"[data-seq='{newest['seq']}']")
    expect(row).to_be_attached()
    seqs = [int(each) for each in kinds.evaluate_all("rows => rows.map(row => row.dataset.seq)")]
    assert seqs == list(range(start, seqs[-1] + 1))
    assert watched.complaints == []


def test_the_ten_lines_that_the_page_shows_print_every_event(
    stack: Stack, watched: Watched, filled: Filled, http: httpx.Client, tmp_path: Path
) -> None:
    page = watched.page
    page.goto(f"{stack.url}/ui/ml/events")
    assert not any("/events/readers" in asked for asked in watched.requests)
    page.get_by_test_id("show-readers").click()
    lines = page.get_by_test_id("subscriber").inner_text()
    assert len([line for line in lines.splitlines() if line.strip()]) <= 10
    page.get_by_test_id("read-along").scroll_into_view_if_needed()
    shot(page, "events-read-along-en")
    script = tmp_path / "subscriber.py"
    script.write_text(lines, encoding="utf-8")
    recorded = http.get("/events").json()
    with subprocess.Popen(
        [sys.executable, str(script)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            told = [process.stdout.readline().split() for _ in recorded]
        finally:
            process.kill()
    wanted = [[str(each["seq"]), each["type"], each["subject"]] for each in recorded]
    assert told == wanted
    curl = page.get_by_test_id("curl").inner_text().replace("curl -N", "curl -sN --max-time 5")
    stream = subprocess.run(curl, shell=True, capture_output=True, text=True, check=False)  # noqa: S602
    assert stream.stdout.startswith(f"id: {recorded[0]['seq']}\n")
    assert filled.training in stream.stdout
    assert watched.complaints == []
