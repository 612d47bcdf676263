"""What was looked at, and is a link out by the time it is read, gets into no version or picture."""

from pathlib import Path

import pytest

from libs.common.artifacts import ArtifactStore
from libs.common.dataset_files import Fence
from libs.common.errors import BadInput
from services.dataset.contents import Contents
from services.dataset.registry import Registry, measure
from tests.planted.scenes import photo


@pytest.fixture
def swapped(tmp_path: Path) -> tuple[Path, Fence]:
    """An image that became a link to one that nobody may see."""
    inside, outside = tmp_path / "root/d", tmp_path / "outside"
    inside.mkdir(parents=True)
    outside.mkdir()
    image, fence = inside / "a.jpg", Fence([tmp_path / "root"])
    image.write_bytes(photo(1))
    assert measure(image, fence)[1] > 0
    image.unlink()
    (outside / "a.jpg").write_bytes(photo(2))
    image.symlink_to(outside / "a.jpg")
    return image, fence


def test_pictures_show_nothing_that_was_swapped(swapped: tuple[Path, Fence]) -> None:
    image, fence = swapped
    with pytest.raises(BadInput, match="link out"):
        Contents(ArtifactStore(None), image.parent, fence).read(image)


async def test_a_version_holds_nothing_that_was_swapped_or_changed_after_it_was_measured(
    swapped: tuple[Path, Fence],
) -> None:
    image, fence = swapped
    registry = Registry(None, ArtifactStore(None), fence=fence)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="link out"):
        measure(image, fence)
    with pytest.raises(BadInput, match="link out"):
        await registry._send_file("k", "0" * 64, image)
    image.unlink()
    image.write_bytes(photo(3))
    with pytest.raises(BadInput, match="changed"):
        await registry._send_file("k", "0" * 64, image)
