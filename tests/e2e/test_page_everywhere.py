"""Every page for everybody: axe finds nothing serious, all fits 390 px, keys lead everywhere."""

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import Stack
from tests.e2e.axe import complaints
from tests.e2e.conftest import Filled, Watched, shot

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

READY = "main h1, main [role=alert]"


def pages(filled: Filled) -> dict[str, str]:
    """By name, each with something in it."""
    return {
        "overview": "/",
        "trainings": "/trainings",
        "training-form": f"/trainings/new?mode=transfer&dataset_path={filled.dataset}",
        "training": f"/trainings/{filled.training}",
        "training-console": f"/trainings/{filled.training}?tab=console",
        "training-machine": f"/trainings/{filled.training}?tab=machine",
        "training-timeline": f"/trainings/{filled.training}?tab=timeline",
        "compare": f"/compare?runs={filled.training}",
        "curves-of-all": "/compare?all=1",
        "datasets": "/datasets",
        "dataset-upload": "/datasets?add=upload",
        "dataset": f"/datasets/{filled.registered}",
        "dataset-figures": f"/datasets/{filled.registered}?tab=figures",
        "dataset-versions": f"/datasets/{filled.registered}?tab=versions",
        "dataset-check": f"/datasets/checks/{filled.check}",
        "models": "/models?add=upload",
        "model": f"/models/{filled.model}",
        "evaluations": "/evaluations",
        "evaluation": f"/evaluations/{filled.validation}",
        "events": "/events?event=1",
    }


@pytest.mark.parametrize(
    ("width", "scheme", "language"), [(1280, "light", "en"), (390, "dark", "ja")]
)
def test_every_page_is_readable_and_fits(
    stack: Stack, browser: Browser, filled: Filled, width: int, scheme: Any, language: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme=scheme,
        locale=language,
        reduced_motion="reduce",
    )
    watched = Watched(context.new_page())
    page, bad = watched.page, dict[str, list[str]]()
    for name, path in pages(filled).items():
        page.goto(f"{stack.url}/ui/ml{path}")
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.locator(READY).first.wait_for()
        shot(page, f"{name}-{width}-{scheme}-{language}")
        if found := complaints(page):
            bad[name] = found
    context.close()
    assert not bad, json.dumps(bad, indent=1)
    assert watched.complaints == []


def test_a_keyboard_is_enough_to_get_about(stack: Stack, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{stack.url}/ui/ml/")
    page.get_by_test_id("services").wait_for()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.keyboard.press("Shift+Tab")  # from the content back: the last of the bar
    expect(page.get_by_test_id("new-training")).to_be_focused()
    page.goto(f"{stack.url}/ui/ml/")
    page.get_by_test_id("services").wait_for()
    seen = set()
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.textContent"))
    wanted = {"Overview", "Trainings", "Datasets", "Models", "Evaluations", "Events"}
    assert wanted | {"New training"} <= seen
    assert watched.complaints == []
