"""Find hashes that differ in few bits: every pair within the radius, and the clusters they form.

Legend: N hashes, P pairs.
"""

from itertools import combinations

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.intp]
Pairs = npt.NDArray[np.int64]
"""(P, 3): two rows, the first the smaller, and the bits in which their hashes differ."""

BANDS = 8
RADIUS = 6
"""With 8 bands of 8 bits, two hashes at 6 bits or fewer have at least two bands in common."""
MOST_PAIRS = 4_000_000
CLOSEST = 4
_BLOCK = 1 << 16
_NO_PAIRS = np.zeros((0, 3), np.int64)
_SPARSE = 16  # from here on following the few long runs is cheaper than comparing everything


def near_pairs(hashes: Hashes, radius: int = RADIUS) -> Pairs:
    """All pairs of hashes that differ in at most `radius` bits.

    Equal hashes do not go quadratic: each is paired with the first of its kind only, and that one
    stands for them all. Above `MOST_PAIRS` / 2 pairs, each row keeps its `CLOSEST` partners.

    Args:
        hashes: 64-bit hashes, shape (N,).
        radius: 0 to 6 bits.

    Returns:
        Pairs, sorted; rows are indices into `hashes`.

    Raises:
        ValueError: the radius is too large for the search to be exact.

    Source: pigeonhole on bands, as in Norouzi et al., Fast Exact Search in Hamming Space with
    Multi-Index Hashing, IEEE TPAMI 36(6), 2014; here two equal bands of eight.
    """
    if not 0 <= radius <= BANDS - 2:
        raise ValueError(f"the radius must be 0 to {BANDS - 2} bits")
    distinct, first, which = np.unique(hashes, return_index=True, return_inverse=True)
    rows = np.arange(len(hashes))
    same = rows != first[which]
    equal = np.column_stack([first[which][same], rows[same], np.zeros(same.sum(), np.int64)])
    close = _search(_balanced(distinct), radius)
    if len(close):
        ends = np.sort(first[close[:, :2]], axis=1)
        close = np.column_stack([ends, close[:, 2]])
    return _unique(np.concatenate([equal, close]).astype(np.int64))


def all_pairs(hashes: Hashes, radius: int) -> Pairs:
    """All pairs within any radius, by comparing each hash with every other: for small N."""
    found = [np.zeros((0, 3), np.int64)]
    for row in range(len(hashes) - 1):
        bits = np.bitwise_count(hashes[row + 1 :] ^ hashes[row])
        hit = np.flatnonzero(bits <= radius)
        if len(hit):
            found.append(np.column_stack([np.full(len(hit), row), hit + row + 1, bits[hit]]))
    return np.concatenate(found).astype(np.int64)


def near_and_mirrored(
    hashes: Hashes, mirrored: Hashes, radius: int = RADIUS
) -> tuple[Pairs, Pairs]:
    """All pairs that are near, and all where one is near to the other's mirror image: one search.

    Args:
        hashes: of the images.
        mirrored: of the same images mirrored left to right.
        radius: 0 to 6 bits.
    """
    size = len(hashes)
    pairs = near_pairs(np.concatenate([hashes, mirrored]), radius)
    near = pairs[pairs[:, 1] < size]
    across = pairs[(pairs[:, 0] < size) & (pairs[:, 1] >= size)]
    ends = np.sort(np.column_stack([across[:, 0], across[:, 1] - size]), axis=1)
    crossed = np.column_stack([ends, across[:, 2]])
    return near, _unique(crossed[ends[:, 0] != ends[:, 1]])


def clusters(pairs: npt.NDArray[np.int64], rows: int) -> Rows:
    """(N,): for each row the smallest row that it is connected to by pairs (union-find)."""
    parent = list(range(rows))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for a, b in pairs[:, :2].tolist():
        one, other = root(a), root(b)
        if one != other:
            parent[max(one, other)] = min(one, other)
    return np.array([root(row) for row in range(rows)], np.intp)


def _balanced(hashes: Hashes) -> Hashes:
    """The same bits in another order: those that hardly vary are dealt out evenly to the bands.

    Distances stay as they are. Pictures of one kind share some bits; bands made of these alone
    would put everything into one run.
    """
    if not len(hashes):
        return hashes
    starts = range(0, len(hashes), _BLOCK)
    ones = sum(
        np.array([np.count_nonzero(plane) for plane in _planes(hashes[at : at + _BLOCK])])
        for at in starts
    )
    even = np.argsort(np.abs(ones - len(hashes) / 2), kind="stable")
    order = even.reshape(-1, BANDS).T.ravel()  # the most varied bits first, one to each band
    dealt = np.empty((len(hashes), BANDS), np.uint8)
    for at in starts:
        planes = _planes(hashes[at : at + _BLOCK])
        for band in range(BANDS):
            octet = planes[order[8 * band]].copy()
            for bit in order[8 * band + 1 : 8 * band + 8].tolist():
                octet += octet
                octet |= planes[bit]
            dealt[at : at + _BLOCK, band] = octet
    return dealt.view(np.uint64).ravel()


