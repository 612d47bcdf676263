"""Somebody swaps a file or a folder for a link while it is read: nothing outside is ever had."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from services.dataset.label_files import LabelReader

SECRET = b"0 0.5 0.5 0.1 0.1  a secret"
PLAIN = b"0 0.5 0.5 0.2 0.2"
READS = 3000


def swap_file(inside: Path, outside: Path) -> None:
    new = inside.with_name("new")
    new.symlink_to(outside / "a.txt")
    new.replace(inside / "a.txt")
    new.write_bytes(PLAIN)
    new.replace(inside / "a.txt")


def swap_folder(inside: Path, outside: Path) -> None:
    inside.rename(inside.with_name("aside"))
    inside.symlink_to(outside)
    inside.unlink()
    inside.with_name("aside").rename(inside)


@pytest.mark.parametrize("swap", [swap_file, swap_folder])
def test_a_link_that_appears_between_look_and_read_leads_nowhere(
    tmp_path: Path, swap: Callable[[Path, Path], None]
) -> None:
    inside, outside = tmp_path / "root" / "labels", tmp_path / "outside"
    inside.mkdir(parents=True)
    outside.mkdir()
    (inside / "a.txt").write_bytes(PLAIN)
    (outside / "a.txt").write_bytes(SECRET)
    over = threading.Event()

    def attack() -> None:
        while not over.is_set():
            swap(inside, outside)

    attacker = threading.Thread(target=attack)
    attacker.start()
    try:
        reader = LabelReader((str(tmp_path / "root"),))
        read = [reader.read(os.fsencode(inside / "a.txt")) for _ in range(READS)]
    finally:
        over.set()
        attacker.join()
    assert {raw for raw, _, _ in read} <= {PLAIN, None}
    assert PLAIN in {raw for raw, _, _ in read}
