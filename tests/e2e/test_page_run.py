"""A finished run in a browser: curves zoomed and saved, sample predictions by a slider."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Stack
from tests.e2e.conftest import EPOCHS, Filled, Watched, shot

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

ZOOMED = re.compile(r"[?&]epochs=\d-\d(&|$)")


def drag(page: Page, chart: Locator, start: float, end: float) -> None:
    """Over a chart with the mouse, from a share of its width to another."""
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], height)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], height, steps=8)
    page.mouse.up()


def test_curves_are_zoomed_by_mouse_and_keys_and_saved_as_pictures_and_tables(
    stack: Stack, watched: Watched, filled: Filled
) -> None:
    page = watched.page
    page.goto(f"{stack.url}/ui/ml/trainings/{filled.training}?lang=en")
    chart = page.get_by_test_id("map-chart")
    expect(chart).to_have_attribute("data-points", str(EPOCHS))
    with page.expect_download() as saved:
        page.get_by_test_id("map-chart-png").click()
    assert saved.value.suggested_filename == "e2e-seen-metrics.png"
    box = chart.bounding_box()
    assert box
    with Image.open(saved.value.path()) as picture:
        assert picture.size == (2 * round(box["width"]), 2 * round(box["height"]))
        assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 10, "curves are drawn"
    with page.expect_download() as saved:
        page.get_by_test_id("loss-chart-csv").click()
    head, *rows = Path(saved.value.path()).read_text().splitlines()
    assert head.startswith("epoch,")
    assert [row.split(",")[0] for row in rows] == [str(epoch + 1) for epoch in range(EPOCHS)]

    drag(page, chart, 0.4, 0.9)
    expect(page).to_have_url(ZOOMED)
    page.reload()
    expect(page.get_by_test_id("show-all")).to_be_visible()
    shot(page, "run-zoomed-en")
    chart.dblclick()
    expect(page).not_to_have_url(ZOOMED)
    page.get_by_test_id("range").get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(f"epochs=2-{EPOCHS}"))
    page.get_by_test_id("show-all").click()
    expect(page).not_to_have_url(ZOOMED)
    page.get_by_role("button", name="Large: Quality").click()
    expect(page.get_by_test_id("large-chart")).to_have_attribute("data-points", str(EPOCHS))
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("large-chart")).to_have_count(0)
    assert watched.complaints == []


def test_sample_predictions_of_every_epoch_are_looked_through(
    stack: Stack, watched: Watched, filled: Filled
) -> None:
    page = watched.page
    page.goto(f"{stack.url}/ui/ml/trainings/{filled.training}?lang=en")
    said = page.get_by_test_id("sample-epoch")
    expect(said).to_have_text(f"After epoch {EPOCHS}")
    page.get_by_test_id("sample-slider").get_by_role("slider").focus()
    seen = set()
    for epoch in range(EPOCHS - 1, 0, -1):
        page.keyboard.press("ArrowLeft")
        expect(said).to_have_text(f"After epoch {epoch}")
        expect(page).to_have_url(re.compile(f"sample={epoch}"))
        picture = page.get_by_test_id("samples").locator("img")
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
        seen.add(picture.get_attribute("src"))
    assert len(seen) == EPOCHS - 1
    page.reload()
    expect(said).to_have_text("After epoch 1")
    assert watched.complaints == []
