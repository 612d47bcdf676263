"""Stored predictions are those of images, wherever these lie now; never those of other bytes."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from libs.common.dataset_files import Fence
from libs.common.dataset_survey import survey_dataset
from libs.common.errors import BadInput
from services.analyzer.domain.evidence import evidence
from services.analyzer.parquet import Image, write_matches
from services.dataset.listing import Listing, list_dataset
from services.dataset.predictions import Predictions, find_images, read_predictions
from tests.unit.services.dataset.conftest import put


async def quiet(done: int, of: int, stage: str) -> None:
    assert 0 <= done <= of
    assert stage


def listed(root: Path) -> Listing:
    return list_dataset(survey_dataset(root, (), list_images=False), Fence(()), lambda _: None)


def stored(root: Path, *, members: bool = False, hashes: bool = True) -> Predictions:
    """A bag in the middle of each val image, by a real validation's file; and a faint cup."""
    paths = sorted((root / "images/val").iterdir())
    images = tuple(
        Image(
            str(path),
            32,
            24,
            path.relative_to(root).as_posix() if members else "",
            hashlib.sha256(path.read_bytes()).hexdigest() if hashes else "",
        )
        for path in paths
    )
    at, box = np.arange(len(paths)), np.tile([8.0, 6.0, 24.0, 18.0], (len(paths), 1))
    both = np.concatenate([at, at])
    data = evidence(
        images=len(paths),
        classes=("bag", "cup"),
        labels=(at, 0 * at, box),
        detections=(both, both * 0 + (np.arange(len(both)) >= len(at)),
                    np.where(np.arange(len(both)) < len(at), 0.9, 0.01), np.tile(box, (2, 1))),
    )  # fmt: skip
    write_matches(data, images, {}, root.parent / "matches.parquet")
    return read_predictions(root.parent / "matches.parquet", "job1")


@pytest.mark.parametrize("members", [False, True])
async def test_images_are_found_in_place_and_by_their_bytes_elsewhere(
    root: Path, tmp_path: Path, members: bool
) -> None:
    said = stored(root, members=members)
    listing = listed(root)
    await find_images(said, listing, quiet)
    assert said.row.tolist() == list(range(24, 30))
    predicted = said.of_dataset(30, ("cup", "bag"))
    assert predicted.class_d.tolist() == [1] * 6  # by name; what is faint is left out
    assert predicted.image_d.tolist() == said.row.tolist()
    assert predicted.box_d4[0].tolist() == [0.25, 0.25, 0.75, 0.75]
    elsewhere = tmp_path / "copy"
    shutil.copytree(root, elsewhere)
    moved = elsewhere / "images/train/val03.jpg"
    (elsewhere / "images/val/val03.jpg").rename(moved)
    await find_images(said, here := listed(elsewhere), quiet)
    assert [here.paths.raw(row).decode() for row in said.row[2:5]] == [
        "images/val/val02.jpg",
        "images/train/val03.jpg",
        "images/val/val04.jpg",
    ]
    assert said.told(0.5)["images_of_others"] == 0


async def test_an_image_that_has_changed_since_is_not_judged_by_them(root: Path) -> None:
    said = stored(root)
    put(root / "images/val/val02.jpg", (root / "images/val/val01.jpg").read_bytes())
    await find_images(said, listed(root), quiet)
    assert said.row.tolist() == [24, 25, -1, 27, 28, 29]
    assert said.told(None) == {
        "name": "job1",
        "images": 5,
        "images_changed": 1,
        "images_of_others": 0,
        "from_confidence": None,
        "note": "The model is not sure enough on these images to contradict labels: "
        "they were judged by their looks alone.",
    }
    assert not said.of_dataset(30, ("cup", "bag")).seen_n[26]


async def test_old_predictions_without_hashes_count_where_the_path_is_the_same(
    root: Path, tmp_path: Path
) -> None:
    said = stored(root, hashes=False)
    await find_images(said, listed(root), quiet)
    assert said.row.tolist() == list(range(24, 30))
    shutil.copytree(root, tmp_path / "copy")
    with pytest.raises(BadInput, match="has none of the images") as caught:
        await find_images(said, listed(tmp_path / "copy"), quiet)
    assert caught.value.code == "other_images"


@pytest.mark.parametrize("content", [b"", b"PAR1 nonsense PAR1"])
def test_what_is_no_stored_validation_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadInput, match="validate the model again") as caught:
        read_predictions(put(tmp_path / "x.parquet", content), "job1")
    assert caught.value.code == "unreadable_predictions"
