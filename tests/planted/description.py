"""Faults in data.yaml and in lists of images."""

from collections.abc import Callable
from pathlib import Path

from tests.planted.base import YAML as GOOD
from tests.planted.base import Defect, describe, make, put, text

SPLITS = "train: images/train\nval: images/val\n"
NAMES = "names: [cup, bag]\n"


def _yaml(rule: str, name: str, yaml: str | bytes, *also: str) -> Defect:
    return Defect(rule, name, lambda d: describe(d, yaml), also=also)


def _lists(root: Path, train: list[str], val: list[str] | None = None) -> None:
    put(root / "train.txt", "".join(f"{line}\n" for line in train))
    line = "val: images/val\n"
    if val is not None:
        put(root / "val.txt", "".join(f"{line}\n" for line in val))
        line = "val: val.txt\n"
    describe(root, f"train: train.txt\n{line}{NAMES}")


def _names(root: Path, split: str = "train") -> list[str]:
    return [f"./images/{split}/{p.name}" for p in sorted((root / f"images/{split}").iterdir())]


def _listed(change: Callable[[list[str]], list[str]]) -> Callable[[Path], object]:
    return lambda d: _lists(d, change(_names(d)))


def _unlabelled_in_a_list(root: Path) -> None:
    _lists(root, _names(root))
    text(root, 1).unlink()


def _parent(root: Path) -> None:
    describe(root, f"train: images\nval: images/val\n{NAMES}")


