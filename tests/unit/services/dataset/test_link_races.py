"""Somebody swaps a file or a folder for a link between look and read: nothing outside is had."""

import os
from pathlib import Path

import pytest

from libs.common.dataset_files import OUTSIDE
from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.findings import Rules
from services.dataset.images import look_at_image
from services.dataset.label_files import read_label
from services.dataset.opening import Opener

SECRET = b"0 0.5 0.5 0.1 0.1  a secret"
PLAIN = b"0 0.5 0.5 0.2 0.2"


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Labels that may be read, and others."""
    inside, outside = tmp_path / "root" / "labels", tmp_path / "outside"
    for folder, content in ((inside, PLAIN), (outside, SECRET)):
        folder.mkdir(parents=True)
        (folder / "a.txt").write_bytes(content)
    return inside, outside


def test_a_folder_that_became_a_link_after_it_was_looked_at(places: tuple[Path, Path]) -> None:
    inside, outside = places
    held = Opener((str(inside.parent),))
    path = os.fsencode(inside / "a.txt")
    assert read_label(path, held)[0] == PLAIN
    inside.rename(inside.with_name("aside"))
    inside.symlink_to(outside)
    assert read_label(path, held)[0] == PLAIN  # of the folder that was looked at
    held.close()
    assert read_label(path, held)[::2] == (None, OUTSIDE)
    inside.unlink()
    inside.with_name("aside").rename(inside)
    assert read_label(path, held)[0] == PLAIN
    held.close()


def test_a_link_that_led_elsewhere_when_it_was_looked_at(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, outside = places
    (inside / "link.txt").symlink_to(inside / "a.txt")
    opener = Opener((str(inside.parent),))
    assert opener.fence
    look = opener.fence.allows

    def looked_at_then_swapped(path: str | Path) -> bool:
        allowed = look(path)
        if str(path).endswith("link.txt"):
            (inside / "link.txt").unlink()
            (inside / "link.txt").symlink_to(outside / "a.txt")
        return allowed

    monkeypatch.setattr(opener.fence, "allows", looked_at_then_swapped)
    assert read_label(os.fsencode(inside / "link.txt"), opener)[::2] == (None, OUTSIDE)
    opener.close()


def test_an_image_that_became_a_link_after_it_was_listed(places: tuple[Path, Path]) -> None:
    inside, outside = places
    (inside / "a.jpg").symlink_to(outside / "a.txt")
    opener = Opener((str(inside.parent),))
    facts = look_at_image(inside / "a.jpg", Rules(CATALOGUE, {}), full=True, opener=opener)
    assert facts.fault
    assert facts.fault.rule == "symlink_outside_root"
    assert facts.size_bytes == 0
    opener.close()
