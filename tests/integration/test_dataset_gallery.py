"""The images of a dataset by REST, on a whole stack: folders under the roots, and versions."""

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from libs.client import ApiError, Client
from tests.answers import promised
from tests.conftest import Stack
from tests.planted.base import TRAIN, VAL, image, make, put, text
from tests.planted.scenes import label


@pytest.fixture(scope="module")
def folder(stack: Stack) -> Path:
    """A dataset directly under a root: it is known by the folder's name."""
    root = make(stack.home.parent / "gallery set")
    put(text(root, 2), "")
    put(text(root, 3), "0 0.3 0.3 0.2 0.2\n")
    put(text(root, 4), "9 0.5 0.5 0.1 0.1\n")
    put(image(root, 5), b"no picture")
    return root


def listed(http: httpx.Client, name: str, **query: Any) -> list[dict[str, Any]]:
    answer = http.get(f"/datasets/{name}/images", params=query)
    rows: list[dict[str, Any]] = promised(answer)
    return rows


def test_images_are_listed_by_split_and_class_with_their_boxes(
    http: httpx.Client, folder: Path
) -> None:
    name = folder.name
    assert len(listed(http, name)) == TRAIN + VAL
    assert {row["split"] for row in listed(http, name, split="val")} == {"val"}
    bags = listed(http, name, **{"class": "bag"})
    assert len(bags) == TRAIN + VAL - 3  # background, a cup alone, a dropped label
    assert http.get(f"/datasets/{name}/images", params={"class": "hat"}).status_code == 404
    first = listed(http, name, split="train")[0]
    told = promised(http.get(first["url"].removeprefix("/api/v1/ml")))
    assert told["lines"] == label(0).splitlines()
    assert [box["line"] for box in told["boxes"]] == [1, 2]
    numbers = [*(float(word) for word in told["lines"][0].split()), 1]
    assert first["boxes"][0] == pytest.approx(numbers, abs=1e-5)
    assert (told["width"], told["height"], told["file"]) == (160, 120, "images/train/t00.jpg")
    names = ("class_id", "x", "y", "width", "height")
    assert [[box[name] for name in names] for box in told["boxes"]] == [
        pytest.approx([float(word) for word in row.split()]) for row in label(0).splitlines()
    ]


def test_pages_follow_each_other(http: httpx.Client, folder: Path) -> None:
    seen: list[str] = []
    url, query = f"/datasets/{folder.name}/images", {"limit": 7}
    while True:
        page = http.get(url, params=query or None)
        seen += [row["id"] for row in page.json()]
        if "next" not in page.links:
            break
        url, query = str(page.url.join(page.links["next"]["url"])), {}
    assert len(seen) == len(set(seen)) == TRAIN + VAL


def test_a_thumbnail_is_small_cached_and_never_anything_but_a_picture(
    http: httpx.Client, folder: Path
) -> None:
    rows = {row["file"]: row for row in listed(http, folder.name)}
    url = rows["images/train/t00.jpg"]["thumbnail_url"].removeprefix("/api/v1/ml")
    answer = http.get(url.replace("size=320", "size=64"))
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (64, 48)
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert http.get(url.replace("size=320", "size=64"), headers=tag).status_code == 304
    assert http.get(url.replace("320", "64&boxes=true")).content != answer.content
    assert http.get(url.replace("320", "5000")).status_code == 422
    bad = rows["images/train/t05.jpg"]["thumbnail_url"].removeprefix("/api/v1/ml")
    assert http.get(bad).status_code == 422
    assert http.get(f"/datasets/{folder.name}/images/none").status_code == 404
    assert http.get("/datasets/..%2F..%2Fetc/images").status_code == 404
    assert http.get("/datasets/no-such-set/images").status_code == 404


def test_images_with_a_finding_are_those_of_the_newest_check(
    http: httpx.Client, folder: Path
) -> None:
    url = f"/datasets/{folder.name}/images"
    assert http.get(url, params={"finding": "not_an_image"}).status_code == 422
    http.post("/dataset/validate", json={"dataset_path": str(folder)}).raise_for_status()
    assert [row["file"] for row in listed(http, folder.name, finding="not_an_image")] == [
        "images/train/t05.jpg"
    ]
    assert [row["file"] for row in listed(http, folder.name, finding="class_out_of_range")] == [
        "images/train/t04.jpg"
    ]


def test_the_images_of_a_check_are_found_by_rule_and_by_file(
    http: httpx.Client, folder: Path
) -> None:
    body = {"dataset_path": str(folder / "data.yaml"), "mode": "fast"}
    checked = promised(http.post("/dataset/validate", json=body))
    url = f"/dataset/validate/{checked['validation_id']}/images"
    answer = http.get(url, params={"finding": "class_out_of_range"})
    assert answer.headers["X-Total-Count"] == "1"
    (row,) = promised(answer)
    assert (row["label_file"], row["objects"]) == ("labels/train/t04.txt", 0)
    assert "class" in row["dropped"]
    assert (row["boxes"], row["lost"]) == ([], [[9, 0.5, 0.5, 0.1, 0.1, 1]])
    files = ["labels/train/t04.txt", "images/val/v01.jpg"]
    both = promised(http.get(url, params={"file": files}))
    assert [each["file"] for each in both] == ["images/train/t04.jpg", "images/val/v01.jpg"]
    one = promised(http.get(row["url"].removeprefix("/api/v1/ml")))
    assert one["lines"] == ["9 0.5 0.5 0.1 0.1"]
    shown = http.get(row["thumbnail_url"].removeprefix("/api/v1/ml"))
    assert shown.headers["content-type"] == "image/jpeg"
    assert http.get("/dataset/validate/none/images").status_code == 404
    with Client(str(http.base_url).removesuffix("/api/v1/ml/")) as client:
        told = client.checked_images(checked["validation_id"], file=files)
        assert [each["id"] for each in told] == [each["id"] for each in both]
        whole = [each["id"] for each in client.dataset_images(folder.name)]
        assert len(set(whole)) == len(whole) == TRAIN + VAL
        with pytest.raises(ApiError, match="already"):
            client.cancel_dataset_job(checked["validation_id"])


def test_pages_of_a_split_know_their_number_and_can_be_opened_anywhere(
    http: httpx.Client, folder: Path
) -> None:
    url = f"/datasets/{folder.name}/images"
    whole = http.get(url, params={"split": "train"})
    assert whole.headers["X-Total-Count"] == str(TRAIN)
    third = http.get(url, params={"split": "train", "cursor": 2, "limit": 3})
    assert promised(third) == promised(whole)[2:5]


def test_a_registered_version_is_shown_from_the_store(http: httpx.Client, tmp_path: Path) -> None:
    root = make(tmp_path / "d")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(root.rglob("*")):
            archive.write(path, path.relative_to(root).as_posix())
    answer = http.post(
        "/upload/dataset?dataset_name=shown", files={"file": ("d.zip", packed.getvalue())}
    )
    assert answer.status_code == 200, answer.text
    rows = listed(http, "shown", split="val")
    assert [row["objects"] for row in rows] == [2] * VAL
    shown = http.get(rows[0]["thumbnail_url"].removeprefix("/api/v1/ml"))
    assert Image.open(io.BytesIO(shown.content)).size == (160, 120)
