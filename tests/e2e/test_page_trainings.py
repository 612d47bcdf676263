"""The pages on trainings in a real browser: form, watching, control, failure, comparison."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.answers import promised
from tests.conftest import ROOT, Stack
from tests.e2e.axe import complaints
from tests.e2e.conftest import Watched
from tests.e2e.tiny import QUICK, TRAINED_S, tiny_dataset

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(420)]

SHOTS = ROOT / "test-artifacts" / "page"
TRAINED_MS = TRAINED_S * 1000
ANSWERED_MS = 150_000
RUN = re.compile(r"/ui/ml/trainings/([A-Za-z0-9_-]{8,})$")


def shoot(page: Page, name: str) -> None:
    """Keep how the page looks now, to be looked at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def reach(page: Page, status: str) -> None:
    """Wait until the run of this page is in `status`."""
    badge = page.get_by_test_id("run-status")
    expect(badge).to_have_attribute("data-status", status, timeout=TRAINED_MS)


def started(page: Page, press: str) -> str:
    """Press a button that leads to a new run; returns the run's id."""
    before = page.url
    page.get_by_test_id(press).click()
    page.wait_for_url(lambda url: bool(RUN.search(url)) and url != before)
    found = RUN.search(page.url)
    assert found
    return found[1]


def form_url(stack: Stack, **more: str) -> str:
    """A link that fills the form for a training of seconds."""
    quick = {name: str(value) for name, value in QUICK.items()}
    fields = {"mode": "full", "dataset_path": str(tiny_dataset(stack))} | quick | more
    return f"{stack.url}/ui/ml/trainings/new?{urlencode(fields)}"


def test_a_training_is_forecast_started_paused_resumed_finished_and_extended(
    stack: Stack, watched: Watched, http: httpx.Client
) -> None:
    page = watched.page
    page.goto(form_url(stack, epochs="300", workers="2"))
    expect(page.get_by_test_id("forecast-data")).to_contain_text("train 12")
    expect(page.get_by_test_id("advanced-changed")).to_contain_text("2")
    page.get_by_test_id("advanced").click()
    page.get_by_test_id("changed-workers").click()
    expect(page.get_by_test_id("workers")).to_have_value("0")
    page.get_by_test_id("argument-search").fill("mosaic")
    page.get_by_test_id("augmentation_params.mosaic").fill("0.5")
    page.get_by_text("shirushi", exact=True).click()
    expect(page.get_by_test_id("curl")).to_contain_text("--set augmentation_params.mosaic=0.5")
    expect(page).to_have_url(re.compile(r"augmentation_params\.mosaic=0\.5"))
    shoot(page, "form")
    first = started(page, "start")

    chart = page.get_by_test_id("map-chart")
    expect(chart).not_to_have_attribute("data-points", "0", timeout=TRAINED_MS)
    expect(page.get_by_test_id("batch-losses")).to_be_visible()
    expect(page.get_by_test_id("samples").locator("img")).to_be_visible()
    page.get_by_test_id("pause").click()
    reach(page, "paused")
    expect(page.get_by_test_id("waiting")).to_be_visible()
    page.get_by_test_id("resume").click()
    reach(page, "running")
    shoot(page, "run")
    page.get_by_test_id("stop").click()
    page.get_by_test_id("stop-keep").click()
    reach(page, "completed")

    look_at_the_other_tabs(page)
    page.get_by_test_id("tab-run").click()
    with page.expect_download() as saved:
        page.get_by_test_id("map-chart-csv").click()
    table = Path(saved.value.path()).read_text()
    assert table.startswith("epoch,mAP50,mAP50-95,")
    assert len(table.splitlines()) == 1 + int(chart.get_attribute("data-points") or 0)

    other = http.post("/training/start", json=short_training(stack)).json()["training_id"]
    page.get_by_test_id("extend").click()
    page.get_by_test_id("extend-epochs").fill("1")
    started(page, "extend-go")
    reach(page, "completed")
    assert watched.complaints == []
    compare(stack, watched, http, [first, other])


