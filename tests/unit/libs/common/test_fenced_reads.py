"""What libraries of a child open under a place lies inside, whatever its name became meanwhile."""

import builtins
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from libs.common.dataset_files import Fence, OutsideError
from libs.common.fenced_reads import fence_reads

SECRET = "root-of-all-secrets"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """In a dataset under the roots; beside them lies what nobody may read."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text(SECRET)
    folder = tmp_path / "roots/d"
    folder.mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(folder / "a.png")
    return folder / "a.png"


def swap(image: Path) -> None:
    """A moment later the image is a link out."""
    image.unlink()
    image.symlink_to(image.parents[2] / "outside/secret")


def test_a_fence_opens_what_lies_inside_and_nothing_that_was_swapped(image: Path) -> None:
    fence = Fence([image.parents[1]])
    assert fence.allows(image)
    with open(fence.open(image), "rb") as file:  # noqa: PTH123
        assert file.read(4) == b"\x89PNG"
    swap(image)
    with pytest.raises(OutsideError):
        fence.open(image)


def test_numpy_pillow_and_python_read_nothing_that_was_swapped(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(io, "open", io.open)
    monkeypatch.setattr(builtins, "open", builtins.open)
    farm = image.parents[2] / "farm"
    farm.mkdir()
    (farm / "a.png").symlink_to(image)
    fence_reads([str(farm)], [str(image.parents[1]), str(farm)])
    assert np.fromfile(farm / "a.png", np.uint8).size > 0
    with Image.open(farm / "a.png") as picture:
        assert picture.size == (4, 4)
    swap(image)
    assert (image.parents[2] / "outside/secret").read_text() == SECRET  # our own files stay ours
    with pytest.raises(OutsideError):
        np.fromfile(farm / "a.png", np.uint8)
    with pytest.raises((OutsideError, UnidentifiedImageError)):
        Image.open(farm / "a.png")
    with pytest.raises(OutsideError):
        (farm / "a.png").read_text()
