"""What may be read: what lies under the roots, and of our own home nothing but the datasets."""

import os
from pathlib import Path

import pytest

from libs.common.dataset_files import Fence, OutsideError
from services.dataset.label_files import read_label
from services.dataset.opening import Opener


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root as it is by default: the folder in which the stack was started holds its home."""
    for name in ("data/labels/a.txt", "home/datasets/d/a.txt", "home/secrets.json", "home/logs/l"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("0 0.5 0.5 0.1 0.1\n")
    return tmp_path


def test_the_home_of_a_stack_is_closed_though_it_lies_under_a_root(root: Path) -> None:
    home = root / "home"
    fence = Fence([root, home / "datasets"])
    for name in ("data", "data/labels/a.txt", "home/datasets", "home/datasets/d/a.txt", ""):
        assert fence.allows(root / name), name
    for name in ("home/secrets.json", "home/logs/l", "home/logs", "home/gone", "home/"):
        assert not fence.allows(f"{root}/{name}"), name
    os.close(fence.open(home / "datasets/d/a.txt"))
    for name in ("secrets.json", "logs/l"):
        with pytest.raises(OutsideError):
            fence.open(home / name)


@pytest.mark.parametrize("target", ["secrets.json", "logs/l"])
def test_a_link_from_a_dataset_into_the_home_is_not_followed(root: Path, target: str) -> None:
    link = root / "data/labels/b.txt"
    link.symlink_to(root / "home" / target)
    fence = Fence([root])
    assert not fence.allows(link)
    with pytest.raises(OutsideError):
        fence.open(link)
    data, _, reason = read_label(os.fsencode(link), Opener((str(root),)))
    assert data is None
    assert reason


def test_without_roots_everything_is_allowed(root: Path) -> None:
    assert Fence(()).allows(root / "home/secrets.json")
