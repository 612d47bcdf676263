"""How ids of predictions are understood: names before numbers, proof before guesses."""

import pytest

from libs.common.errors import BadInput
from services.analyzer.domain.reading import Way, choose, class_ways, image_ways

PATHS = ["images/val/a/cat.jpg", "images/val/a/dog.jpg", "images/val/b/cat.jpg"]


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("dog", 1),
        ("dog.jpg", 1),
        ("a/cat.jpg", 0),
        ("images/val/b/cat", 2),
        ("/elsewhere/set/images/val/b/cat.jpg", 2),
        ("b\\cat.jpg", 2),
        ("b_cat", 2),
    ],
)
def test_a_text_names_the_image_whose_path_ends_so(text: str, image: int) -> None:
    [way] = image_ways([text], PATHS, None)
    assert (way.name, way.index_of) == ("name", {text: image})


def test_a_name_that_two_images_have_is_refused() -> None:
    with pytest.raises(BadInput, match="Give their paths") as refused:
        image_ways(["cat"], PATHS, None)
    assert refused.value.code == "ambiguous_image"


def test_numbers_may_be_stems_their_ends_or_places() -> None:
    stems = {way.name: way.index_of for way in image_ways([1, 2], ["i/002.png", "i/003.png"], None)}
    assert stems == {"stem": {2: 0}, "index0": {1: 1}, "index1": {1: 0, 2: 1}}
    ends = {way.name: way.index_of for way in image_ways([7], ["i/x7.png", "i/x9.png"], None)}
    assert ends == {"number": {7: 0}}


def test_texts_and_numbers_mixed_are_what_ultralytics_writes() -> None:
    [way] = image_ways([12, "logo"], ["i/000012.jpg", "i/logo.jpg"], None)
    assert way.index_of == {12: 0, "logo": 1}


def test_a_table_is_believed_before_any_number() -> None:
    [way] = image_ways([1, 2], PATHS, {1: "a/dog.jpg", 2: "b/cat.jpg", 3: "unknown.jpg"})
    assert (way.name, way.index_of) == ("table", {1: 1, 2: 2})


def test_classes_are_names_or_numbers_from_0_or_1() -> None:
    classes = ("adidas", "nike")
    assert class_ways(["Nike "], classes, None)[0].index_of == {"Nike ": 1}
    assert class_ways([5], classes, {5: "nike", 6: "puma"})[0].index_of == {5: 1}
    from_0, from_1 = class_ways([0, 1, 2], classes, None)
    assert (from_0.index_of, from_1.index_of) == ({0: 0, 1: 1}, {1: 0, 2: 1})


def test_the_way_that_explains_all_is_taken_without_proof() -> None:
    ways = [Way("0", {1: 1}), Way("1", {1: 0, 2: 1})]
    chosen, why = choose(ways, {1: 9, 2: 1}, _no_proof, option="base", what="id")
    assert (chosen.name, why) == ("1", "")


def test_of_two_ways_the_proven_is_taken_and_the_unproven_refused() -> None:
    ways = [Way("0", {1: 1}), Way("1", {1: 0})]
    chosen, why = choose(
        ways, {1: 9}, lambda way: 8 if way.name == "1" else 3, option="b", what="i"
    )
    assert chosen.name == "1"
    assert "8 labels" in why
    with pytest.raises(BadInput, match="set b") as refused:
        choose(ways, {1: 9}, lambda _: 5, option="b", what="i")
    assert refused.value.code == "ambiguous_ids"


def test_ways_that_mean_the_same_are_one() -> None:
    ways = [Way("stem", {1: 0}), Way("index1", {1: 0})]
    assert choose(ways, {1: 2}, _no_proof, option="b", what="i")[0].name == "stem"


def _no_proof(way: Way) -> int:
    raise AssertionError("nothing was to be proven")
