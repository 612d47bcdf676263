"""The ranks of one training inside their process: who they are, and what they decide together.

ultralytics reads its rank from the environment when it is imported; a copy of the nursery has it
imported before it knows, so the names are put in place here.
"""
# mypy: allow-untyped-calls

import hashlib
import os
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from services.trainer.domain.shards import batch_count, least_share, shards
from services.trainer.repeatable import EpochSampler

PATIENCE = timedelta(minutes=30)
"""How long a rank waits for the others: one of them may be reading a million labels."""
NAMES = ("RANK", "LOCAL_RANK", "WORLD_SIZE")


class DivergedError(RuntimeError):
    """The ranks do not hold the same weights any more."""


class Shards:
    """In place of a loader's batch sampler: the part of each batch that is this rank's."""

    drop_last = False

    def __init__(self, sampler: EpochSampler, rank: int, ranks: int) -> None:
        self.sampler, self.rank, self.ranks = sampler, rank, ranks

    def __len__(self) -> int:
        return batch_count(self.sampler.images, self.sampler.batch, self.ranks)

    def __iter__(self) -> Any:
        order = self.sampler.next_order()
        for part in shards(order, batch=self.sampler.batch, rank=self.rank, ranks=self.ranks):
            yield part.tolist()


class Least:
    """In place of a loader's sampler, which ultralytics asks for the size of the last batch."""

    def __init__(self, sampler: EpochSampler, ranks: int) -> None:
        self.images = least_share(sampler.images, sampler.batch, ranks)

    def __len__(self) -> int:
        return self.images

    def set_epoch(self, epoch: int) -> None:
        """Our order knows its epoch itself."""


class Parallel(nn.parallel.DistributedDataParallel):
    """As torch's; ultralytics names the device, which on the CPU is none."""

    def __init__(self, module: nn.Module, device_ids: Any = None, **options: Any) -> None:
        super().__init__(module, device_ids=None if device_ids == [None] else device_ids, **options)


class Ranks:
    """This process among those that train together; `Ranks()` is alone and decides by itself."""

    def __init__(self, rank: int = 0, size: int = 1, local: int = 0, local_size: int = 1) -> None:
        self.rank, self.size, self.local, self.local_size = rank, size, local, local_size
        self.talk: Any = None

    @classmethod
    def of_environment(cls) -> "Ranks":
        """As `crew` or torchrun told it; alone without."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls()
        rank, local = int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"])
        _tell_ultralytics(RANK=rank, LOCAL_RANK=local, WORLD_SIZE=size)
        return cls(rank, size, local, int(os.environ["LOCAL_WORLD_SIZE"]))

    @property
    def first(self) -> bool:
        """Whether this one writes files and tells facts."""
        return self.rank == 0

    @property
    def speaks(self) -> bool:
        """Whether its leader hears how it goes: one of each host."""
        return self.local == 0

    @property
    def together(self) -> bool:
        """Whether there are others."""
        return self.size > 1

    def folder(self, save_dir: str) -> str:
        """Where this rank may write: only the first one into the run's own folder."""
        return save_dir if self.first else str(Path(save_dir) / "ranks" / str(self.rank))

    def open(self, device: str) -> torch.device:
        """Meet the others.

        Args:
            device: `cpu`, or the indices of this host's GPUs as in `0,1`: one for each local rank.

        Returns:
            The device of this rank.
        """
        found = torch.device("cpu")
        if device != "cpu":
            found = torch.device("cuda", int(device.split(",")[self.local]))
            torch.cuda.set_device(found)
        else:
            setattr(nn.parallel, "DistributedDataParallel", Parallel)  # noqa: B010
        path = os.environ.get("SHIRUSHI_RANKS_FILE")
        dist.init_process_group(
            "nccl" if found.type == "cuda" else "gloo",
            init_method=f"file://{path}" if path else "env://",
            rank=self.rank,
            world_size=self.size,
            timeout=PATIENCE,
        )
        self.talk = dist.new_group(backend="gloo", timeout=PATIENCE)  # never waits for the GPU
        return found

    def divide(self, loader: Any, sampler: EpochSampler, batch: int) -> None:
        """Let a loader of training batches read this rank's part of each.

        Args:
            loader: with `sampler` inside.
            sampler: of the order in which an epoch visits its images.
            batch: images of all ranks together.
        """
        if self.together:
            sampler.batch = batch
            loader.batch_sampler.sampler = Shards(sampler, self.rank, self.size)
            object.__setattr__(loader, "sampler", Least(sampler, self.size))

    def agree(self, word: int) -> int:
        """What the first rank says; the others' `word` is not heard."""
        if not self.together:
            return word
        told = torch.tensor([word])
        dist.broadcast(told, src=0, group=self.talk)
        return int(told.item())

    def gather(self, value: Any) -> list[Any]:
        """What every rank says, in their order; every rank hears it."""
        if not self.together:
            return [value]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value, group=self.talk)
        return found

    def add_up(self, values: Any) -> None:
        """Replace a numpy array by the sum over all ranks."""
        if self.together:
            dist.all_reduce(torch.from_numpy(values), group=self.talk)

    def same_start(self, facts: Any, *models: nn.Module) -> None:
        """Begin from the same place with the same images, though each host read them itself.

        Raises:
            DivergedError: the ranks differ.
        """
        if self.together:
            told = hashlib.sha256(repr(facts).encode()).hexdigest()
            if len(set(self.gather(told))) > 1:
                raise DivergedError("the ranks do not begin with the same images and checkpoint")
            self.same_weights(*models)

    def same_weights(self, *models: nn.Module) -> str | None:
        """The hash of all parameters; None when this process is alone.

        Raises:
            DivergedError: the ranks differ.
        """
        if not self.together:
            return None
        found = self.gather(weights_sha256(models))
        if len(set(found)) > 1:
            raise DivergedError(f"the ranks do not hold the same weights any more: {found}")
        return str(found[0])


def weights_sha256(models: Iterable[nn.Module]) -> str:
    """Of every parameter's bytes, in the order of the models."""
    digest = hashlib.sha256()
    for model in models:
        for parameter in model.parameters():
            digest.update(parameter.detach().cpu().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _tell_ultralytics(**values: int) -> None:
    """Every module of it has its own copy of these names."""
    for name, module in list(sys.modules.items()):
        if name.split(".", 1)[0] == "ultralytics":
            for constant in NAMES:
                if hasattr(module, constant):
                    setattr(module, constant, values[constant])
