"""A broken description is read by what it can only have meant; what stays unclear is left."""

from pathlib import Path

import pytest

from libs.common.dataset_survey import survey_dataset
from services.dataset.understanding import understand
from tests.unit.services.dataset.conftest import make_dataset, put, tree_hash

NAMES = "names: [cup, bag]\n"
SPLITS = "train: images/train\nval: images/val\n"


@pytest.mark.parametrize(
    ("rule", "text", "names"),
    [
        ("val_key_misnamed", f"train: images/train\nvalidation: images/val\n{NAMES}", None),
        ("val_missing", f"train: images/train\n{NAMES}", None),
        ("train_missing", f"val: images/val\n{NAMES}", None),
        ("nc_names_mismatch", f"{SPLITS}nc: 7\n{NAMES}", None),
        ("names_wrong_type", f"{SPLITS}names: cup, bag\n", None),
        ("names_wrong_type", f"{SPLITS}names: {{cup: 0, bag: 1}}\n", None),
        ("names_index_gap", f"{SPLITS}names: {{0: cup, 2: bag}}\n", ("cup", "class_1", "bag")),
        ("names_index_gap", f"{SPLITS}names: {{1: cup, 2: bag}}\n", ("class_0", "cup", "bag")),
        ("names_not_strings", f"{SPLITS}names: [On, 007]\n", ("On", "007")),
        (
            "absolute_path_missing",
            f"path: /home/somebody/logos\n{SPLITS}{NAMES}",
            None,
        ),
        (
            "absolute_path_missing",
            f"train: /home/x/d/images/train\nval: C:\\data\\d\\images\\val\n{NAMES}",
            None,
        ),
    ],
)
def test_it_is_mended_in_a_copy(
    tmp_path: Path, rule: str, text: str, names: tuple[str, ...] | None
) -> None:
    root = make_dataset(tmp_path / "d", train=3, val=2)
    put(root / "data.yaml", text)
    before = tree_hash(root)
    assert rule in survey_dataset(root, [root]).counts
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = understand(root, [root], scratch)
    assert rule not in found.counts, found.problems
    assert found.names == (names or ("cup", "bag"))
    assert {split: len(items) for split, items in found.splits.items()} == {"train": 3, "val": 2}
    assert all(item.label for items in found.splits.values() for item in items)
    assert found.root == root.resolve()
    assert tree_hash(root) == before


def test_names_in_the_encoding_of_another_machine_are_read(tmp_path: Path) -> None:
    for encoding, name in (("cp932", "ロゴ"), ("cp1252", "Café"), ("utf-16", "標")):
        root = make_dataset(tmp_path / encoding, train=1, val=1)
        text = f'{SPLITS}names: ["{name}", bag]\n'
        (root / "data.yaml").write_bytes(text.encode(encoding))
        scratch = tmp_path / f"{encoding}-scratch"
        scratch.mkdir()
        assert understand(root, [root], scratch).names == (name, "bag")


@pytest.mark.parametrize(
    "text",
    [
        f"{SPLITS}names: !!python/object/apply:os.system ['touch pwned']\n",
        f"{SPLITS}names: [a, *b]\n",
        f"{SPLITS}names: {{0: cup, 999999999: bag}}\n",
        f"train: ../../etc\nval: /etc\n{NAMES}",
        "- not\n- a mapping\n",
        "",
    ],
)
def test_what_is_hostile_or_hopeless_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    root = make_dataset(tmp_path / "d", train=1, val=1)
    put(root / "data.yaml", text)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = understand(root, [root], scratch)
    files = [item.image for items in found.splits.values() for item in items]
    assert all(file.is_relative_to(root) for file in files)
    assert len(found.names) <= 2
    assert not list(tmp_path.rglob("pwned"))
