"""The page on models in a real browser: found, looked at, brought in, taken home, deleted."""

import hashlib
import re
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import expect

from tests.answers import promised
from tests.conftest import Stack
from tests.e2e.conftest import Filled, Watched, shot
from tests.e2e.tiny import WEIGHTS

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

JUDGED_MS = 150_000


def test_a_model_is_found_traced_back_judged_and_downloaded(
    stack: Stack, watched: Watched, filled: Filled, http: httpx.Client
) -> None:
    page = watched.page
    page.goto(f"{stack.url}/ui/ml/models?sort=best")
    rows = page.locator("[data-model]")
    expect(page.locator("[data-model=shirushi-logo-n]")).to_contain_text("0.899")
    page.get_by_test_id("model-search").fill("e2e/seen")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile(f"name={quote('e2e/seen', safe='')}"))
    row = page.get_by_role("link", name="seen", exact=True)
    row.focus()
    page.keyboard.press("Enter")
    lineage = page.get_by_test_id("lineage")
    expect(lineage).to_contain_text(re.compile(r"Began from\s*partner.*Learned from\s*tiny"))
    expect(page.get_by_test_id("judgements").locator("tbody tr").first).to_be_visible()
    page.get_by_test_id("validate").click()
    expect(page.get_by_test_id("validation-done")).to_be_visible(timeout=JUDGED_MS)
    page.reload()
    expect(page.get_by_test_id("validation-done")).to_be_visible()
    shot(page, "model-en")
    with page.expect_download() as saved:
        page.get_by_test_id("download-model").click()
    content = Path(saved.value.path()).read_bytes()
    assert saved.value.suggested_filename == "e2e-seen.pt"
    known = promised(http.get(f"/models/{filled.model}/info"))
    assert hashlib.sha256(content).hexdigest() == known["sha256"]
    lineage.get_by_role("link", name="partner").click()
    expect(page.get_by_test_id("lineage")).to_contain_text("1 model began from it")
    assert watched.complaints == []


def test_weights_are_uploaded_by_the_page_and_deleted_after_a_question(
    stack: Stack, watched: Watched, http: httpx.Client
) -> None:
    page = watched.page
    page.goto(f"{stack.url}/ui/ml/models?add=upload&lang=en")
    page.get_by_test_id("upload-file").set_input_files(WEIGHTS)
    page.get_by_test_id("upload-name").fill("for-a-moment")
    page.get_by_test_id("upload").click()
    page.get_by_test_id("model-uploaded").get_by_role("link").click()
    expect(page.get_by_test_id("lineage")).to_contain_text("for-a-moment")
    page.get_by_test_id("delete-model").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_test_id("delete-model-yes")).to_be_hidden()
    page.get_by_test_id("delete-model").click()
    page.get_by_test_id("delete-model-yes").click()
    page.wait_for_url(re.compile("/models$"))
    expect(page.locator("[data-model=shirushi-logo-n]")).to_be_visible()
    expect(page.locator("[data-model=for-a-moment]")).to_have_count(0)
    assert "for-a-moment" not in {each["name"] for each in promised(http.get("/models"))}
    page.go_back()
    expect(page.get_by_role("alert")).to_contain_text("for-a-moment")
    assert watched.complaints == []
