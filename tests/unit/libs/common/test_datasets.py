"""Reading a dataset: layouts, pairing, roots, and what ultralytics gets to see of it."""

from pathlib import Path

import pytest
import yaml

from libs.common.dataset_files import label_path
from libs.common.datasets import read_dataset, survey_dataset, write_data_yaml
from libs.common.errors import BadInput


def put(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def dataset(root: Path, description: str, *images: str) -> Path:
    put(root / "data.yaml", description)
    for image in images:
        put(root / image)
        put(Path(label_path(str(root / image))), "0 0.5 0.5 0.1 0.1\n")
    return root


PLAIN = "train: images/train\nval: images/val\nnames: [logo]\n"


def test_a_plain_dataset_is_read_with_its_labels_paired(tmp_path: Path) -> None:
    root = dataset(tmp_path / "d", PLAIN, "images/train/a.jpg", "images/val/deep/b.PNG")
    put(root / "images/train/background.jpg")
    put(root / "images/train/notes.md")
    put(root / "images/train/.hidden.jpg")
    read = read_dataset(root)
    assert read.names == ("logo",)
    assert [i.image.name for i in read.splits["train"]] == ["a.jpg", "background.jpg"]
    assert read.splits["train"][0].label == root / "labels/train/a.txt"
    assert read.splits["train"][1].label is None
    assert read.splits["val"][0].label == root / "labels/val/deep/b.txt"
    assert read_dataset(root / "data.yaml") == read


def test_a_roboflow_export_is_read_and_its_quirk_explained(tmp_path: Path) -> None:
    description = "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['logo']\n"
    root = dataset(tmp_path / "d", description, "train/images/a.jpg", "valid/images/b.jpg")
    survey = survey_dataset(root, roots=[root])
    assert not survey.problems
    assert len(survey.quirks) == 2
    assert "Roboflow" in survey.quirks[0]
    assert survey.splits["val"][0].label == root / "valid/labels/b.txt"


@pytest.mark.parametrize(
    "folders", [("images/train", "images/val"), ("train/images", "valid/images")]
)
def test_a_folder_without_yaml_is_read_as_far_as_it_explains_itself(
    tmp_path: Path, folders: tuple[str, str]
) -> None:
    for folder in folders:
        put(tmp_path / folder / "a.jpg")
        put(Path(label_path(str(tmp_path / folder / "a.jpg"))), "2 0.5 0.5 0.1 0.1\n")
    survey = survey_dataset(tmp_path)
    assert survey.names == ("class_0", "class_1", "class_2")
    assert {split: len(items) for split, items in survey.splits.items()} == {"train": 1, "val": 1}
    put(tmp_path / "classes.txt", "red\ngreen\nblue\n")
    assert read_dataset(tmp_path).names == ("red", "green", "blue")


def test_txt_lists_are_followed_and_their_faults_named(tmp_path: Path) -> None:
    root = dataset(
        tmp_path, "train: train.txt\nval: [images/val]\nnames: {0: logo}\n", "images/val/b.jpg"
    )
    put(root / "images/a.jpg")
    absolute = put(root / "images/c.jpg")
    put(root / "train.txt", f"./images/a.jpg\n{absolute}\nimages/a.jpg\n./images/gone.jpg\n")
    survey = survey_dataset(root)
    assert [i.image.name for i in survey.splits["train"]] == ["a.jpg", "c.jpg"]
    assert [(p.rule, p.line) for p in survey.problems] == [
        ("txt_list_duplicate_entry", 3),
        ("txt_list_missing_image", 4),
    ]


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("/d/images/train/a.jpg", "/d/labels/train/a.txt"),
        ("/images/x/images/a.b.jpg", "/images/x/labels/a.b.txt"),
        ("/d/photos/a.jpg", "/d/photos/a.txt"),
    ],
)
def test_a_label_is_looked_for_where_the_trainer_looks(image: str, label: str) -> None:
    assert label_path(image) == label


def test_nothing_outside_the_roots_is_read(tmp_path: Path) -> None:
    secret = put(tmp_path / "secret/images/s.jpg")
    root = dataset(tmp_path / "in/d", PLAIN, "images/train/a.jpg", "images/val/b.jpg")
    assert read_dataset(root, [tmp_path / "in"]).splits["train"]
    with pytest.raises(BadInput, match="SHIRUSHI_ROOTS"):
        read_dataset(tmp_path / "secret", [tmp_path / "in"])
    put(root / "data.yaml", PLAIN.replace("images/val", "../../secret/images"))
    with pytest.raises(BadInput) as raised:
        read_dataset(root, [tmp_path / "in"])
    assert raised.value.code == "path_traversal"
    put(root / "data.yaml", PLAIN)
    (root / "images/train/link.jpg").symlink_to(secret)
    with pytest.raises(BadInput) as raised:
        read_dataset(root, [tmp_path / "in"])
    assert raised.value.code == "symlink_outside_root"


def test_a_label_that_links_out_of_the_roots_is_not_read(tmp_path: Path) -> None:
    secret = put(tmp_path / "passwd", "root")
    root = dataset(tmp_path / "in", PLAIN, "images/train/a.jpg", "images/val/b.jpg")
    (root / "labels/val/b.txt").unlink()
    (root / "labels/val/b.txt").symlink_to(secret)
    survey = survey_dataset(root, [root])
    assert [p.rule for p in survey.problems] == ["symlink_outside_root"]
    assert survey.splits["val"] == ()


def test_a_folder_of_links_in_a_circle_is_walked_once(tmp_path: Path) -> None:
    root = dataset(tmp_path, PLAIN, "images/train/a.jpg", "images/val/b.jpg")
    (root / "images/train/loop").symlink_to(root / "images/train")
    assert len(read_dataset(root).splits["train"]) == 1


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (Path.exists, "not_found"),
        (Path.mkdir, "train_missing"),
        (put, "not_a_dataset"),
        (lambda root: put(root / "data.yaml", PLAIN), "no_images"),
        (lambda root: put(root / "data.yaml", "train: [\n"), "yaml_syntax_error"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(
    tmp_path: Path, make: object, code: str
) -> None:
    make(tmp_path / "d")  # type: ignore[operator]
    with pytest.raises(BadInput, match=r"\.$") as raised:
        read_dataset(tmp_path / "d")
    assert raised.value.code == code


def test_the_trainer_sees_links_in_a_folder_of_ours(tmp_path: Path) -> None:
    root = dataset(
        tmp_path / "d", PLAIN, "images/train/a.jpg", "images/train/x/a.jpg", "images/val/ü\n.png"
    )
    out = write_data_yaml(read_dataset(root), tmp_path / "job/data.yaml")
    described = yaml.safe_load(out.read_text())
    assert described["names"] == {0: "logo"}
    listed = Path(described["train"]).read_text().splitlines()
    assert len({Path(image).name for image in listed}) == 2
    for image in listed:
        assert Path(image).resolve().is_relative_to(root / "images/train")
        assert Path(label_path(image)).resolve().read_text().startswith("0 ")
    (val,) = Path(described["val"]).read_text().splitlines()
    assert Path(val).resolve() == root / "images/val/ü\n.png"
    assert write_data_yaml(read_dataset(root), out) == out


def test_without_anything_to_validate_on_no_yaml_is_written(tmp_path: Path) -> None:
    root = dataset(tmp_path / "d", "train: images/train\nnames: [a]\n", "images/train/a.jpg")
    with pytest.raises(BadInput, match="no val split"):
        write_data_yaml(read_dataset(root), tmp_path / "job/data.yaml")
