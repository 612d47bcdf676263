"""Which images are shown, and when."""

import pytest

from services.trainer.domain.samples import chosen, due, period_of

LABELLED = {f"{i}.png": frozenset({i % 4}) for i in range(40)}
MANY = LABELLED | {"x.png": frozenset[int](), "y.png": frozenset[int]()}


def test_every_class_is_shown_and_an_image_without_a_label() -> None:
    picked = chosen(MANY)
    assert len(picked) == len(set(picked)) == 6
    assert {kind for name in picked for kind in MANY[name]} == {0, 1, 2, 3}
    assert [name for name in picked if not MANY[name]] == [picked[-1]]


def test_the_choice_does_not_depend_on_the_order_and_outlives_an_image() -> None:
    assert chosen(dict(reversed(MANY.items()))) == chosen(MANY)
    unseen = next(name for name in MANY if name not in chosen(MANY))
    fewer = {name: kinds for name, kinds in MANY.items() if name != unseen}
    assert chosen(fewer) == chosen(MANY)


def test_a_small_set_is_shown_whole() -> None:
    few = {"a": frozenset({0}), "b": frozenset({0}), "c": frozenset[int]()}
    assert set(chosen(few)) == {"a", "b", "c"}
    assert chosen({}) == ()


@pytest.mark.parametrize(
    ("asked", "epochs", "drawn"),
    [
        (-1, 8, [1, 2, 3, 4, 5, 6, 7, 8]),
        (-1, 100, [1, *range(5, 101, 5)]),
        (3, 8, [1, 3, 6, 8]),
        (0, 8, []),
    ],
)
def test_the_first_every_nth_and_the_last_epoch_are_drawn(
    asked: int, epochs: int, drawn: list[int]
) -> None:
    period = period_of(asked, epochs)
    found = [n for n in range(1, epochs + 1) if due(n, period, last=n == epochs)]
    assert found == drawn
