"""Copies that anybody would call the same are found; other scenes on one template are not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from services.dataset.domain.findings import Findings
from services.dataset.findings_file import FindingsWriter
from services.dataset.found_so_far import Found
from services.dataset.options import ValidateOptions
from services.dataset.same_scene import SAME_SCENE, SIDE, worst_spot
from services.dataset.validation import Means, validate
from tests.planted.base import put
from tests.planted.scenes import encoded
from tests.unit.services.dataset.conftest import Check, HereAndNow
from tests.unit.services.dataset.test_pixels import scene

Change = Callable[[np.ndarray], np.ndarray]


def as_file(picture: np.ndarray, kind: str = "JPEG", **options: object) -> bytes:
    return encoded(Image.fromarray(picture[:, :, ::-1]), kind, **options)


def again(picture: np.ndarray, quality: int) -> np.ndarray:
    return decoded(cv2.imencode(".jpg", picture, [1, quality])[1])


def decoded(data: np.ndarray) -> np.ndarray:
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture)


def brighter(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture * 1.1 + 10, 0, 255).astype(np.uint8)


COPIES: dict[str, Change] = {
    "quality 60": lambda p: again(p, 60),
    "half the size": lambda p: cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "other proportions": lambda p: cv2.resize(p, (400, 300), interpolation=cv2.INTER_AREA),
    "brighter": brighter,
    "cut by 5 % all around": lambda p: p[12:-12, 12:-12],
    "cut by 5 % at one corner": lambda p: p[24:, 24:],
    "a little blurred": lambda p: cv2.GaussianBlur(p, (0, 0), 1.2),
}


def make(root: Path, copy: bytes, name: str) -> Path:
    put(root / "data.yaml", "train: images/train\nval: images/val\nnames: [a]\n")
    for index in range(12):
        put(root / f"images/train/t{index}.jpg", as_file(scene(index), quality=92))
        put(root / f"labels/train/t{index}.txt", "")
    put(root / "images/val/v.jpg", as_file(scene(99)))
    put(root / "labels/val/v.txt", "")
    put(root / name, copy)
    put(Path(str(root / name).replace("images", "labels")).with_suffix(".txt"), "")
    return root


def of(report: dict[str, Any], *words: str) -> list[tuple[str, str, str]]:
    return [
        (each["rule"], each["file"], each["value"])
        for each in report["findings"]
        if any(word in each["rule"] for word in words)
    ]


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
async def test_a_copy_is_found_with_its_twin(tmp_path: Path, check: Check, change: Change) -> None:
    root = make(tmp_path / "d", as_file(change(scene(5))), "images/train/z.jpg")
    found = of(await check(root), "duplicate", "identical")
    assert found == [("near_duplicate", "images/train/z.jpg", "images/train/t5.jpg")]


async def test_a_copy_in_another_split_is_an_error(tmp_path: Path, check: Check) -> None:
    root = make(tmp_path / "d", as_file(again(scene(5), 60)), "images/val/z.jpg")
    report = await check(root)
    found = of(report, "duplicate")
    assert found == [("near_duplicate_across_splits", "images/val/z.jpg", "images/train/t5.jpg")]
    assert not report["valid"]


async def test_a_mirror_image_is_told_from_a_copy(tmp_path: Path, check: Check) -> None:
    root = make(tmp_path / "d", as_file(again(scene(5)[:, ::-1], 80)), "images/val/z.jpg")
    found = of(await check(root), "duplicate")
    assert found == [
        ("mirrored_duplicate_across_splits", "images/val/z.jpg", "images/train/t5.jpg")
    ]


async def test_a_png_copy_of_a_jpeg_is_the_same_pixel_for_pixel(
    tmp_path: Path, check: Check
) -> None:
    plain = decoded(np.frombuffer(as_file(scene(5), quality=92), np.uint8))
    root = make(tmp_path / "d", as_file(plain, "PNG"), "images/train/z.png")
    report = await check(root)
    found = of(report, "duplicate", "identical")
    assert found == [("pixel_identical", "images/train/z.png", "images/train/t5.jpg")]
    put(root / "labels/train/z.txt", "0 0.5 0.5 0.2 0.2\n")
    assert of(await check(root), "conflicting") == [
        ("duplicate_image_conflicting_labels", "images/train/z.png", "images/train/t5.jpg")
    ]


async def test_a_png_copy_with_one_pixel_changed_is_only_nearly_the_same(
    tmp_path: Path, check: Check
) -> None:
    plain = again(scene(5), 92)
    plain[100, 100] ^= 255
    root = make(tmp_path / "d", as_file(plain, "PNG"), "images/train/z.png")
    assert [found[0] for found in of(await check(root), "duplicate", "identical")] == [
        "near_duplicate"
    ]


def template(mark: int, share: float) -> np.ndarray:
    """One product on white ground, with one of several marks on it; grey, (SIDE, SIDE)."""
    picture = np.full((480, 480, 3), 255, np.uint8)
    cv2.rectangle(picture, (120, 90), (360, 420), (175, 165, 150), -1)
    side = int(480 * share / 2)
    if mark == 0:
        cv2.circle(picture, (240, 230), side, (30, 30, 200), -1)
    elif mark == 1:
        cv2.rectangle(picture, (240 - side, 230 - side), (240 + side, 230 + side), (60, 40, 20), 5)
    else:
        cv2.line(picture, (240 - side, 230 + side), (240 + side, 230 - side), (20, 90, 20), 12)
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
@pytest.mark.parametrize(("one", "other"), [(0, 1), (0, 2), (1, 2)])
def test_another_logo_on_the_same_product_is_another_scene(
    share: float, one: int, other: int
) -> None:
    assert worst_spot(template(one, share), template(other, share)) > SAME_SCENE
    assert worst_spot(template(one, share), template(one, share)) == 0


async def test_images_of_one_colour_are_blank_and_not_near(tmp_path: Path, check: Check) -> None:
    root = make(tmp_path / "d", as_file(np.full((90, 90, 3), 250, np.uint8)), "images/train/z.jpg")
    put(root / "images/train/y.jpg", as_file(np.full((120, 90, 3), 251, np.uint8)))
    put(root / "labels/train/y.txt", "")
    report = await check(root)
    assert report["summary"]["blank_image"] == 2
    assert not of(report, "duplicate", "identical")


async def test_a_later_check_of_the_same_files_compares_nothing_again(tmp_path: Path) -> None:
    asked: list[str] = []

    class Counting(HereAndNow):
        async def run(self, work: Callable[[Any], Any], given: Any) -> Any:
            asked.append(work.__name__)
            return work(given)

    root = make(tmp_path / "d", as_file(again(scene(5), 60)), "images/train/z.jpg")
    put(root / "labels/train/t5.txt", "0 0.5 0.5 0.4 0.4\n")
    workers, summaries = Counting(), []
    for turn in range(2):
        folder = tmp_path / f"found{turn}"
        folder.mkdir()
        report = await validate(
            root,
            ValidateOptions(),
            named="d",
            validation_id="job",
            roots=(tmp_path,),
            means=Means(workers),
            found=Found(FindingsWriter(folder), Findings(100)),
            progress=quiet,
        )
        summaries.append(report["summary"])
        assert sorted(asked) == ["compare", "describe"]
    assert summaries[0] == summaries[1]
    assert summaries[0]["near_duplicate"] == 1


async def quiet(done: int, of: int, stage: str) -> None: ...