def _planes(hashes: Hashes) -> npt.NDArray[np.uint8]:
    """(64, N): one bit of all hashes after the other, byte by byte, the highest of a byte first."""
    octets = np.ascontiguousarray(hashes.view(np.uint8).reshape(-1, 8).T)
    shifts = np.arange(7, -1, -1, dtype=np.uint8)[:, None]
    return (octets[:, None] >> shifts & np.uint8(1)).reshape(64, -1)


def _search(hashes: Hashes, radius: int) -> Pairs:
    """Pairs of distinct hashes: sort by two bands at a time, compare inside equal runs."""
    found = np.zeros((0, 3), np.int64)
    if len(hashes) < 2:
        return found
    octets = hashes.view(np.uint8).reshape(-1, 8)
    for one, other in combinations(range(BANDS), 2):
        key = octets[:, one].astype(np.uint16) * np.uint16(256) + octets[:, other]
        order = np.argsort(key, kind="stable")
        fresh = _inside_runs(hashes[order], key[order], radius)
        if not len(fresh):
            continue
        ends = np.sort(order[fresh[:, :2]], axis=1)
        found = np.concatenate([found, np.column_stack([ends, fresh[:, 2]])])
        if len(found) > MOST_PAIRS:
            found = _unique(found)
            found = _closest(found) if len(found) > MOST_PAIRS // 2 else found
    return _unique(found)


def _inside_runs(hashes: Hashes, keys: npt.NDArray[np.uint16], radius: int) -> Pairs:
    """Pairs of places in one sorted order whose keys are equal."""
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    lengths = np.diff(np.append(starts, len(keys)))
    longest = int(lengths.max())
    found = [_at_distance(hashes, shift, radius) for shift in range(1, min(_SPARSE, longest))]
    if longest <= _SPARSE:
        return np.concatenate([_NO_PAIRS, *found])
    left = np.repeat(lengths + starts, lengths) - np.arange(len(keys)) - 1  # more in this run
    alive = np.flatnonzero(left >= _SPARSE)
    shift = _SPARSE
    while len(alive):
        bits = np.bitwise_count(hashes[alive] ^ hashes[alive + shift])
        hit = bits <= radius
        if hit.any():
            near = alive[hit]
            found.append(np.column_stack([near, near + shift, bits[hit]]).astype(np.int64))
        shift += 1
        alive = alive[left[alive] >= shift]
    return np.concatenate(found)


def _at_distance(hashes: Hashes, shift: int, radius: int) -> Pairs:
    """Pairs of places exactly `shift` apart, whatever their keys: a near pair is a near pair."""
    found = [np.zeros((0, 3), np.int64)]
    for begin in range(0, len(hashes) - shift, _BLOCK):  # blocks that stay in the cache
        mine = hashes[begin : begin + _BLOCK]
        other = hashes[begin + shift : begin + shift + _BLOCK]
        bits = np.bitwise_count(mine[: len(other)] ^ other)
        hit = np.flatnonzero(bits <= radius)
        if len(hit):
            found.append(np.column_stack([hit + begin, hit + begin + shift, bits[hit]]))
    return np.concatenate(found).astype(np.int64)


def _unique(pairs: Pairs) -> Pairs:
    """Each pair once, sorted by its rows."""
    if not len(pairs):
        return pairs
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    new = np.append(True, (pairs[1:, :2] != pairs[:-1, :2]).any(axis=1))
    once: Pairs = pairs[new]
    return once


def _closest(pairs: Pairs) -> Pairs:
    """Of each row as the later one of a pair, the closest partners."""
    pairs = pairs[np.lexsort((pairs[:, 0], pairs[:, 2], pairs[:, 1]))]
    starts = np.flatnonzero(np.append(True, pairs[1:, 1] != pairs[:-1, 1]))
    place = np.arange(len(pairs)) - np.repeat(starts, np.diff(np.append(starts, len(pairs))))
    kept: Pairs = pairs[place < CLOSEST]
    return kept
