"""The search for near hashes at a million, and against comparing all with all.

CPU times of one process, as ratios and with slack: the machine may be busy. Run with `-s` to see.
"""

import resource
import time

import numpy as np
import pytest

from services.dataset.domain.near_duplicates import all_pairs, clusters, near_pairs

MOST_S = 20.0
"""The goal is 10 s on an idle core."""


def hashes_of(count: int, *, copies: int = 2_000, equal: int = 50_000) -> np.ndarray:
    """Random hashes, some with near copies, and many that are all the same."""
    random = np.random.default_rng(1)
    hashes = random.integers(0, 2**64, count, dtype=np.uint64)
    for _ in range(6):
        turned = np.uint64(1) << random.integers(0, 64, copies, dtype=np.uint64)
        base = hashes[:copies] if _ == 0 else hashes[copies : 2 * copies]
        hashes[copies : 2 * copies] = base ^ turned
    hashes[count // 2 : count // 2 + equal] = hashes[-1]
    return hashes


@pytest.mark.parametrize("count", [100_000, 1_000_000])
def test_a_million_hashes_are_searched_in_seconds(count: int) -> None:
    hashes = hashes_of(count)
    began = time.process_time()
    pairs = near_pairs(hashes)
    search_s = time.process_time() - began
    began = time.process_time()
    groups = clusters(pairs, count)
    group_s = time.process_time() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n{count} hashes: {search_s:.2f} s to search, {group_s:.2f} s to group "
        f"{len(pairs)} pairs into {len(np.unique(groups[groups != np.arange(count)]))} clusters, "
        f"{peak_mb:.0f} MB at most"
    )
    assert search_s < MOST_S
    found = {tuple(pair) for pair in pairs[:, :2].tolist()}
    assert all((row, 2_000 + row) in found for row in range(2_000))
    assert (np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]]) <= 6).all()


def test_the_search_beats_comparing_all_with_all() -> None:
    hashes = hashes_of(20_000, equal=0)
    began = time.process_time()
    expected = all_pairs(hashes, 6)
    plain_s = time.process_time() - began
    began = time.process_time()
    found = near_pairs(hashes)
    search_s = time.process_time() - began
    print(f"\n20000 hashes: {search_s:.3f} s against {plain_s:.3f} s for all with all")
    assert len(found) == len(expected)
    assert search_s < plain_s