DEFECTS = [
    _yaml("yaml_syntax_error", "open bracket", "train: [\nval: images/val\n" + NAMES),
    _yaml("yaml_syntax_error", "colon", SPLITS + "names: cup: bag\n"),
    _yaml("yaml_syntax_error", "quote", SPLITS + "names: ['cup, bag]\n"),
    _yaml("yaml_syntax_error", "bad indent", SPLITS + "names:\n  0: cup\n 1: bag\n"),
    _yaml("yaml_tab_indent", "tab", SPLITS + "names:\n\t0: cup\n\t1: bag\n"),
    _yaml("yaml_tab_indent", "second line", SPLITS + "names:\n  0: cup\n\t1: bag\n"),
    _yaml("yaml_tab_indent", "in a list", SPLITS + "names:\n\t- cup\n\t- bag\n"),
    _yaml("yaml_not_mapping", "list", "- images/train\n- images/val\n"),
    _yaml("yaml_not_mapping", "text", "this is my dataset\n"),
    _yaml("yaml_empty", "nothing", ""),
    _yaml("yaml_empty", "a comment", "# to be written\n"),
    _yaml("yaml_duplicate_key", "val", GOOD + "val: images/train\n"),
    _yaml("yaml_duplicate_key", "a class number", SPLITS + "names:\n  0: cup\n  1: bag\n  1: bag\n"),
    _yaml("yaml_unsafe_tag", "apply", SPLITS + "names: !!python/object/apply:os.getcwd []\n"),
    _yaml("yaml_unsafe_tag", "a name", SPLITS + "names: !!python/name:os.system\n"),
    _yaml("yaml_unsafe_tag", "a tag of one's own", SPLITS + "names: !logos [cup, bag]\n"),
    _yaml("yaml_non_utf8", "Latin-1", GOOD.replace("bag", "sac à main").encode("latin-1")),
    _yaml("yaml_non_utf8", "Shift JIS", GOOD.replace("bag", "かばん").encode("shift_jis")),
    _yaml("yaml_non_utf8", "UTF-16", GOOD.encode("utf-16")),
    _yaml("train_missing", "no key", "val: images/val\n" + NAMES),
    _yaml("train_missing", "no value", "train:\nval: images/val\n" + NAMES),
    _yaml("val_missing", "no key", "train: images/train\n" + NAMES),
    _yaml("val_missing", "empty", "train: images/train\nval: ''\n" + NAMES),
    _yaml("val_key_misnamed", "valid", GOOD.replace("val:", "valid:")),
    _yaml("val_key_misnamed", "validation", GOOD.replace("val:", "validation:")),
    _yaml("val_key_misnamed", "turned letters", GOOD.replace("val:", "vla:")),
    _yaml("val_key_misnamed", "longer", GOOD.replace("val:", "val_dir:")),
    _yaml("val_key_misnamed", "capitals", GOOD.replace("val:", "Val:")),
    _yaml("nc_names_mismatch", "more", GOOD + "nc: 5\n"),
    _yaml("nc_names_mismatch", "fewer", GOOD + "nc: 1\n"),
    _yaml("nc_not_integer", "a word", GOOD + "nc: two\n"),
    _yaml("nc_not_integer", "a fraction", GOOD + "nc: 2.5\n"),
    _yaml("nc_not_integer", "minus", GOOD + "nc: -2\n"),
    _yaml("names_and_nc_missing", "neither", SPLITS),
    _yaml("names_missing", "nc alone", SPLITS + "nc: 2\n"),
    _yaml("names_index_gap", "hole", SPLITS + "names: {0: cup, 2: bag}\n", "class_out_of_range"),
    _yaml("names_index_gap", "from one", SPLITS + "names:\n  1: cup\n  2: bag\n"),
    _yaml("names_wrong_type", "text", SPLITS + "names: cup, bag\n"),
    _yaml("names_wrong_type", "a number", SPLITS + "names: 2\n"),
    _yaml("names_wrong_type", "turned round", SPLITS + "names: {cup: 0, bag: 1}\n"),
    _yaml("names_not_strings", "On", SPLITS + "names: [On, no]\n"),
    _yaml("names_not_strings", "numbers", SPLITS + "names: {0: 1, 1: 7.5}\n"),
    _yaml("names_not_strings", "null", SPLITS + "names: [cup, ~]\n"),
    _yaml("names_duplicate", "list", SPLITS + "names: [cup, cup]\n"),
    _yaml("names_duplicate", "mapping", SPLITS + "names: {0: bag, 1: bag}\n"),
    _yaml("names_empty_string", "empty", SPLITS + "names: [cup, '']\n"),
    _yaml("names_empty_string", "a space", SPLITS + "names: [' ', bag]\n"),
    _yaml("absolute_path_missing", "path", "path: /data/logos\n" + GOOD),
    _yaml("absolute_path_missing", "of Windows", "path: C:\\data\\logos\n" + GOOD),
    _yaml("absolute_path_missing", "of a home", "path: ~/datasets/logos\n" + GOOD),
    _yaml("absolute_path_missing", "train", "train: /mnt/data/train\nval: images/val\n" + NAMES),
    _yaml("absolute_path_missing", "val of Windows", f"train: images/train\nval: D:/x/val\n{NAMES}"),
    _yaml("path_traversal", "etc", f"train: images/train\nval: ../../../../../../etc\n{NAMES}"),
    _yaml("path_traversal", "path", "path: ../../../../../../etc\n" + GOOD),
    _yaml("path_traversal", "one up", f"train: images/train\nval: ../secret/images\n{NAMES}"),
    _yaml("path_traversal", "down and up", f"train: images/../../../../../../../etc\nval: images/val\n{NAMES}"),
    _yaml("path_traversal", "not there", f"train: images/train\nval: ../../secret/images\n{NAMES}"),
    Defect(
        "path_traversal",
        "a neighbour",
        lambda d: (
            make(d.parent / f"{d.name}-other"),
            describe(d, f"train: images/train\nval: ../{d.name}-other/images/val\n{NAMES}"),
        ),
        also=("exact_duplicate_across_splits",),
    ),
    _yaml("split_path_missing", "folder", f"train: images/train\nval: images/validation\n{NAMES}"),
    _yaml("split_path_missing", "test", GOOD + "test: images/test\n"),
    _yaml("split_path_missing", "list", f"train: train.txt\nval: images/val\n{NAMES}"),
    Defect("txt_list_missing_image", "gone", _listed(lambda n: [*n, "./images/train/gone.jpg"]), "train.txt", 17),
    Defect("txt_list_missing_image", "absolute", _listed(lambda n: [*n, "/data/images/a.jpg"]), "train.txt", 17),
    Defect("txt_list_missing_image", "Windows", _listed(lambda n: [*n, "images\\train\\t00.jpg"]), "train.txt", 17),
    Defect("txt_list_duplicate_entry", "twice", _listed(lambda n: [*n, n[0]]), "train.txt", 17),
    Defect("txt_list_duplicate_entry", "in other words", _listed(lambda n: [*n, n[0][2:]]), "train.txt", 17),
    Defect("txt_list_overlap", "one", lambda d: _lists(d, _names(d), [*_names(d, "val"), "./images/train/t00.jpg"])),
    Defect("txt_list_overlap", "list and folder", lambda d: _lists(d, [*_names(d), "./images/val/v00.jpg"])),
    Defect("split_overlap_parent", "parent", _parent),
    Defect(
        "split_overlap_parent",
        "child",
        lambda d: describe(d, f"train: images/train\nval: images\n{NAMES}"),
    ),
    _yaml("yaml_download_code", "code", GOOD + "download: |\n  import os\n  os.getcwd()\n"),
    _yaml("yaml_download_code", "address", GOOD + "download: https://example.com/logos.zip\n"),
    Defect("two_yaml_files", "another", lambda d: put(d / "dataset.yaml", GOOD)),
    Defect("two_yaml_files", "a copy", lambda d: put(d / "data (1).yaml", GOOD)),
    Defect("two_yaml_files", "yml", lambda d: put(d / "data.yml", GOOD)),
    Defect("image_without_label", "listed", _unlabelled_in_a_list),
]  # fmt: skip
