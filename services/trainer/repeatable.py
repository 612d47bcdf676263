"""Training data that repeats: order and augmentation are functions of (seed, epoch, index)."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
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
        return iter(self.next_order().tolist())

    def next_order(self) -> npt.NDArray[np.int64]:
        """All that the next epoch yields, shape (images left,)."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        skipped, self.batches_done = self.batches_done * self.batch, 0
        order = epoch_order(self.images, seed=self.seed, epoch=epoch)[skipped:]
        return epoch * self.images + order


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


Loaded = tuple[npt.NDArray[np.uint8], tuple[int, int], tuple[int, int]]
"""Of ultralytics: pixels, and (height, width) before and after they were resized."""
Mark = tuple[int, int]
"""When a file was written, in nanoseconds, and its size."""


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


def mark_of(path: str) -> Mark | None:
    """What tells whether a file changed; None when it is not there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - at each reading of an image
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


class Kept:
    """Decoded and resized images, until the budget is used up. One per process of a loader."""

    def __init__(self, budget_bytes: int) -> None:
        self.left_bytes = budget_bytes
        self._images: dict[int, tuple[Mark, Loaded]] = {}

    def get(self, index: int, mark: Mark | None) -> Loaded | None:
        """A copy, as augmentation writes into its image; None when the file is another by now."""
        if (known := self._images.get(index)) is None:
            return None
        then, (image, original_hw, resized_hw) = known
        if then != mark:
            del self._images[index]
            self.left_bytes += image.nbytes
            return None
        return image.copy(), original_hw, resized_hw

    def put(self, index: int, mark: Mark | None, loaded: Loaded) -> None:
        """Keep a copy, if there is room; what is kept stays, as each epoch asks for all.

        Args:
            index: of the image.
            mark: of its file, from before it was read.
            loaded: what was read.
        """
        image, original_hw, resized_hw = loaded
        if mark and image.nbytes <= self.left_bytes:
            self.left_bytes -= image.nbytes
            self._images[index] = mark, (image.copy(), original_hw, resized_hw)


class NotedDataset(YOLODataset):
    """A dataset that can tell which image it could not read, and decodes what it must."""

    note: Note
    kept: Kept

    def load_image(self, i: int, *args: Any, **kwargs: Any) -> Any:
        """As stock; what goes wrong names the image.

        What is kept is used as long as the file stays as it was: one that is replaced, or turns
        bad, in the middle of a run is read again, as it would be without keeping.
        """
        plain = not args and not kwargs and self.cache != "ram"
        name = self.im_files[i]
        mark = mark_of(name) if plain else None
        if plain and (known := self.kept.get(i, mark)):
            return known
        self.note.write(name)
        try:
            image = super().load_image(i, *args, **kwargs)
        except Exception as error:
            raise UnreadableImageError(f"cannot read image '{name}': {error}") from error
        self.note.write("")
        if plain:
            self.kept.put(i, mark, image)
            for held in self.buffer:  # ultralytics keeps, and hands out, what was loaded lately
                self.ims[held] = self.im_hw0[held] = self.im_hw[held] = None
            self.buffer.clear()
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


def noted(loader: Any, note: Note, kept: Kept) -> None:
    """Make an ultralytics loader say what it reads; for validation."""
    dataset = loader.dataset
    dataset.note, dataset.kept, dataset.__class__ = note, kept, NotedDataset


def repeatable(loader: Any, note: Note, kept: Kept, *, seed: int) -> EpochSampler:
    """Make an ultralytics loader of training batches repeat.

    Args:
        loader: just built, nothing read yet.
        note: where it says what it reads.
        kept: where it keeps what it has read.
        seed: of the run.

    Returns:
        The sampler now inside; tell it where to go whenever the loader was reset.
    """
    dataset = loader.dataset
    dataset.run_seed, dataset.note, dataset.kept = seed, note, kept
    dataset.__class__ = SeededDataset
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
