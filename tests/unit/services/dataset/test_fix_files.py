"""Fixes of which files there are and belong together, each alone: done, or left with the reason."""

import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from libs.common.dataset_survey import survey_dataset
from services.dataset.contents import Contents
from services.dataset.domain.draft import Picture
from services.dataset.editions import Edition
from services.dataset.fix_files import (
    fix_classes,
    fix_duplicates,
    fix_files,
    fix_unlabelled,
)
from services.dataset.found import Place, Places
from services.dataset.sources import draft_of_folder
from tests.unit.services.dataset.conftest import jpeg, make_dataset, put

LABEL = "0 0.3 0.3 0.2 0.2\n1 0.7 0.7 0.2 0.2\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_dataset(tmp_path / "d", train=4, val=2)


def opened(root: Path) -> Edition:
    draft = draft_of_folder(survey_dataset(root, [root]), [root])
    return Edition(draft, Contents(None, Path()))  # type: ignore[arg-type]


def label(edition: Edition, key: str) -> str | None:
    picture = edition.draft.pictures[key]
    return None if picture.label is None else edition.contents.text(picture.label)


@pytest.mark.parametrize(
    ("rule", "moved"),
    [
        ("label_in_images_dir", "images/train/train00.txt"),
        ("label_in_wrong_split", "labels/val/train00.txt"),
        ("label_case_mismatch", "labels/train/Train00.TXT".replace("TXT", "txt")),
    ],
)
def test_a_misplaced_label_comes_to_its_image(root: Path, rule: str, moved: str) -> None:
    (root / "labels/train/train00.txt").rename(root / moved)
    edition = opened(root)
    assert label(edition, "train/train00.jpg") is None
    assert moved in edition.draft.strays
    left: dict[str, list[str]] = {}
    others = {"label_in_images_dir", "label_in_wrong_split", "label_case_mismatch"} - {rule}
    fix_files(edition, Places(), others, left)
    assert not edition.changes, "another rule does not touch it"
    fix_files(edition, Places(), {rule}, left)
    assert (edition.changes, left) == (Counter({rule: 1}), {})
    assert label(edition, "train/train00.jpg") == LABEL
    assert not edition.draft.strays


def test_names_in_two_unicode_forms_are_brought_together(root: Path) -> None:
    composed, split = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    put(root / f"images/train/{composed}.jpg", jpeg(9))
    put(root / f"labels/train/{split}.txt", LABEL)
    edition = opened(root)
    fix_files(edition, Places(), {"unicode_normalization_mismatch"}, {})
    assert label(edition, f"train/{composed}.jpg") == LABEL


def test_a_label_is_not_put_over_another(root: Path) -> None:
    put(root / "images/train/train00.txt", "1 0.5 0.5 0.1 0.1\n")
    edition = opened(root)
    left: dict[str, list[str]] = {}
    fix_files(edition, Places(), {"label_in_images_dir"}, left)
    assert label(edition, "train/train00.jpg") == LABEL
    assert left == {
        "label_in_images_dir": ["images/train/train00.txt: its image has a label of its own."]
    }


def test_labels_of_no_image_and_class_lists_are_left_out_when_asked(root: Path) -> None:
    put(root / "labels/train/lost.txt", LABEL)
    put(root / "labels/train/classes.txt", "cup\nbag\n")
    edition = opened(root)
    fix_files(edition, Places(), {"stray_classes_txt"}, {})
    assert set(edition.draft.strays) == {"labels/train/lost.txt"}
    fix_files(edition, Places(), {"label_without_image"}, {})
    assert not edition.draft.strays
    assert edition.changes == {"stray_classes_txt": 1, "label_without_image": 1}


