"""Training data that repeats: order and augmentation are functions of (seed, epoch, index)."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
from ultralytics.data.dataset import YOLODataset

from services.trainer.domain.seeds import epoch_order, mix


class EpochSampler:
    """Yields epoch * n + index, so that a loader's worker knows the epoch of each sample."""

    def __init__(self, images: int, seed: int, epoch: int) -> None:
        self.images, self.seed, self.epoch = images, seed, epoch

    def __len__(self) -> int:
        return self.images

    def __iter__(self) -> Iterator[int]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        order = epoch_order(self.images, seed=self.seed, epoch=epoch)
        return (epoch * self.images + int(index) for index in order)


class SeededDataset(YOLODataset):
    """A training set whose augmentation of a sample depends on (seed, epoch, index) alone."""

    run_seed: int

    def __getitem__(self, code: int) -> Any:
        epoch, index = divmod(code, len(self))
        seed = mix(self.run_seed, epoch, index)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        return super().__getitem__(index)


def repeatable(loader: Any, *, seed: int, epoch: int) -> EpochSampler:
    """Make an ultralytics loader of training batches repeat.

    Args:
        loader: just built, nothing read yet.
        seed: of the run.
        epoch: the first that will be read, 0-based.

    Returns:
        The sampler now inside; set its `epoch` after the loader was reset.
    """
    dataset = loader.dataset
    dataset.run_seed, dataset.__class__ = seed, SeededDataset
    for transform in _transforms(dataset.transforms):
        if hasattr(transform, "buffer_enabled"):  # mosaic of what happened to be loaded lately
            transform.buffer_enabled = False
    sampler = EpochSampler(len(dataset), seed, epoch)
    loader.batch_sampler.sampler.sampler = sampler
    return sampler


def _transforms(root: Any) -> Iterator[Any]:
    """`root` and every transform inside it."""
    yield root
    children = getattr(root, "transforms", None)
    inner = getattr(root, "pre_transform", None)
    for child in [*(children if isinstance(children, list) else []), *([inner] if inner else [])]:
        yield from _transforms(child)
