"""Which images each rank computes."""

import numpy as np
import pytest

from services.trainer.domain.seeds import epoch_order
from services.trainer.domain.shards import batch_count, least_share, shards


@pytest.mark.parametrize("ranks", [1, 2, 3, 8])
@pytest.mark.parametrize("images", [8, 17, 64, 100, 101])
@pytest.mark.parametrize("batch", [8, 12, 16])
def test_every_image_is_with_one_rank_and_every_rank_takes_every_step(
    images: int, batch: int, ranks: int
) -> None:
    order = epoch_order(images, seed=3, epoch=5)
    parts = [list(shards(order, batch=batch, rank=r, ranks=ranks)) for r in range(ranks)]
    count = batch_count(images, batch, ranks)
    assert {len(part) for part in parts} == {count}
    assert all(len(part) for rank in parts for part in rank)
    least = min(len(part) for rank in parts for part in rank)
    assert least == least_share(images, batch, ranks)
    together = [np.concatenate(step) for step in zip(*parts, strict=True)]
    assert np.array_equal(np.concatenate(together), order)
    assert [len(step) for step in together[:-1]] == [batch] * (count - 1)


def test_a_step_is_shared_evenly() -> None:
    order = np.arange(10)
    sizes = [[len(p) for p in shards(order, batch=10, rank=r, ranks=4)] for r in range(4)]
    assert sorted(size for [size] in sizes) == [2, 2, 3, 3]


def test_one_rank_has_the_batches_of_a_plain_loader() -> None:
    order = np.arange(10)
    assert [list(p) for p in shards(order, batch=4, rank=0, ranks=1)] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]


def test_a_rest_that_does_not_suffice_for_all_joins_the_last_batch() -> None:
    order = np.arange(9)
    parts = [list(shards(order, batch=4, rank=r, ranks=2)) for r in range(2)]
    assert [list(p) for p in parts[0]] == [[0, 1], [4, 5]]
    assert [list(p) for p in parts[1]] == [[2, 3], [6, 7, 8]]


def test_an_epoch_without_its_first_batches_goes_on_with_the_same_shards() -> None:
    order = epoch_order(23, seed=1, epoch=1)
    whole = list(shards(order, batch=6, rank=1, ranks=2))
    rest = list(shards(order[12:], batch=6, rank=1, ranks=2))
    assert [p.tolist() for p in whole[2:]] == [p.tolist() for p in rest]
