"""An evaluation in a real browser: one point for all panels, boxes behind numbers, triage."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import ROOT, Stack
from tests.e2e.conftest import Watched
from tests.e2e.tiny import base_dataset

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

SHOTS = ROOT / "test-artifacts" / "page"
JUDGED_MS = 120_000
EDITED_MS = 60_000
EVALUATION = re.compile(r"/ui/ml/evaluations/([A-Za-z0-9_-]{8,})")


def judge(page: Page, url: str, of: str, what: str, dataset: str) -> str:
    """Fill the form that judges, wait for the panels; returns the validation's id."""
    page.goto(f"{url}/ui/ml/evaluations?new=1&split=val&of={of}&lang=en")
    page.get_by_test_id("judge-what").fill(what)
    page.get_by_test_id("judge-dataset").fill(dataset)
    page.get_by_test_id("judge-go").click()
    page.wait_for_url(EVALUATION)
    expect(page.get_by_test_id("figure-recall")).to_be_visible(timeout=JUDGED_MS)
    found = EVALUATION.search(page.url)
    assert found
    return found[1]


def report_of(http: httpx.Client, validation: str) -> dict[str, Any]:
    """The stored report."""
    report: dict[str, Any] = http.get(f"/model/validate/{validation}").json()
    return report


def shows(picture: Locator) -> bool:
    """Whether the picture can be looked at."""
    expect(picture).to_be_visible()
    picture.scroll_into_view_if_needed()
    return int(picture.evaluate("image => image.decode().then(() => image.naturalWidth)")) > 50


def opens(page: Page, opener: str) -> None:
    """Click a number, see its first picture, close the gallery again."""
    page.get_by_test_id(opener).first.click()
    assert shows(page.get_by_test_id("crops").locator("img").first), opener
    page.get_by_test_id("boxes-close").click()
    expect(page.get_by_test_id("boxes")).to_have_count(0)


def click_until_open(page: Page, chart: str, y_share: float) -> None:
    """Click along one line of a chart until something opens: where its cells are is its own."""
    box = page.get_by_test_id(chart).bounding_box()
    assert box
    for step in range(1, 80):
        page.get_by_test_id(chart).click(
            position={"x": step * box["width"] / 80, "y": y_share * box["height"]}
        )
        if page.get_by_test_id("boxes").count():
            return
    pytest.fail(f"no click on {chart} opened boxes")


def test_one_point_drives_every_panel_and_every_number_opens_its_boxes(
    stack: Stack, watched: Watched, http: httpx.Client
) -> None:
    page = watched.page
    folder = str(base_dataset(stack))
    judged = judge(page, stack.url, "model", "shirushi-logo-n", folder)
    report = report_of(http, judged)
    recall = page.get_by_test_id("figure-recall")
    expect(recall).to_have_text(f"{report['recall']:.3f}")
    expect(page.get_by_test_id("figure-alarms")).not_to_be_empty()
    misses = page.get_by_test_id("cause-miss").locator("b")
    expect(misses).to_have_text(str(report["error_analysis"]["causes"]["miss"]))
    page.get_by_test_id("confidence-slider").get_by_role("slider").focus()
    page.keyboard.press("End")
    expect(page.get_by_test_id("confidence-value")).to_have_text("1.00")
    expect(recall).to_have_text("0.000")
    expect(misses).to_have_text(str(report["total_labels"]))
    expect(page).to_have_url(re.compile("confidence=1"))
    page.reload()
    expect(recall).to_have_text("0.000")
    opens(page, "cause-miss")

    page.get_by_test_id("rate-curves").click(position={"x": 90, "y": 150})
    expect(page.get_by_test_id("boxes")).to_be_visible()
    expect(page.get_by_test_id("confidence-value")).not_to_have_text("1.00")
    low = float(page.get_by_test_id("confidence-value").inner_text())
    assert low < 0.3, "the point of the curve that was clicked is the operating point"
    page.get_by_test_id("boxes-close").click()
    for opener in ("kind-fp", "confused-pair", "kind-images"):
        opens(page, opener)
    click_until_open(page, "class-errors", 0.5)
    page.get_by_test_id("boxes-close").click()
    page.get_by_test_id("matrix-of").get_by_text("Confused classes").click()
    click_until_open(page, "confusion-matrix", 0.06)
    expect(page).to_have_url(re.compile(r"sel=cell\."))
    assert watched.complaints == []


def test_triage_by_keys_ends_in_a_new_version_and_another_tools_boxes_are_judged_alike(
    stack: Stack, watched: Watched, http: httpx.Client
) -> None:
    page = watched.page
    folder = base_dataset(stack)
    judged = judge(page, stack.url, "model", "shirushi-logo-n", str(folder))
    page.goto(f"{stack.url}/ui/ml/evaluations/{judged}?confidence=0.05&sel=fp&lang=en")
    first = page.get_by_test_id("crops").locator("button").first
    assert shows(first.locator("img"))
    page.keyboard.press("j")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    large = page.get_by_test_id("large")
    expect(large.locator("svg rect").first).to_be_visible()
    both = large.locator("svg rect").count()
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile("pred=0"))
    expect(large.locator("svg rect")).not_to_have_count(both)
    page.keyboard.press("p")
    page.keyboard.press("w")
    expect(page).to_have_url(re.compile("marks=d"))
    opened = page.url
    page.keyboard.press("j")
    expect(page).not_to_have_url(opened)
    page.keyboard.press("k")
    page.screenshot(path=SHOTS / "evaluation-large.png")
    page.keyboard.press("Escape")
    expect(first).to_have_attribute("data-marked", "true")
    page.reload()
    expect(page.get_by_test_id("corrections")).to_contain_text("1 label called wrong")
    page.get_by_test_id("preview").click()
    expect(page.get_by_test_id("previewed")).to_be_visible(timeout=EDITED_MS)
    page.get_by_test_id("apply").click()
    expect(page.get_by_test_id("applied")).to_have_attribute(
        "data-version", re.compile("^v"), timeout=EDITED_MS
    )
    page.screenshot(path=SHOTS / "evaluation.png", full_page=True)

    [key] = [
        entry["key"] for entry in artifacts_of(http, judged) if entry["key"].endswith("tions.json")
    ]
    elsewhere = folder.parent / "elsewhere.json"
    elsewhere.write_bytes(http.get(f"/artifacts/{key}").content)
    again = judge(page, stack.url, "predictions", str(elsewhere), str(folder))
    mine, theirs = report_of(http, judged), report_of(http, again)
    assert [theirs[name] for name in ("map50", "recall")] == [
        mine[name] for name in ("map50", "recall")
    ]
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{stack.url}/ui/ml/evaluations/{again}?sel=fn&as=images&lang=ja")
    expect(page.get_by_test_id("per-class")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.screenshot(path=SHOTS / "evaluation-narrow-ja.png", full_page=True)
    assert watched.complaints == []


def artifacts_of(http: httpx.Client, validation: str) -> list[dict[str, Any]]:
    """What the validation stored, as its last event tells it."""
    events = http.get("/events", params={"topics": "analysis.>", "limit": 500}).json()
    [found] = [
        event["data"]["artifacts"]
        for event in events
        if event["data"].get("job_id") == validation and "artifacts" in event["data"]
    ]
    return list(found.values())
