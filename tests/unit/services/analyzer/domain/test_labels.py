"""Label files as the trainer reads them, and class names by name."""

import pytest

from libs.common.errors import BadInput
from libs.common.weights import check_names
from services.analyzer.domain.class_order import class_order
from services.analyzer.domain.labels import BadLabels, read_labels


def test_a_line_becomes_corners_in_pixels() -> None:
    kinds, boxes = read_labels("1 0.5 0.5 0.2 0.4\n", classes=2, width_px=100, height_px=50)
    assert kinds.tolist() == [1]
    assert boxes[0].tolist() == pytest.approx([40, 15, 60, 35])


def test_a_polygon_stands_for_the_box_around_it() -> None:
    _, boxes = read_labels("0 .1 .2 .5 .2 .3 .8", classes=1, width_px=10, height_px=10)
    assert boxes[0].tolist() == pytest.approx([1, 2, 5, 8])


def test_a_box_over_the_edge_stays_whole_and_the_same_line_twice_counts_once() -> None:
    line = "0 0.05 0.5 0.2 0.2\n"
    kinds, boxes = read_labels(line * 2, classes=1, width_px=100, height_px=100)
    assert kinds.tolist() == [0]
    assert boxes[0].tolist() == pytest.approx([-5, 40, 15, 60])


def test_an_empty_file_has_no_boxes() -> None:
    kinds, boxes = read_labels("\n \n", classes=1, width_px=9, height_px=9)
    assert (kinds.shape, boxes.shape) == ((0,), (0, 4))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 0.5 0.5 0.2", "4 numbers instead of 5"),
        ("0 0.5 0.5 0.2 0.2 0.9", "6 numbers instead of 5"),
        ("x 0.5 0.5 0.2 0.2", "not a number"),
        ("0 0.5 nan 0.2 0.2", "outside the image"),
        ("0 5 5 2 2", "outside the image"),
        ("2 0.5 0.5 0.2 0.2", "class 2 is not one of the 2"),
        ("-1 0.5 0.5 0.2 0.2", "no class number"),
        ("0.5 0.5 0.5 0.2 0.2", "no class number"),
        ("0 .5 .5 .2 .2\n0 .1 .2 .5 .2 .3 .8", "mixes polygons and boxes"),
    ],
)
def test_what_the_trainer_would_drop_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadLabels, match=said):
        read_labels(text, classes=2, width_px=10, height_px=10)


def test_the_same_names_in_another_order_are_mapped() -> None:
    assert class_order(("a", "b", "c"), ("c", "a", "b")) == (1, 2, 0)
    assert class_order(("a", "a"), ("a", "a")) == (0, 1)


@pytest.mark.parametrize("dataset", [("a",), ("a", "c"), ("a", "b", "c"), ("a", "a")])
def test_other_names_are_refused(dataset: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="Judge it on a dataset with the classes") as refused:
        class_order(("a", "b"), dataset)
    assert refused.value.code == "classes_differ"


def test_a_weights_file_may_name_layers_only() -> None:
    check_names(["ultralytics.nn.modules.conv.Conv", "torch.nn.modules.conv.Conv2d"], file="a.pt")
    with pytest.raises(BadInput, match=r"posix\.system") as refused:
        check_names(["torch.nn.modules.conv.Conv2d", "posix.system"], file="a.pt")
    assert refused.value.code == "unsafe_weights"
