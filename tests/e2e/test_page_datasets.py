"""The datasets pages in a real browser: a ZIP comes in, is checked, mended, and put back."""

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from libs.synthetic import DatasetSpec, write_dataset
from tests.conftest import ROOT, Stack
from tests.e2e.conftest import Watched

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

PICTURES = ROOT / "test-artifacts" / "page-datasets"
WORKED_MS = 30_000
NARROW = {"width": 390, "height": 844}
SPEC = DatasetSpec(
    classes=("adidas", "nike"), counts={"train": 9, "val": 3}, size=192, seed=11, empty_share=0.2
)
TITLE = {"en": "Class number beyond the class list", "ja": "クラス一覧にないクラス番号"}
USABLE = {
    "en": "10 of 12 images are usable",
    "ja": "12 枚のうち 10 枚が使えます",
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ZIP of a drawn dataset: a label with commas (safe to mend), and a class that is none."""
    folder = write_dataset(tmp_path_factory.mktemp("flawed") / "logos", SPEC).folder
    labels = [path for path in sorted(folder.glob("labels/train/*.txt")) if path.read_text()]
    labels[0].write_text(labels[0].read_text().replace(" ", ","))
    labels[1].write_text(labels[1].read_text() + "7 0.5 0.5 0.3 0.3\n")
    packed = folder.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w") as zipped:
        for path in sorted(folder.rglob("*")):
            zipped.write(path, path.relative_to(folder).as_posix())
    return packed


def seen(page: Page, name: str) -> None:
    """Keep a picture of the page for people to look at; nothing may be wider than the screen."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def decoded(picture: Locator) -> None:
    """Wait until a picture is there, and can be looked at."""
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 50


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_zip_is_uploaded_checked_mended_compared_and_put_back(
    stack: Stack, watched: Watched, archive: Path, language: str
) -> None:
    page, name = watched.page, f"flawed-{language}"
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    page.goto(f"{stack.url}/ui/ml/datasets?add=upload&lang={language}")
    page.get_by_test_id("upload-file").set_input_files(archive)
    page.get_by_test_id("upload-name").fill(name)
    page.get_by_test_id("upload").click()
    expect(page.get_by_test_id("imported")).to_contain_text("v1", timeout=WORKED_MS)
    seen(page, f"uploaded-{language}")

    page.get_by_test_id("check-imported").click()
    page.wait_for_url(re.compile("/datasets/checks/"))
    expect(page.get_by_test_id("usable")).to_contain_text(USABLE[language], timeout=WORKED_MS)
    expect(page.get_by_test_id("verdict")).to_have_attribute("data-valid", "false")
    seen(page, f"checked-{language}")

    rule = page.locator("[data-rule=class_out_of_range]")
    expect(rule).to_contain_text(TITLE[language])
    rule.click()
    tiles = page.get_by_test_id("finding-images")
    decoded(tiles.locator("img").first)
    expect(tiles.locator("rect[data-fault=true]")).to_have_count(1)
    tiles.locator("img").first.click()
    shown = page.get_by_test_id("image-view")
    decoded(shown.locator("img"))
    expect(shown.locator("rect[data-fault=true]")).to_have_count(1)
    expect(shown.locator("li[data-fault]")).to_have_text("7 0.5 0.5 0.3 0.3")
    seen(page, f"finding-{language}")
    page.reload()
    expect(page.get_by_test_id("image-view")).to_be_visible()
    page.keyboard.press("Escape")

    page.get_by_test_id("preview").click()
    expect(page.get_by_test_id("previewed")).to_be_visible(timeout=WORKED_MS)
    expect(page.get_by_test_id("diff")).to_have_attribute("data-total", "1")
    seen(page, f"previewed-{language}")
    page.get_by_test_id("apply").click()
    expect(page.get_by_test_id("applied")).to_have_attribute(
        "data-version", "v2", timeout=WORKED_MS
    )
    page.get_by_test_id("undo").click()
    expect(page.get_by_test_id("undone")).to_contain_text("v3", timeout=WORKED_MS)

    page.get_by_test_id("see-versions").click()
    expect(page.get_by_test_id("version")).to_have_count(3)
    differs = page.get_by_test_id("compare-versions").get_by_test_id("diff")
    expect(differs).to_have_attribute("data-total", "1")
    expect(differs.locator("del").first).to_contain_text(",")
    seen(page, f"versions-{language}")
    assert watched.complaints == []
