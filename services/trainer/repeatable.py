"""Training data that repeats: order and augmentation are functions of (seed, epoch, index)."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ultralytics.data.build import InfiniteDataLoader
from ultralytics.data.dataset import YOLODataset

from services.trainer.domain.seeds import epoch_order, mix


class EpochSampler:
    """Yields epoch * n + index, so that a loader's worker knows the epoch of each sample."""

    def __init__(self, images: int, batch: int, seed: int) -> None:
        self.images, self.batch, self.seed = images, batch, seed
        self.epoch, self.batches_done = 0, 0

    def go_to(self, epoch: int, batches_done: int) -> None:
        """What is read next: `epoch`, 0-based, without its first batches. For a fresh iterator."""
        self.epoch, self.batches_done = epoch, batches_done

    def __len__(self) -> int:
        return self.images

    def __iter__(self) -> Iterator[int]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        skipped, self.batches_done = self.batches_done * self.batch, 0
        order = epoch_order(self.images, seed=self.seed, epoch=epoch)[skipped:]
        return (epoch * self.images + int(index) for index in order)


class PartLoader(InfiniteDataLoader):
    """A loader whose next epoch may lack its first batches: those that were trained on before."""

    batches_done: int = 0

    iterator: Any

    def __iter__(self) -> Any:
        done, self.batches_done = self.batches_done, 0
        if self.iterator is None:
            self.iterator = self._get_iterator()
        for _ in range(len(self) - done):
            yield next(self.iterator)


class Note:
    """Which image this process is reading, for whoever finds it dead or hanging."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._pid, self._file = folder, 0, 0

    def write(self, name: str) -> None:
        """Replace what is noted; an empty name = nothing is being read."""
        if self._pid != os.getpid():  # a loader's worker is a copy of us
            self._folder.mkdir(exist_ok=True)
            self._pid = os.getpid()
            self._file = os.open(self._folder / str(self._pid), os.O_CREAT | os.O_WRONLY, 0o600)
        os.pwrite(self._file, os.fsencode(name) + b"\n", 0)


class NotedDataset(YOLODataset):
    """A dataset that can tell which image it could not read."""

    note: Note

    def load_image(self, i: int, *args: Any, **kwargs: Any) -> Any:
        """As stock; what goes wrong names the image."""
        name = self.im_files[i]
        self.note.write(name)
        try:
            image = super().load_image(i, *args, **kwargs)
        except Exception as error:
            raise UnreadableImageError(f"cannot read image '{name}': {error}") from error
        self.note.write("")
        return image


class UnreadableImageError(Exception):
    """An image that the check at the start let pass cannot be read; torch passes on the text."""


class SeededDataset(NotedDataset):
    """A training set whose augmentation of a sample depends on (seed, epoch, index) alone."""

    run_seed: int

    def __getitem__(self, code: int) -> Any:
        epoch, index = divmod(code, len(self))
        seed = mix(self.run_seed, epoch, index)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        return super().__getitem__(index)


def noted(loader: Any, note: Note) -> None:
    """Make an ultralytics loader say what it reads; for validation."""
    loader.dataset.note, loader.dataset.__class__ = note, NotedDataset


def repeatable(loader: Any, note: Note, *, seed: int) -> EpochSampler:
    """Make an ultralytics loader of training batches repeat.

    Args:
        loader: just built, nothing read yet.
        note: where it says what it reads.
        seed: of the run.

    Returns:
        The sampler now inside; tell it where to go whenever the loader was reset.
    """
    dataset = loader.dataset
    dataset.run_seed, dataset.note, dataset.__class__ = seed, note, SeededDataset
    for transform in _transforms(dataset.transforms):
        if hasattr(transform, "buffer_enabled"):  # mosaic of what happened to be loaded lately
            transform.buffer_enabled = False
    batches = loader.batch_sampler.sampler
    sampler = EpochSampler(len(dataset), batches.batch_size, seed)
    batches.sampler = sampler
    loader.__class__ = PartLoader
    return sampler


def _transforms(root: Any) -> Iterator[Any]:
    """`root` and every transform inside it."""
    yield root
    children = getattr(root, "transforms", None)
    inner = getattr(root, "pre_transform", None)
    for child in [*(children if isinstance(children, list) else []), *([inner] if inner else [])]:
        yield from _transforms(child)
