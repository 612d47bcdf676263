"""The whole check of a dataset: rules over files and the whole, the answer's shape, no traces."""

import os
import pickle
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.findings import Rules
from services.dataset.part import Chunk, Orders
from services.dataset.workers import Workers
from tests.unit.services.dataset.conftest import Check, jpeg, make_dataset, put, tree_hash

BOXES = "0 0.3 0.3 0.2 0.2\n1 0.7 0.7 0.2 0.2\n"
TRAIN, VAL = "images/train/train00", "images/val/val00"


def move(root: Path, source: str, target: str) -> Path:
    (root / target).parent.mkdir(parents=True, exist_ok=True)
    return (root / source).rename(root / target)


def copy(root: Path, source: str, target: str, labels: str = BOXES) -> None:
    shutil.copy(root / f"{source}.jpg", root / f"{target}.jpg")
    put(root / f"{target}.txt".replace("images", "labels"), labels)


def relabel(root: Path, text: str, pattern: str = "*/*.txt") -> int:
    return sum(label.write_text(text) for label in (root / "labels").glob(pattern))


def describe(root: Path, text: str) -> Path:
    return put(root / "data.yaml", text)


def remove(paths: Iterable[Path]) -> None:
    for path in list(paths):
        path.unlink()


def everything_alike(root: Path) -> None:
    shutil.rmtree(root / "images/val")
    shutil.rmtree(root / "labels/val")
    shutil.copytree(root / "images/train", root / "images/val")
    shutil.copytree(root / "labels/train", root / "labels/val")


def mostly_background(root: Path) -> None:
    for index in range(2, 24):
        put(root / f"labels/train/train{index:02d}.txt", "")


def link_to(root: Path, target: Path) -> None:
    image = root / f"{TRAIN}.jpg"
    target.parent.mkdir(exist_ok=True)
    image.rename(target)
    image.symlink_to(target)


PLANTED: dict[str, Callable[[Path], object]] = {
    "image_without_label": lambda d: (d / "labels/train/train00.txt").unlink(),
    "label_without_image": lambda d: put(d / "labels/train/orphan.txt", BOXES),
    "label_in_wrong_split": lambda d: move(d, "labels/val/val00.txt", "labels/train/val00.txt"),
    "duplicate_stem": lambda d: put(d / "images/train/train00.jpeg", jpeg(77)),
    "label_case_mismatch": lambda d: move(
        d, "labels/train/train00.txt", "labels/train/Train00.txt"
    ),
    "unicode_normalization_mismatch": lambda d: (
        move(d, f"{TRAIN}.jpg", "images/train/caf\u00e9.jpg"),
        move(d, "labels/train/train00.txt", "labels/train/cafe\u0301.txt"),
    ),
    "label_in_images_dir": lambda d: move(d, "labels/train/train00.txt", f"{TRAIN}.txt"),
    "stray_classes_txt": lambda d: put(d / "labels/train/classes.txt", "cup\nbag\n"),
    "non_image_in_images": lambda d: put(d / "images/train/notes.md", "hello"),
    "os_junk_file": lambda d: put(d / "images/train/Thumbs.db", "x"),
    "unsupported_extension": lambda d: put(d / "images/train/more.gif", "GIF89a"),
    "broken_symlink": lambda d: (d / "images/train/x.jpg").symlink_to(d / "gone.jpg"),
    "symlink_outside_root": lambda d: link_to(d, d.parent / "elsewhere/a.jpg"),
    "control_char_in_filename": lambda d: put(d / "images/train/a\x07b.jpg", jpeg(5)),
    "exact_duplicate": lambda d: copy(d, TRAIN, "images/train/again"),
    "exact_duplicate_across_splits": lambda d: copy(d, TRAIN, "images/val/again"),
    "duplicate_image_conflicting_labels": lambda d: copy(
        d, TRAIN, "images/train/again", "1 0.5 0.5 0.1 0.1\n"
    ),
    "train_equals_val": everything_alike,
    "unused_class": lambda d: describe(
        d, "train: images/train\nval: images/val\nnames: [cup, bag, hat]\n"
    ),
    "few_samples_class": lambda d: (
        relabel(d, "0 0.3 0.3 0.2 0.2\n"),
        relabel(d, BOXES, "train/train0[0-4].txt"),
    ),
    "class_imbalance": lambda d: (
        relabel(d, "0 0.3 0.3 0.2 0.2\n"),
        relabel(d, BOXES, "train/train00.txt"),
    ),
    "class_missing_in_train": lambda d: relabel(d, "0 0.3 0.3 0.2 0.2\n", "train/*.txt"),
    "duplicate_class_name": lambda d: describe(
        d, "train: images/train\nval: images/val\nnames: [Cup, 'cup ']\n"
    ),
    "background_share": mostly_background,
    "split_ratio": lambda d: remove(d.glob("images/val/val0[1-5].jpg")),
    "split_empty": lambda d: remove(d.glob("images/val/*")),
    "absolute_path_missing": lambda d: describe(
        d, "path: /not/here\ntrain: images/train\nval: images/val\nnames: [cup, bag]\n"
    ),
    "split_path_missing": lambda d: describe(
        d, "train: images/train\nval: images/valid\nnames: [cup, bag]\n"
    ),
    "path_traversal": lambda d: describe(
        d, "train: images/train\nval: ../../../../etc\nnames: [cup, bag]\n"
    ),
    "two_yaml_files": lambda d: put(d / "dataset.yaml", "names: [a]\n"),
    "yaml_duplicate_key": lambda d: describe(
        d, "train: images/train\nval: images/val\nnames: [cup, bag]\nval: images/val\n"
    ),
    "nc_names_mismatch": lambda d: describe(
        d, "train: images/train\nval: images/val\nnc: 5\nnames: [cup, bag]\n"
    ),
    "txt_list_missing_image": lambda d: (
        put(d / "list.txt", f"./{TRAIN}.jpg\n./images/train/gone.jpg\n"),
        describe(d, "train: list.txt\nval: images/val\nnames: [cup, bag]\n"),
    ),
}


