"""An evaluation of 100 classes, thousands of confusions, in a real browser on a whole system.

The sliders, the matrix with all its classes and the gallery are moved while the browser's own
performance API notes its longest task. Of two turns the best counts.
"""

import json
import shutil
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Page, expect

from tests.bench.browser import Longest, browser_page, longest, told
from tests.conftest import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

CLASSES = 100
IMAGES = 300
PER_IMAGE = 30
TURNS = 2


def confused_set(folder: Path) -> tuple[Path, Path]:
    """A set whose every box is found, most as another class; the predictions as COCO results."""
    random = np.random.default_rng(0)
    for kind in ("images", "labels"):
        (folder / kind / "val").mkdir(parents=True)
    names = [f"brand {number}" for number in range(CLASSES)]
    (folder / "data.yaml").write_text(
        f"path: {folder}\ntrain: images/val\nval: images/val\nnames: {json.dumps(names)}\n"
    )
    first = folder / "images" / "val" / "000.png"
    Image.new("RGB", (640, 640), (120, 130, 140)).save(first)
    found = []
    for image in range(IMAGES):
        name = f"{image:03}"
        if image:
            shutil.copy(first, first.with_name(f"{name}.png"))
        lines = []
        for place in range(PER_IMAGE):
            x, y = 100 * (place % 6) + 10, 100 * (place // 6) + 10
            true, said = random.integers(0, CLASSES, 2).tolist()
            lines.append(f"{true} {(x + 40) / 640} {(y + 40) / 640} {80 / 640} {80 / 640}")
            found.append(
                {
                    "image_id": name,
                    "category_id": said,
                    "bbox": [x, y, 80, 80],
                    "score": round(float(random.random()), 4),
                }
            )
        (folder / "labels" / "val" / f"{name}.txt").write_text("\n".join(lines) + "\n")
    results = folder.parent / "confused.json"
    results.write_text(json.dumps(found))
    return folder, results


async def judged(stack: Stack) -> tuple[str, int]:
    """A validation of such a set; its id and the cells of its matrix."""
    folder, results = confused_set(stack.home.parent / "confused")
    body = {
        "predictions_path": str(results),
        "test_dataset_path": str(folder),
        "split": "val",
        "category_base": 0,
        "image_ids": "name",
        "analyze_errors": False,
    }
    async with httpx.AsyncClient(
        base_url=f"{stack.url}/api/v1/ml", timeout=200, trust_env=False
    ) as http:
        answer = await http.post("/model/validate", json=body, headers={"Prefer": "wait=180"})
        assert answer.status_code == 200, answer.text
        validation = answer.json()["validation_id"]
        panels = (await http.get(f"/model/validate/{validation}/panels")).json()
    return validation, len(panels["confusion"]["cells"])


async def moved(page: Page, url: str, validation: str) -> dict[str, Longest]:
    """The longest task of each stretch."""
    matrix = page.get_by_test_id("confusion-matrix")
    await page.goto(f"{url}/ui/ml?lang=en")
    async with longest(page) as loading:
        await page.goto(f"{url}/ui/ml/evaluations/{validation}?matrix=all")
        await expect(matrix).to_have_attribute("data-points", str(CLASSES + 1), timeout=60_000)
        await page.wait_for_load_state("networkidle")
    async with longest(page) as sliding:
        await page.get_by_test_id("confidence-slider").get_by_role("slider").focus()
        for _ in range(15):
            await page.keyboard.press("ArrowRight")
            await page.wait_for_timeout(150)
    async with longest(page) as pointing:
        await matrix.scroll_into_view_if_needed()
        box = await matrix.bounding_box()
        assert box
        await page.mouse.move(box["x"] + 100, box["y"] + 100)
        await page.mouse.move(box["x"] + 400, box["y"] + 400, steps=30)
        await page.get_by_test_id("kind-fp").click()
        await expect(page.get_by_test_id("crops").locator("img").first).to_be_visible()
        await page.wait_for_load_state("networkidle")
    return {"loading": loading, "sliding": sliding, "pointing": pointing}


async def test_a_matrix_of_a_hundred_classes_stays_fluid(stack: Stack) -> None:
    validation, cells = await judged(stack)
    assert cells > 4000
    turns = []
    for _ in range(TURNS):
        async with browser_page() as page:
            turns.append(await moved(page, stack.url, validation))
    told(f"{CLASSES} classes, {cells} cells", turns)