def short_training(stack: Stack) -> dict[str, Any]:
    """One epoch, begun from other weights."""
    fields = {"mode": "full", "dataset_path": str(tiny_dataset(stack)), "epochs": 1, "seed": 5}
    return fields | dict(QUICK)


def look_at_the_other_tabs(page: Page) -> None:
    """Console with its search, load of the machine, what happened."""
    page.get_by_test_id("tab-console").click()
    page.get_by_test_id("console-search").fill("ultralytics 8")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("console-hits")).to_have_text(re.compile("^1 of [1-9]"))
    shoot(page, "console")
    page.get_by_test_id("tab-machine").click()
    expect(page.get_by_test_id("load-chart")).not_to_have_attribute("data-points", "0")
    page.get_by_test_id("tab-timeline").click()
    for event in ("requested", "pause_requested", "paused", "resume_requested", "completed"):
        expect(page.get_by_test_id(f"event-{event}")).to_be_visible()
    expect(page.get_by_test_id("event-started")).to_have_count(2)
    shoot(page, "timeline")


def compare(stack: Stack, watched: Watched, http: httpx.Client, runs: list[str]) -> None:
    """Choose both in the list, and read the answer, in both languages and on a narrow screen."""
    page = watched.page
    page.goto(f"{stack.url}/ui/ml/trainings?name=e2e/&lang=en")
    page.get_by_test_id("curves-of-all").click()
    many = page.get_by_test_id("many-curves")
    expect(many).to_have_attribute("data-points", re.compile("^([2-9]|[1-9][0-9]+)$"))
    page.get_by_test_id(f"choose-{runs[0]}").check()
    expect(page.get_by_test_id("compare-chosen")).to_have_attribute("href", re.compile(runs[0]))
    shoot(page, "curves-of-all")
    page.go_back()
    for run in runs:
        page.get_by_test_id(f"choose-{run}").check()
    page.get_by_test_id("compare-chosen").click()
    verdict = page.get_by_test_id("verdict")
    expect(verdict).to_have_attribute("data-verdict", "cannot_tell", timeout=ANSWERED_MS)
    expect(page.get_by_test_id("metrics")).to_contain_text("mAP50-95")
    expect(page.get_by_test_id("settings-diff")).to_contain_text("epochs")
    expect(page.get_by_test_id("costs")).to_contain_text("cpu")
    expect(page.get_by_test_id("overlay")).not_to_have_attribute("data-points", "0")
    page.get_by_text(re.compile("^Still wrong")).click()
    picture = page.get_by_test_id("pair").locator("img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 50
    shoot(page, "compare")
    assert complaints(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{page.url}&lang=ja")
    expect(page.get_by_test_id("sentence")).to_contain_text("画像集合")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(page, "compare-narrow-ja")
    assert complaints(page) == []
    assert watched.complaints == []
    [row, *_] = promised(http.get("/model/compare"))
    promised(http.get(f"/model/compare/{row['comparison_id']}"))
    promised(http.get(f"/model/compare/{row['comparison_id']}/boxes"))
    promised(http.get("/system/history"))


def test_a_failed_training_says_why_and_what_to_do_and_is_tried_again(
    stack: Stack, watched: Watched
) -> None:
    page = watched.page
    page.goto(form_url(stack, **{"extra.lrf": "7", "epochs": "1"}))
    expect(page.get_by_test_id("forecast-data")).to_be_visible()
    first = started(page, "start")
    reach(page, "failed")
    banner = page.get_by_test_id("failure")
    expect(banner).to_contain_text("argument_out_of_range")
    expect(page.get_by_test_id("failure-advice")).to_be_visible()
    assert started(page, "retry") != first
    reach(page, "failed")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{page.url}?lang=ja")
    expect(page.get_by_test_id("failure-cause")).to_have_text("引数の値が範囲外です。")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(page, "failure-narrow-ja")
    page.get_by_test_id("again").click()
    page.get_by_test_id("advanced").click()
    expect(page.get_by_test_id("extra.lrf")).to_have_value("7")
    assert watched.complaints == []
