"""Where a run's randomness comes from: a function of (seed, epoch, index), never of history.

A run that is killed and resumed therefore sees the same samples, augmented the same way, in the
same order as one that was never interrupted.
"""

import numpy as np
import numpy.typing as npt

MASK = 2**64 - 1


def mix(*parts: int) -> int:
    """One 64-bit number from several; neighbours give unrelated numbers.

    Source: the finaliser of SplitMix64 (Steele et al., Fast Splittable Pseudorandom Number
    Generators, OOPSLA 2014), applied to each part in turn.
    """
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = (state ^ (part + 0x9E3779B97F4A7C15 + (state << 6) + (state >> 2))) & MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
        state ^= state >> 31
    return state


def epoch_order(images: int, *, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """The order in which an epoch visits its images.

    Returns:
        A permutation of range(images), shape (images,).
    """
    return np.random.Generator(np.random.PCG64(mix(seed, epoch))).permutation(images)
