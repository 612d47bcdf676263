"""The search for near hashes against comparing every hash with every other."""

import numpy as np
import pytest

from services.dataset.domain.near_duplicates import (
    all_pairs,
    clusters,
    near_and_mirrored,
    near_pairs,
)


def with_flips(hashes: np.ndarray, bits: int, seed: int) -> np.ndarray:
    """Each hash with so many of its bits, all different ones, turned over."""
    random = np.random.default_rng(seed)
    flipped = []
    for hashed in hashes.tolist():
        value = hashed
        for bit in random.permutation(64)[:bits].tolist():
            value ^= 1 << bit
        flipped.append(value)
    return np.array(flipped, np.uint64)


def drawn(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64)


def test_every_pair_within_the_radius_is_found_and_no_other() -> None:
    base = drawn(1500)
    hashes = np.concatenate([base, *(with_flips(base[:200], bits, bits) for bits in range(1, 9))])
    np.random.default_rng(9).shuffle(hashes)
    assert np.array_equal(near_pairs(hashes), sorted_rows(all_pairs(hashes, 6)))


def test_hashes_that_share_most_bits_are_searched_exactly_too() -> None:
    hashes = drawn(3000, seed=4) & np.uint64(0x00FF_0F0F_3333_0001)
    hashes = np.unique(hashes)
    assert np.array_equal(near_pairs(hashes, 3), sorted_rows(all_pairs(hashes, 3)))


def test_equal_hashes_are_paired_with_the_first_only() -> None:
    hashes = np.full(100_000, 7, np.uint64)
    pairs = near_pairs(hashes)
    assert len(pairs) == 99_999
    assert not pairs[:, 0].any()
    assert not clusters(pairs, len(hashes)).any()


def test_a_cluster_is_named_after_its_first_row() -> None:
    pairs = np.array([[3, 4, 1], [1, 3, 2], [5, 6, 0]])
    assert clusters(pairs, 7).tolist() == [0, 1, 2, 1, 1, 5, 5]


def test_a_mirror_image_is_found_by_its_own_mirrored_hash() -> None:
    hashes, mirrored = drawn(50, 1), drawn(50, 2)
    hashes[40], mirrored[40] = mirrored[3], hashes[3]
    near, crossed = near_and_mirrored(hashes, mirrored)
    assert crossed.tolist() == [[3, 40, 0]]
    assert not len(near)


def test_an_image_like_its_own_mirror_image_is_no_twin_of_itself() -> None:
    hashes = drawn(5)
    near, crossed = near_and_mirrored(hashes, hashes.copy())
    assert len(near) == len(crossed) == 0


def test_one_search_for_both_finds_what_two_would() -> None:
    base = drawn(400)
    hashes = np.concatenate([base, with_flips(base[:100], 4, 1), base[:50]])
    mirrored = np.concatenate([drawn(400, 3), with_flips(base[100:250], 5, 2)])
    near, crossed = near_and_mirrored(hashes, mirrored)
    assert np.array_equal(near, near_pairs(hashes))
    every = all_pairs(np.concatenate([hashes, mirrored]), 6)
    every = every[(every[:, 0] < 550) & (every[:, 1] >= 550)]
    ends = {tuple(sorted((a, b - 550))) for a, b, _ in every.tolist()}
    assert {tuple(pair[:2]) for pair in crossed.tolist()} <= ends
    assert len(crossed) >= 150


def test_a_radius_that_cannot_be_searched_exactly_is_refused() -> None:
    with pytest.raises(ValueError, match="radius"):
        near_pairs(drawn(3), 7)


def test_no_image_and_one_image_have_no_twins() -> None:
    assert len(near_pairs(drawn(0))) == len(near_pairs(drawn(1))) == 0


def sorted_rows(pairs: np.ndarray) -> np.ndarray:
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
