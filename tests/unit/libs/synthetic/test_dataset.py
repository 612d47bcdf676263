"""A synthetic dataset is whole or absent, and the same bytes however it was drawn."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from libs.common.errors import BadInput, Conflict, TransientError
from libs.synthetic import DatasetSpec, write_dataset

SPEC = DatasetSpec(
    classes=("nike", "shell", "puma"),
    counts={"train": 20, "val": 7, "test": 5},
    size=96,
    empty_share=0.25,
    distractors=("figma", "kodi"),
)
ROOT = Path(__file__).resolve().parents[4]
DEADLINE_S = 30.0


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def partial_of(out: Path) -> Path:
    return out.parent / f".{out.name}.partial"


def test_one_worker_and_two_write_the_same_bytes(tmp_path: Path) -> None:
    alone = write_dataset(tmp_path / "alone", SPEC, workers=1)
    together = write_dataset(tmp_path / "together", SPEC, workers=2)
    assert tree(tmp_path / "alone") == tree(tmp_path / "together")
    assert alone.sha256 == together.sha256


def test_an_image_does_not_depend_on_how_many_follow(tmp_path: Path) -> None:
    write_dataset(tmp_path / "short", replace(SPEC, counts={"train": 5}))
    write_dataset(tmp_path / "long", replace(SPEC, counts={"train": 9}))
    short, long = tree(tmp_path / "short"), tree(tmp_path / "long")
    images = [name for name in short if name.startswith(("images", "labels"))]
    assert len(images) == 10
    assert all(short[name] == long[name] for name in images)


def test_another_seed_draws_other_images(tmp_path: Path) -> None:
    first = write_dataset(tmp_path / "first", replace(SPEC, counts={"train": 4}))
    second = write_dataset(tmp_path / "second", replace(SPEC, counts={"train": 4}, seed=1))
    assert first.sha256 != second.sha256


def test_the_splits_share_no_image(tmp_path: Path) -> None:
    write_dataset(tmp_path / "set", SPEC)
    images = list((tmp_path / "set/images").rglob("*.jpg"))
    assert len({path.read_bytes() for path in images}) == len(images) == 32


def test_every_image_has_a_label_file_and_the_empty_ones_an_empty_file(tmp_path: Path) -> None:
    summary = write_dataset(tmp_path / "set", SPEC)
    images = sorted((tmp_path / "set/images").rglob("*.jpg"))
    labels = sorted((tmp_path / "set/labels").rglob("*.txt"))
    assert [path.stem for path in images] == [path.stem for path in labels]
    empties = dict.fromkeys(SPEC.counts, 0)
    for label in labels:
        empties[label.parent.name] += label.read_text() == ""
    assert empties == {"train": 5, "val": 1, "test": 1}
    assert summary.backgrounds == 7


def test_data_yaml_names_folders_beside_it_so_that_the_tree_can_move(tmp_path: Path) -> None:
    write_dataset(tmp_path / "set", SPEC)
    moved = (tmp_path / "set").rename(tmp_path / "moved")
    config = yaml.safe_load((moved / "data.yaml").read_text())
    assert config["names"] == {0: "nike", 1: "shell", 2: "puma"}
    assert "path" not in config
    counts = {split: len(list((moved / config[split]).glob("*.jpg"))) for split in SPEC.counts}
    assert counts == SPEC.counts


def test_a_split_of_no_images_is_not_named(tmp_path: Path) -> None:
    write_dataset(tmp_path / "set", replace(SPEC, counts={"train": 2, "val": 1, "test": 0}))
    assert "test" not in yaml.safe_load((tmp_path / "set/data.yaml").read_text())


def test_progress_rises_to_the_number_of_images(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_dataset(tmp_path / "set", SPEC, on_progress=lambda done, all_: told.append((done, all_)))
    assert told == [(16, 32), (32, 32)]


def test_the_same_dataset_is_reused_and_not_drawn_again(tmp_path: Path) -> None:
    first = write_dataset(tmp_path / "set", SPEC)
    told: list[int] = []
    again = write_dataset(tmp_path / "set", SPEC, on_progress=lambda done, _: told.append(done))
    assert again.reused
    assert not told
    assert replace(again, seconds=first.seconds, reused=False) == first


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    write_dataset(tmp_path / "set", SPEC)
    before = tree(tmp_path / "set")
    with pytest.raises(Conflict, match="name another folder"):
        write_dataset(tmp_path / "set", replace(SPEC, seed=1))
    assert tree(tmp_path / "set") == before


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    assert write_dataset(tmp_path / "set", SPEC).images == 32
    assert (tmp_path / "set/data.yaml").exists()


def test_an_unknown_brand_is_named_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nosuchbrand"):
        write_dataset(tmp_path / "set", replace(SPEC, distractors=("nosuchbrand",)))
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_generation_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "set", SPEC, on_progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_generation_leaves_no_half_dataset_and_the_next_one_is_whole(
    tmp_path: Path,
) -> None:
    out = tmp_path / "set"
    command = [
        sys.executable,
        "-m",
        "libs.synthetic",
        str(out),
        "--train",
        "5000",
        "--workers",
        "1",
    ]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + DEADLINE_S
        while not list(partial_of(out).glob("images/train/*.jpg")):
            assert time.monotonic() < deadline, "no image was drawn"
            os.sched_yield()
        process.send_signal(signal.SIGKILL)
    assert not out.exists()
    write_dataset(out, SPEC)
    write_dataset(tmp_path / "fresh", SPEC)
    assert tree(out) == tree(tmp_path / "fresh")
    assert not partial_of(out).exists()


def test_two_writers_of_one_folder_do_not_mix(tmp_path: Path) -> None:
    partial_of(tmp_path / "set").mkdir()
    other = os.open(partial_of(tmp_path / "set"), os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    try:
        with pytest.raises(TransientError, match="another process"):
            write_dataset(tmp_path / "set", SPEC)
    finally:
        os.close(other)
    assert write_dataset(tmp_path / "set", SPEC).images == 32


def test_the_note_beside_data_yaml_tells_what_was_asked_for(tmp_path: Path) -> None:
    summary = write_dataset(tmp_path / "set", SPEC)
    note = json.loads((tmp_path / "set/synthetic.json").read_text())
    assert note["spec"] == json.loads(json.dumps(SPEC.as_json()))
    assert note["sha256"] == summary.sha256
