"""The page in a real browser, on a real stack: from the form to the curve to the pictures."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.answers import promised
from tests.conftest import Stack
from tests.e2e.conftest import Watched
from tests.e2e.tiny import TRAINED_S, tiny_dataset

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(420)]

EPOCHS = 3
JUDGED_MS = 120_000
LIGHT_BYTES = 200_000
"""Scripts that the index names, compressed."""
POLLED = re.compile(r"/training/status|/history")


def fill(page: Page, name: str, value: str) -> None:
    """Type into one field of the form."""
    field = page.get_by_test_id(name)
    field.fill(value)
    expect(field).to_have_value(value)


def start_from_the_form(page: Page, url: str, dataset: str, epochs: int = EPOCHS) -> str:
    """Fill the form and press the button; returns the training's id from the address."""
    page.goto(f"{url}/ui/ml")
    expect(page.get_by_test_id("connection")).to_have_attribute("data-connection", "live")
    page.get_by_test_id("new-training").click()
    page.get_by_test_id("mode").get_by_text("From scratch").click()
    fill(page, "dataset_path", dataset)
    page.get_by_test_id("model_architecture").select_option("yolov8n")
    for name, value in {"epochs": str(epochs), "batch_size": "4", "imgsz": "64"}.items():
        fill(page, name, value)
    page.get_by_test_id("advanced").click()
    fill(page, "device", "cpu")
    expect(page.get_by_test_id("curl")).to_contain_text('"imgsz": 64')
    page.get_by_test_id("start").click()
    page.wait_for_url(re.compile(r"/ui/ml/trainings/[A-Za-z0-9_-]{8,}$"))
    return page.url.rsplit("/", 1)[-1]


def points(page: Page) -> int:
    """How many epochs the curve shows."""
    return int(page.get_by_test_id("map-chart").get_attribute("data-points") or 0)


def shows_a_picture(page: Page, gallery: str) -> bool:
    """Whether the first picture of the gallery can be looked at."""
    picture = page.get_by_test_id(gallery).locator("img").first
    expect(picture).to_be_visible()
    picture.scroll_into_view_if_needed()
    width = picture.evaluate("image => image.decode().then(() => image.naturalWidth)")
    return int(width) > 100


def test_a_training_started_from_the_form_draws_its_curve_by_the_socket_not_by_polling(
    stack: Stack, watched: Watched, http: httpx.Client
) -> None:
    page = watched.page
    training = start_from_the_form(page, stack.url, str(tiny_dataset(stack)))
    promised(http.get(f"/training/status/{training}"))
    page.wait_for_load_state("networkidle")
    assert points(page) == 0, "the first epoch cannot be done when the page opens"
    watched.requests.clear()

    for epoch in range(1, EPOCHS + 1):
        expect(page.get_by_test_id("map-chart")).to_have_attribute(
            "data-points", re.compile(f"^[{epoch}-{EPOCHS}]$"), timeout=TRAINED_S * 1000
        )
    status = page.get_by_test_id("run-status")
    expect(status).to_have_attribute("data-status", "completed", timeout=TRAINED_S * 1000)
    assert points(page) == EPOCHS
    assert [asked for asked in watched.requests if POLLED.search(asked)] == []

    assert shows_a_picture(page, "run-pictures")

    for button, result in (("validate", "validation"), ("visualize", "visualization")):
        page.get_by_test_id(button).click()
        expect(page.get_by_test_id(f"{result}-done")).to_be_visible(timeout=JUDGED_MS)
        assert shows_a_picture(page, f"{result}-pictures")
    assert [asked for asked in watched.requests if POLLED.search(asked)] == []

    page.reload()
    expect(page.get_by_test_id("validation-done")).to_be_visible()
    expect(page.get_by_test_id("map-chart")).to_have_attribute("data-points", str(EPOCHS))
    expect(status).to_have_attribute("data-status", "completed")
    assert watched.complaints == []
    assert all(stack.url in asked for asked in watched.requests), "no call leaves the machine"
    run = f"/training/{training}"
    for route in ("/status", "/training/status", "/models", "/models/shirushi-logo-n/info"):
        promised(http.get(route))
    for route in ("history", "artifacts", "samples"):
        assert promised(http.get(f"{run}/{route}"))


def test_a_training_is_stopped_from_its_page_after_a_question(
    stack: Stack, watched: Watched
) -> None:
    page = watched.page
    start_from_the_form(page, stack.url, str(tiny_dataset(stack)), epochs=500)
    status = page.get_by_test_id("run-status")
    expect(status).to_have_attribute("data-status", "running", timeout=TRAINED_S * 1000)
    page.get_by_test_id("stop").click()
    page.get_by_test_id("stop-discard").click()
    expect(status).to_have_attribute("data-status", "cancelled", timeout=JUDGED_MS)
    expect(page.get_by_test_id("stop")).to_have_count(0)
    assert watched.complaints == []


def test_what_the_gateway_refuses_is_said_beside_the_field(stack: Stack, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{stack.url}/ui/ml/trainings/new?mode=full&dataset_path=logos&imgsz=65&epochs=0")
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("refused")).to_contain_text("imgsz")
    for name in ("imgsz", "epochs"):
        expect(page.get_by_test_id(name)).to_have_attribute("aria-invalid", "true")
    expect(page).to_have_url(re.compile("/trainings/new"))


def test_a_checked_dataset_shows_its_verdict_and_its_classes(
    stack: Stack, watched: Watched
) -> None:
    page = watched.page
    page.goto(f"{stack.url}/ui/ml/datasets")
    page.get_by_test_id("check-path").fill(str(tiny_dataset(stack)))
    page.get_by_test_id("check").click()
    page.wait_for_url(re.compile("/datasets/checks/"))
    expect(page.get_by_test_id("verdict")).to_have_attribute("data-valid", "true", timeout=60_000)
    page.get_by_test_id("tab-figures").click()
    expect(page.get_by_test_id("class-distribution")).to_have_attribute("data-points", "2")
    assert watched.complaints == []


def test_the_index_is_light_and_names_no_charts(stack: Stack, http: httpx.Client) -> None:
    index = http.get(f"{stack.url}/ui/ml").text
    scripts = re.findall(r'(?:src|href)="(/ui/ml/assets/[^"]+\.js)"', index)
    size = 0
    for script in scripts:
        with http.stream("GET", f"{stack.url}{script}") as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            size += sum(len(part) for part in answer.iter_raw())
    print(f"\nthe index: {len(scripts)} scripts, {size / 1000:.0f} kB compressed")
    assert 0 < size < LIGHT_BYTES
    assert "/charts-" not in index
