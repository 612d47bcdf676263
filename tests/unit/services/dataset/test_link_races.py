"""Somebody swaps a file or a folder for a link between look and read: nothing outside is had."""

import os
from pathlib import Path

import pytest

from services.dataset.label_files import OUTSIDE, LabelReader

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
    reader = LabelReader((str(inside.parent),))
    path = os.fsencode(inside / "a.txt")
    assert reader.read(path)[0] == PLAIN
    inside.rename(inside.with_name("aside"))
    inside.symlink_to(outside)
    assert reader.read(path)[::2] == (None, OUTSIDE)
    inside.unlink()
    inside.with_name("aside").rename(inside)
    assert reader.read(path)[0] == PLAIN


def test_a_link_that_led_elsewhere_when_it_was_looked_at(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, outside = places
    (inside / "link.txt").symlink_to(inside / "a.txt")
    reader = LabelReader((str(inside.parent),))
    assert reader.fence
    look = reader.fence.allows

    def looked_at_then_swapped(path: str | Path) -> bool:
        allowed = look(path)
        if str(path).endswith("link.txt"):
            (inside / "link.txt").unlink()
            (inside / "link.txt").symlink_to(outside / "a.txt")
        return allowed

    monkeypatch.setattr(reader.fence, "allows", looked_at_then_swapped)
    assert reader.read(os.fsencode(inside / "link.txt"))[::2] == (None, OUTSIDE)
