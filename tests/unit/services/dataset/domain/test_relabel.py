"""Class numbers and boxes of a label file change; rows that are not understood stay."""

from services.dataset.domain.diff import Change, aligned, compare, summary
from services.dataset.domain.draft import Blob, Draft, File, Picture, draft_of
from services.dataset.domain.relabel import Named, Patch, patch, renumber

TEXT = "0 .1 .1 .1 .1\n1 .2 .2 .2 .2\n\n2.0 .3 .3 .3 .3 .4 .4\n1 .5 .5 .5 .5\nx y\n"


def test_a_class_is_taken_out_and_the_higher_ones_are_renumbered() -> None:
    edited, removed, changed = renumber(TEXT, {0: 0, 1: None, 2: 1})
    assert edited == "0 .1 .1 .1 .1\n1 .3 .3 .3 .3 .4 .4\nx y\n"
    assert (removed, changed) == (2, 1)
    assert renumber("1 .5 .5 .5 .5\n", {1: None}) == ("", 1, 0)


def test_a_text_without_these_classes_is_the_same_object() -> None:
    assert renumber(TEXT, {7: None})[0] is TEXT


def test_boxes_are_added_removed_by_line_or_place_and_replaced() -> None:
    near = Named(1, (0.21, 0.2, 0.2, 0.2))
    text, missing = patch(TEXT, Patch(add=(Named(3, (0.5, 0.5, 1, 1)),), remove=(1, near)))
    assert text == "2.0 .3 .3 .3 .3 .4 .4\n1 .5 .5 .5 .5\nx y\n3 0.5 0.5 1 1\n"
    assert not missing
    assert patch(TEXT, Patch(whole=())) == ("", [])
    for gone in (3, 99, Named(0, (0.9, 0.9, 0.1, 0.1)), Named(2, (0.2, 0.2, 0.2, 0.2))):
        assert len(patch(TEXT, Patch(remove=(gone,)))[1]) == 1, gone


def picture(split: str, name: str, pixels: bytes, label: str | None) -> Picture:
    return Picture(split, name, pixels, None if label is None else label.encode())


def read(content: object) -> str:
    assert isinstance(content, bytes)
    return content.decode()


def test_a_diff_tells_images_labels_and_boxes_by_class_names() -> None:
    before = Draft(
        ("cup", "bag"),
        {
            "same": picture("train", "same.jpg", b"1", "0 .5 .5 .1 .1\n"),
            "moved": picture("train", "m.jpg", b"2", None),
            "gone": picture("train", "g.jpg", b"3", "1 .5 .5 .1 .1\n"),
            "label": picture("val", "l.jpg", b"4", "1 .5 .5 .2 .2\n1 .2 .2 .1 .1\n0 .8 .8 .1 .1\n"),
        },
    )
    after = Draft(
        ("bag", "cup"),
        {
            "same": picture("train", "same.jpg", b"1", "1 .5 .5 .1 .1\n"),
            "moved": picture("val", "m-2.jpg", b"2", None),
            "label": picture("val", "l.jpg", b"4", "0 .5 .5 .21 .2\n1 .8 .8 .1 .1\n"),
            "new": picture("val", "n.jpg", b"5", "0 .5 .5 .1 .1\n"),
        },
    )
    changes = list(compare(before, after, read))
    by_image = {change.image: change for change in changes}
    assert by_image["images/train/same.jpg"].boxes == {"added": 0, "removed": 0, "changed": 0}
    assert by_image["images/val/m-2.jpg"].kinds == ("moved", "renamed")
    assert by_image["images/val/m-2.jpg"].before == "images/train/m.jpg"
    assert by_image["images/train/g.jpg"] == Change(
        "images/train/g.jpg", ("removed",), None, {"added": 0, "removed": 1, "changed": 0}, {}
    )
    assert by_image["images/val/l.jpg"].boxes == {"added": 0, "removed": 1, "changed": 1}
    assert by_image["images/val/l.jpg"].rows == {
        "removed": ["bag .5 .5 .2 .2", "bag .2 .2 .1 .1"],
        "added": ["bag .5 .5 .21 .2"],
    }
    numbers = summary(before, after, changes)
    assert numbers["images"] == {"added": 1, "removed": 1, "moved": 1, "renamed": 1, "pixels": 0}
    assert numbers["boxes"] == {"added": 1, "removed": 2, "changed": 1}


def test_versions_are_aligned_by_path_then_by_bytes() -> None:
    def blob(digit: str) -> Blob:
        return Blob("d", digit * 64, 1)

    before = Draft(("a",), {"train/x.jpg": Picture("train", "x.jpg", blob("1"))})
    after = Draft(
        ("a",),
        {
            "val/x.jpg": Picture("val", "x.jpg", blob("1")),
            "val/copy.jpg": Picture("val", "copy.jpg", blob("1")),
        },
    )
    kinds = sorted(change.kinds for change in compare(before, aligned(before, after), None))
    assert kinds in ([("added",), ("moved",)], [("added",), ("moved", "renamed")])


def test_names_are_free_in_their_split_and_nothing_is_told_twice() -> None:
    pictures = [
        Picture("train", "a.JPG", b"1", b""),
        Picture("train", "a.png", b"2", b"0 .5 .5 .1 .1\n"),
        Picture("val", "a.jpg", b"3"),
        Picture("train", "we\nird\\.jpg", b"4"),
    ]
    strays = {"labels/train/a.txt": b"taken", "labels/train/lost.txt": b"kept"}
    draft = draft_of(["x"], pictures, strays)
    assert draft.files() == [
        File("images/train/a-2.png", b"2"),
        File("images/train/a.jpg", b"1"),
        File("images/train/we_ird_.jpg", b"4"),
        File("images/val/a.jpg", b"3"),
        File("labels/train/a-2.txt", b"0 .5 .5 .1 .1\n"),
        File("labels/train/a.txt", b""),
        File("labels/train/lost.txt", b"kept"),
    ]
    assert draft.counts == {"train": 3, "val": 1}