def test_an_image_that_the_trainer_skips_comes_in_with_its_label(root: Path) -> None:
    put(root / "images/train/more.jfif", jpeg(50))
    put(root / "labels/train/more.txt", LABEL)
    put(root / "images/train/drawing.svg", "<svg/>")
    edition = opened(root)
    left: dict[str, list[str]] = {}
    fix_files(edition, Places(), {"unsupported_extension"}, left)
    picture = edition.draft.pictures["train/more.jfif"]
    assert (picture.path, picture.pixels) == ("images/train/more.jpg", jpeg(50))
    assert label(edition, "train/more.jfif") == LABEL
    assert "drawing.svg" in left["unsupported_extension"][0]


def test_of_two_equal_images_the_first_stays_and_what_changed_since_is_kept(root: Path) -> None:
    for name in ("twin", "other"):
        shutil.copy(root / "images/train/train00.jpg", root / f"images/val/{name}.jpg")
    rule, first = "exact_duplicate_across_splits", "images/train/train00.jpg"
    places = Places(counts=Counter({rule: 3}))
    places.by_rule[rule] = [
        Place("val", f"images/val/{name}.jpg", None, first) for name in ("twin", "other", "gone")
    ]
    put(root / "images/val/other.jpg", jpeg(77))
    edition = opened(root)
    left: dict[str, list[str]] = {}
    fix_duplicates(edition, places, {rule}, left)
    assert edition.changes == {rule: 1}
    assert {"val/other.jpg", "train/train00.jpg"} <= edition.draft.pictures.keys()
    assert "val/twin.jpg" not in edition.draft.pictures
    assert left == {rule: ["images/val/other.jpg: it is not the same any more."]}


@pytest.mark.parametrize(
    ("rule", "gone", "left_over"),
    [("pixel_identical", 2, None), ("near_duplicate", 1, "went as well. Check the new version")],
)
def test_the_double_of_a_double_goes_too_where_all_pixels_are_the_same(
    root: Path, rule: str, gone: int, left_over: str | None
) -> None:
    first, second, third = (f"images/train/train0{index}.jpg" for index in range(3))
    places = Places(counts=Counter({rule: 2}))
    places.by_rule[rule] = [
        Place("train", second, None, first),
        Place("train", third, None, second),
    ]
    edition = opened(root)
    left: dict[str, list[str]] = {}
    fix_duplicates(edition, places, {rule}, left)
    assert edition.changes == {rule: gone}
    assert "train/train00.jpg" in edition.draft.pictures
    assert ("train/train02.jpg" in edition.draft.pictures) == bool(left_over)
    assert len(left) == bool(left_over)
    assert not left_over or left_over in left[rule][0]


def test_background_is_said_by_an_empty_label(root: Path) -> None:
    (root / "labels/train/train00.txt").unlink()
    edition = opened(root)
    fix_unlabelled(edition)
    assert label(edition, "train/train00.jpg") == ""
    assert label(edition, "train/train01.jpg") == LABEL
    assert edition.changes == {"image_without_label": 1}


def test_unused_and_doubled_classes_go_and_labels_follow(root: Path) -> None:
    put(root / "data.yaml", "train: images/train\nval: images/val\nnames: [cup, Bag, none, bag ]\n")
    put(root / "labels/train/train00.txt", "3 0.5 0.5 0.1 0.1\n1 0.2 0.2 0.1 0.1\n")
    edition = opened(root)
    fix_classes(edition, {"unused_class", "duplicate_class_name"}, {})
    assert edition.draft.classes == ("cup", "Bag")
    assert label(edition, "train/train00.jpg") == "1 0.5 0.5 0.1 0.1\n1 0.2 0.2 0.1 0.1\n"
    assert edition.changes == {"unused_class": 1, "duplicate_class_name": 1}


def test_names_that_differ_in_capitals_alone_get_a_number(root: Path) -> None:
    edition = opened(root)
    pictures = dict(edition.draft.pictures)
    pictures["x"] = Picture("train", "TRAIN00.jpg", b"1", b"")
    edition.draft = edition.draft.having(pictures)
    fix_files(edition, Places(), {"case_insensitive_clash"}, {})
    names = [picture.name for picture in edition.draft.pictures.values()]
    assert len({name.casefold() for name in names}) == len(names)
    assert edition.changes == {"case_insensitive_clash": 1}
