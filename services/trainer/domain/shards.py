"""Which images each rank of a training computes: pure.

A batch of all ranks together holds the same images as that of a single process, and each of its
images is with one rank. So a run visits the same images in the same order on any number of ranks.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt


def batch_count(images: int, batch: int, ranks: int) -> int:
    """Batches of an epoch, the same for every rank.

    A rest of fewer images than ranks joins the batch before it: a rank without an image could not
    take part, and the others would wait for it for ever.

    Args:
        images: of the epoch, at least `ranks`.
        batch: images of all ranks together per step, at least `ranks`.
        ranks: at least 1.
    """
    whole, rest = divmod(images, batch)
    return whole + (rest >= ranks)


def least_share(images: int, batch: int, ranks: int) -> int:
    """The fewest images that a rank computes in a step of an epoch."""
    before = batch_count(images, batch, ranks) - 1
    last = images - before * batch
    return (min(batch, last) if before else last) // ranks


def shards(
    order: npt.NDArray[np.int64], *, batch: int, rank: int, ranks: int
) -> Iterator[npt.NDArray[np.int64]]:
    """The part of each batch that one rank computes.

    Args:
        order: images as the epoch visits them, shape (images,); its first batches may be left out.
        batch: images of all ranks together per step.
        rank: 0 to ranks - 1.
        ranks: processes that train together.

    Yields:
        Images of this rank, never empty. Over all ranks: every image of `order` once.
    """
    count = batch_count(len(order), batch, ranks)
    for number in range(count):
        whole = order[number * batch : None if number == count - 1 else (number + 1) * batch]
        yield whole[len(whole) * rank // ranks : len(whole) * (rank + 1) // ranks]
