"""Datasets in other formats: read exactly, losses listed, hostile files refused with a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from libs.common.errors import BadInput
from services.dataset.contents import Contents
from services.dataset.formats import Found, read_any
from services.dataset.zips import unpack
from tests.unit.services.dataset.conftest import jpeg, make_dataset, put


def labels(found: Found) -> dict[str, str | None]:
    """Label text by `split/name`."""
    read = Contents(None, Path()).text  # type: ignore[arg-type]
    return {
        f"{picture.split}/{picture.name}": None if picture.label is None else read(picture.label)
        for picture in found.draft.pictures.values()
    }


def coco(**more: Any) -> dict[str, Any]:
    return {
        "images": [
            {"id": 7, "file_name": "a.jpg", "width": 100, "height": 50},
            {"id": 9, "file_name": "b.jpg"},
        ],
        "categories": [{"id": 18, "name": "dog"}, {"id": 3, "name": "cat"}],
        "annotations": [
            {"image_id": 7, "category_id": 18, "bbox": [10, 10, 20, 20]},
            {"image_id": 7, "category_id": 3, "bbox": [0, 0, 100, 50], "iscrowd": 1},
            {"image_id": 9, "category_id": 3, "segmentation": [[0, 0, 16, 0, 16, 12, 0, 12]]},
        ],
    } | more


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for index, name in enumerate("abc"):
        put(tmp_path / "set" / "images" / f"{name}.jpg", jpeg(index))  # 32 × 24 pixels
    return tmp_path / "set"


def test_coco_category_ids_become_numbers_and_crowds_are_left_out(folder: Path) -> None:
    put(folder / "annotations" / "instances_val2017.json", json.dumps(coco()))
    put(folder / "annotations" / "captions_val2017.json", '{"images": [], "annotations": []}')
    found = read_any(folder, (folder,), "auto")
    assert (found.format, found.draft.classes) == ("coco", ("cat", "dog"))
    assert labels(found) == {
        "val/a.jpg": "1 0.2 0.4 0.2 0.4\n",
        "val/b.jpg": "0 0.25 0.25 0.5 0.5\n",
    }
    assert dict(found.lost) == {
        "crowd regions (iscrowd)": 1,
        "masks": 1,
        "json files without images, annotations and categories": 1,
        "images without annotation": 1,
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"images": [{"id": 1, "file_name": "../../etc/passwd"}]}, "path_traversal"),
        ({"images": [{"id": 1, "file_name": "/etc/passwd"}]}, "path_traversal"),
        ({"images": [{"id": 1, "file_name": "C:\\x.jpg"}]}, "path_traversal"),
        ({"images": [{"id": 1}]}, "coco_malformed"),
        ({"images": [{"id": [], "file_name": "a.jpg"}]}, "coco_malformed"),
        ({"images": ["a"]}, "coco_malformed"),
        ({"images": [{"id": 1, "file_name": "a.jpg"}] * 2}, "coco_malformed"),
        ({"categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}, "coco_malformed"),
        ({"categories": [{"name": "a"}]}, "coco_malformed"),
        ({"images": [{"id": 1, "file_name": "nowhere.jpg"}]}, "no_images"),
    ],
)
def test_coco_that_cannot_be_right_is_refused(
    folder: Path, change: dict[str, Any], code: str
) -> None:
    put(folder / "a.json", json.dumps(coco(**change)))
    with pytest.raises(BadInput) as raised:
        read_any(folder, (folder,), "auto")
    assert raised.value.code == code


@pytest.mark.parametrize(
    "row",
    [
        {"image_id": 7, "category_id": 3, "bbox": [0, 0, "x", 1]},
        {"image_id": 7, "category_id": 3, "bbox": [0, 0, -5, 9]},
        {"image_id": 7, "category_id": 3, "bbox": [500, 0, 5, 5]},
        {"image_id": 7, "category_id": 99, "bbox": [0, 0, 5, 5]},
        {"image_id": 99, "category_id": 3, "bbox": [0, 0, 5, 5]},
        {"image_id": 7, "category_id": 3},
        {"image_id": [7], "category_id": {}},
        "nothing",
        None,
    ],
)
def test_a_bad_annotation_is_left_out_and_counted(folder: Path, row: Any) -> None:
    put(folder / "a.json", json.dumps(coco(annotations=[row])))
    found = read_any(folder, (folder,), "auto")
    assert set(labels(found).values()) == {""}
    assert sum(found.lost.values()) == 2, "it, and the image without an entry"


def test_json_that_is_too_deep_or_broken_is_refused(folder: Path) -> None:
    for text in ('{"images": ' + "[" * 100_000, '{"images": [}', '{"images": [1e999,]}'):
        put(folder / "a.json", text)
        with pytest.raises(BadInput):
            read_any(folder, (folder,), "coco")


VOC = """<annotation><filename>{name}</filename><size><width>32</width><height>24</height></size>
<object><name>cup</name><difficult>1</difficult><pose>Left</pose>
<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>16</xmax><ymax>12</ymax></bndbox></object>
<object><name>bag</name><bndbox><xmin>17</xmin><ymin>13</ymin><xmax>40</xmax><ymax>24</ymax></bndbox>
</object></annotation>"""


def test_voc_counts_from_one_and_its_flags_are_listed(folder: Path) -> None:
    put(folder / "Annotations" / "a.xml", VOC.format(name="a.jpg"))
    put(folder / "Annotations" / "b.xml", VOC.format(name="b"))
    put(folder / "ImageSets" / "Main" / "val.txt", "b\n")
    found = read_any(folder, (folder,), "auto")
    assert (found.format, found.draft.classes) == ("voc", ("bag", "cup"))
    whole = "1 0.25 0.25 0.5 0.5\n0 0.75 0.75 0.5 0.5\n"
    assert labels(found) == {"train/a.jpg": whole, "val/b.jpg": whole}
    assert dict(found.lost) == {
        "difficult flags": 2,
        "poses": 2,
        "images without annotation": 1,
    }


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "head",
    [
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
)
def test_xml_with_entities_or_a_dtd_is_refused(folder: Path, head: str) -> None:
    text = VOC.format(name="a.jpg").replace("cup", "&l9;" if "l9" in head else "cup")
    put(folder / "a.xml", f'<?xml version="1.0"?>{head}{text}')
    with pytest.raises(BadInput, match="DTD") as raised:
        read_any(folder, (folder,), "auto")
    assert raised.value.code == "xml_unsafe"


def test_xml_that_leads_out_or_is_broken_is_refused(folder: Path) -> None:
    for text, code in (
        (VOC.format(name="../../a.jpg"), "path_traversal"),
        ("<annotation><filename>a", "voc_malformed"),
        ("<other/><!-- <annotation -->", "voc_malformed"),
    ):
        put(folder / "a.xml", text)
        with pytest.raises(BadInput) as raised:
            read_any(folder, (folder,), "voc")
        assert raised.value.code == code


def test_labels_beside_images_are_read_with_their_lists(tmp_path: Path) -> None:
    root = tmp_path / "darknet"
    for name in ("a", "b"):
        put(root / "obj" / f"{name}.jpg", jpeg(ord(name)))
        put(root / "obj" / f"{name}.txt", "1 0.5 0.5 0.1 0.1\n")
    put(root / "obj.names", "cup\nbag\n")
    put(root / "train.txt", "data/obj/a.jpg\n")
    put(root / "valid.txt", "data/obj/b.jpg\n")
    found = read_any(root, (root,), "auto")
    assert (found.format, found.draft.classes) == ("darknet", ("cup", "bag"))
    assert labels(found) == dict.fromkeys(("train/a.jpg", "val/b.jpg"), "1 0.5 0.5 0.1 0.1\n")
    assert not found.draft.strays


def test_yolo_stays_as_it_is_and_polygons_become_boxes_on_request(tmp_path: Path) -> None:
    root = make_dataset(tmp_path / "d", train=2, val=1)
    polygon = "0 0.1 0.1 0.3 0.1 0.3 0.4\n"
    put(root / "labels/train/train00.txt", polygon)
    kept = read_any(root, (root,), "auto")
    assert (kept.format, labels(kept)["train/train00.jpg"]) == ("yolo", polygon)
    boxed = read_any(root, (root,), "yolo_polygons")
    assert labels(boxed)["train/train00.jpg"] == "0 0.2 0.25 0.2 0.3\n"
    assert labels(boxed)["train/train01.jpg"] == labels(kept)["train/train01.jpg"]
    assert dict(boxed.lost) == {"masks": 1}


def test_links_out_of_the_folder_are_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = put(tmp_path / "secret" / "s.jpg", jpeg(9))
    (folder / "images" / "s.jpg").symlink_to(secret)
    (folder / "more").symlink_to(secret.parent)
    put(folder / "a.json", json.dumps(coco()))
    found = read_any(folder, (folder,), "auto")
    assert found.lost["images without annotation"] == 1, "c.jpg; the links are not there"
    data = coco(images=[{"id": 7, "file_name": "s.jpg", "width": 9, "height": 9}])
    put(folder / "a.json", json.dumps(data))
    with pytest.raises(BadInput, match="None of the images"):
        read_any(folder, (folder,), "auto")


def test_a_zip_of_coco_is_read_and_an_empty_one_refused(folder: Path, tmp_path: Path) -> None:
    import zipfile  # noqa: PLC0415

    put(folder / "images" / "_annotations.coco.json", json.dumps(coco()))
    for name, files in (("full", sorted(folder.rglob("*.*"))), ("empty", [])):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr("readme.txt", "hello")
            for path in files:
                archive.write(path, path.relative_to(folder))
        out = tmp_path / f"{name}-out"
        out.mkdir()
        unpack(tmp_path / f"{name}.zip", out)
        if name == "full":
            assert labels(read_any(out, (out,), "auto"))["train/a.jpg"] == "1 0.2 0.4 0.2 0.4\n"
        else:
            with pytest.raises(BadInput, match="no images"):
                read_any(out, (out,), "auto")
