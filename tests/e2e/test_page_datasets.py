"""The datasets pages in a real browser: a ZIP comes in, is checked, mended, and put back."""

import base64
import os
import re
import zipfile
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from libs.synthetic import DatasetSpec, write_dataset
from tests.conftest import ROOT, Stack
from tests.e2e.conftest import Watched

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

PICTURES = ROOT / "test-artifacts" / "page-datasets"
WORKED_MS = 30_000
MANY = 4000
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


def dropped(page: Page, archive: Path) -> None:
    """Drop a file onto the page, as from a folder of the desktop."""
    data = base64.b64encode(archive.read_bytes()).decode()
    moved = page.evaluate_handle(
        """([name, data]) => {
            const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
            const moved = new DataTransfer();
            moved.items.add(new File([bytes], name, { type: "application/zip" }));
            return moved;
        }""",
        [archive.name, data],
    )
    page.get_by_test_id("drop").dispatch_event("drop", {"dataTransfer": moved})


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
    dropped(page, archive)
    expect(page.get_by_test_id("upload-name")).to_have_value("logos")
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
    differs.locator("button.link").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    sides = page.get_by_test_id("changed-image").locator("img")
    expect(sides).to_have_count(2)
    decoded(sides.last)
    seen(page, f"changed-{language}")
    assert watched.complaints == []


def test_an_upload_that_is_stopped_leaves_no_dataset(
    stack: Stack, watched: Watched, archive: Path, http: httpx.Client
) -> None:
    page = watched.page
    page.goto(f"{stack.url}/ui/ml/datasets?add=upload")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 4000}
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", slow)
    page.get_by_test_id("upload-file").set_input_files(archive)
    page.get_by_test_id("upload-name").fill("never-there")
    page.get_by_test_id("upload").click()
    expect(page.get_by_test_id("upload-progress")).to_be_visible()
    page.get_by_test_id("upload-stop").click()
    expect(page.get_by_test_id("upload")).to_be_enabled()
    expect(page.get_by_test_id("upload-progress")).to_have_count(0)
    assert "never-there" not in {each["name"] for each in http.get("/datasets").json()}
    assert watched.complaints == []


def test_a_running_check_shows_how_far_it_is_and_can_be_stopped(
    stack: Stack, watched: Watched, archive: Path, http: httpx.Client
) -> None:
    folder = stack.home.parent / "many"
    for part in ("images/train", "images/val", "labels/train"):
        (folder / part).mkdir(parents=True)
    (folder / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [adidas]\n")
    source = next((archive.parent / "logos/images/train").glob("*.jpg"))
    first = folder / "images/train/0.jpg"
    first.write_bytes(source.read_bytes())
    for number in range(1, MANY):
        os.link(first, folder / f"images/train/{number}.jpg")
    page = watched.page
    page.goto(f"{stack.url}/ui/ml/datasets?path={folder}")
    page.get_by_test_id("check").click()
    progress = page.get_by_test_id("job-progress")
    expect(progress).to_contain_text(re.compile(r"[\d,]+ / 4,000"), timeout=WORKED_MS)
    page.get_by_test_id("job-stop").click()
    expect(page.get_by_test_id("job-stopped")).to_be_visible(timeout=WORKED_MS)
    told = http.get(f"/dataset/validate/{page.url.rsplit('/', 1)[-1]}").json()
    assert told["status"] == "cancelled"
    page.reload()
    expect(page.get_by_test_id("job-stopped")).to_be_visible()
    assert watched.complaints == []


def test_images_are_filtered_chosen_and_left_out_and_a_class_gets_another_name(
    stack: Stack, watched: Watched, archive: Path, http: httpx.Client
) -> None:
    with archive.open("rb") as packed:
        http.post("/upload/dataset?dataset_name=edited", files={"file": packed}).raise_for_status()
    page = watched.page
    page.goto(f"{stack.url}/ui/ml/datasets/edited")
    tiles = page.get_by_test_id("tiles").locator(".tile")
    expect(tiles).to_have_count(12)
    expect(page.get_by_test_id("range")).to_have_text("1–12 of 12")
    decoded(tiles.locator("img").first)
    page.goto(f"{stack.url}/ui/ml/datasets/edited?split=val")
    expect(tiles).to_have_count(3)
    boxes = page.get_by_test_id("tiles").locator("rect")
    assert boxes.count() > 0
    page.get_by_role("switch", name="Boxes").click()
    expect(boxes).to_have_count(0)
    for index in (0, 1):
        page.get_by_test_id("tiles").get_by_role("checkbox").nth(index).check()
    page.get_by_test_id("drop-chosen").click()
    page.get_by_label("New name of nike").fill("swoosh")
    page.get_by_label("New name of nike").press("Enter")
    expect(page.get_by_test_id("steps").locator("li")).to_have_count(2)
    page.get_by_test_id("preview").click()
    diff = page.get_by_test_id("diff")
    expect(diff).to_contain_text("adidas, nike → adidas, swoosh", timeout=WORKED_MS)
    expect(diff).to_contain_text("val: 3 → 1")
    page.get_by_test_id("apply").click()
    expect(page.get_by_test_id("applied")).to_have_attribute(
        "data-version", "v2", timeout=WORKED_MS
    )
    seen(page, "edited-en")
    now = http.get("/datasets/edited").json()
    assert (now["classes"], now["counts"]["val"]) == (["adidas", "swoosh"], 1)
    for tab in ("figures", "versions"):
        page.get_by_test_id(f"tab-{tab}").click()
        seen(page, f"{tab}-en")
    assert watched.complaints == []