@pytest.mark.parametrize("rule", PLANTED)
async def test_a_planted_defect_is_found_with_its_weight(
    root: Path, check: Check, rule: str
) -> None:
    PLANTED[rule](root)
    report = await check(root, roots=(root.parent,))
    assert rule in report["summary"]
    found = [finding for finding in report["findings"] if finding["rule"] == rule]
    weight = next(each.severity for each in CATALOGUE if each.id == rule)
    assert {finding["severity"] for finding in found} == {weight}
    assert all(finding["message"].endswith(".") for finding in found)
    assert weight != "E" or not report["valid"]


@pytest.mark.parametrize("mode", ["full", "fast"])
async def test_a_sound_dataset_has_no_finding_at_all(root: Path, check: Check, mode: str) -> None:
    put(root / "labels/train/train00.txt", "")  # background, and said so
    move(root, f"{VAL}.jpg", "images/val/写真.jpg")
    move(root, "labels/val/val00.txt", "labels/val/写真.txt")
    before = tree_hash(root)
    report = await check(root, mode=mode)
    assert report["findings"] == []
    assert report["valid"]
    assert tree_hash(root) == before


async def test_the_answer_has_the_shape_that_clients_know(root: Path, check: Check) -> None:
    put(root / "labels/train/train00.txt", "7 0.5 0.5 0.1 0.1\n7 0.2 0.2 0.1 0.1\n")
    put(root / f"{VAL}.jpg", b"")
    report = await check(root / "data.yaml", max_examples=1)
    assert report["validation_id"] == "job1"
    assert report["dataset_path"] == "shown"
    assert not report["valid"]
    assert (report["total_images"], report["total_labels"]) == (30, 30)
    assert report["classes"] == ["cup", "bag"]
    assert report["class_distribution"]["train"] == {"cup": 23, "bag": 23}
    train = report["train_info"]
    assert (train["path"], train["exists"], train["num_images"]) == ("images/train", True, 24)
    assert train["errors"][0].startswith("train: labels/train/train00.txt, line 1: Class 7")
    assert not report["test_info"]["exists"]
    assert report["usable"] == {"train": {"images": 23, "of": 24}, "val": {"images": 5, "of": 6}}
    assert report["summary"] == {"class_out_of_range": 2, "zero_byte_image": 1}
    assert len(report["findings"]) == 2
    assert report["findings"][0] == {
        "rule": "class_out_of_range",
        "severity": "E",
        "split": "train",
        "file": "labels/train/train00.txt",
        "line": 1,
        "message": report["findings"][0]["message"],
        "value": "7",
        "fix": None,
    }
    statistics = report["statistics"]
    assert statistics["total_instances"] == 58
    assert statistics["class_balance"]["cup"] == {"count": 29, "percentage": 50.0}
    assert statistics["split_balance"]["val"] == {"count": 6, "percentage": 20.0}
    assert statistics["recommendations"][0].startswith("The trainer would leave out 2 images.")


async def test_what_is_switched_off_is_not_looked_at(root: Path, check: Check) -> None:
    put(root / f"{TRAIN}.jpg", b"")
    put(root / "labels/train/train01.txt", "9 9 9 9 9\n")
    put(root / "labels/train/orphan.txt", BOXES)
    report = await check(root, check_images=False, check_labels=False, validate_format=False)
    assert report["summary"] == {}


async def test_rules_are_set_by_the_request_and_by_the_datasets_own_file(
    root: Path, check: Check
) -> None:
    (root / "labels/train/train00.txt").unlink()
    put(root / ".shirushi-rules.yaml", "image_without_label: {severity: 'off'}\n")
    assert (await check(root))["summary"] == {}
    report = await check(root, rules={"image_without_label": {"severity": "E"}})
    assert not report["valid"]


async def test_a_yaml_that_cannot_be_read_is_a_finding_not_a_crash(
    root: Path, check: Check
) -> None:
    put(root / "data.yaml", "train: [\n")
    report = await check(root)
    assert report["summary"] == {"yaml_syntax_error": 1}
    assert report["total_images"] == 0


async def test_many_findings_keep_true_counts_and_few_examples(root: Path, check: Check) -> None:
    put(root / "labels/train/train00.txt", "5 0.5 0.5 0.1 0.1\n" * 300)
    report = await check(root, max_examples=3)
    assert report["summary"]["class_out_of_range"] == 300
    assert len([f for f in report["findings"] if f["rule"] == "class_out_of_range"]) == 3


class Deadly(bytes):
    """A path that ends any process which it is sent to."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return (os._exit, (9,))


async def test_a_file_that_kills_its_process_is_a_finding_and_the_rest_is_checked(
    tmp_path: Path,
) -> None:
    root = make_dataset(tmp_path / "d", train=3, val=0)
    images = sorted(os.fsencode(path) for path in (root / "images/train").iterdir())
    images[1] = Deadly(images[1])
    orders = Orders(2, Rules(CATALOGUE), True, True, True)
    assert pickle.dumps(orders)
    async with Workers(1) as workers:
        part = await workers.look(Chunk(tuple(images)), orders)
        again = await workers.look(Chunk((images[0],)), orders)
    assert part.images["usable"].tolist() == [True, False, True]
    assert [(index, hit.rule) for index, _, hit in part.hits] == [(1, "corrupt_scan_data")]
    assert part.boxes["image"].tolist() == [0, 0, 2, 2]
    assert again.images["usable"].tolist() == [True]
