"""Randomness is a function of seed, epoch and index."""

import numpy as np

from services.trainer.domain.pace import remaining_s
from services.trainer.domain.seeds import epoch_order, mix


def test_an_order_is_a_permutation_that_repeats() -> None:
    order = epoch_order(100, seed=3, epoch=7)
    assert sorted(order.tolist()) == list(range(100))
    assert np.array_equal(order, epoch_order(100, seed=3, epoch=7))


def test_epochs_and_seeds_give_other_orders() -> None:
    orders = {tuple(epoch_order(50, seed=s, epoch=e)) for s in range(4) for e in range(4)}
    assert len(orders) == 16


def test_seeds_of_samples_do_not_meet() -> None:
    seeds = {mix(0, epoch, index) for epoch in range(50) for index in range(500)}
    assert len(seeds) == 25_000
    assert all(0 <= seed < 2**64 for seed in seeds)
    assert mix(1, 2) != mix(2, 1)


def test_the_rest_takes_as_long_as_the_pace_says() -> None:
    assert remaining_s(elapsed_s=10.0, done=4, left=6) == 15.0
    assert remaining_s(elapsed_s=10.0, done=0, left=6) is None
