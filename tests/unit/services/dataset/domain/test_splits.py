"""Splitting keeps shares, classes and duplicates in order; deleting a class renumbers the rest."""

from collections import Counter

import pytest

from services.dataset.domain.splits import Sample, plan_split

RATIOS = {"train": 0.7, "val": 0.2, "test": 0.1}


def samples(count: int, rare: int = 10) -> list[Sample]:
    return [
        Sample(f"{i:04d}", frozenset({0} | ({1} if i < rare else set())), f"g{i}")
        for i in range(count)
    ]


@pytest.mark.parametrize("count", [10, 37, 200, 1001])
def test_every_image_is_dealt_out_once_and_the_shares_hold(count: int) -> None:
    plan = plan_split(samples(count), RATIOS, seed=1)
    sizes = Counter(plan.values())
    assert len(plan) == count
    for split, ratio in RATIOS.items():
        assert sizes[split] == pytest.approx(ratio * count, abs=2)


def test_the_rarest_class_is_in_every_split_by_its_share() -> None:
    plan = plan_split(samples(200, rare=10), RATIOS, seed=3)
    assert Counter(plan[f"{i:04d}"] for i in range(10)) == {"train": 7, "val": 2, "test": 1}


def test_a_group_never_crosses_splits() -> None:
    grouped = [Sample(f"{i:03d}", frozenset({i % 3}), f"g{i // 5}") for i in range(100)]
    plan = plan_split(grouped, RATIOS, seed=0)
    for start in range(0, 100, 5):
        assert len({plan[f"{i:03d}"] for i in range(start, start + 5)}) == 1
    assert set(plan.values()) == set(RATIOS)


def test_the_same_seed_gives_the_same_plan_whatever_the_order() -> None:
    many = samples(120)
    assert plan_split(many, RATIOS, seed=7) == plan_split(many[::-1], RATIOS, seed=7)
    assert plan_split(many, RATIOS, seed=7) != plan_split(many, RATIOS, seed=8)


def test_a_split_with_no_share_gets_nothing_and_small_sets_fill_every_split() -> None:
    ratios = {"train": 0.8, "val": 0.2, "test": 0.0}
    assert set(plan_split(samples(50), ratios, seed=0).values()) == {"train", "val"}
    assert Counter(plan_split(samples(3), RATIOS, seed=0).values()) == Counter(RATIOS.keys())
    assert set(plan_split(samples(1), RATIOS, seed=0).values()) == {"train"}
    assert plan_split([], RATIOS, seed=0) == {}
