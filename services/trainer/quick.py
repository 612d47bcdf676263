"""A training by ultralytics that computes the same in less time, in the child.

Each lever is one of `domain.levers.LEVERS`, and only pulled when it is in `levers`.
"""
# mypy: allow-untyped-calls

import csv
import os
import shutil
from typing import Any

import psutil
import torch
from torch._inductor.cpp_builder import get_cpp_compiler
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.utils import torch_utils
from ultralytics.utils.tqdm import TQDM

from libs.common.errors import PermanentError
from services.trainer.domain.levers import image_budget
from services.trainer.ranks import Ranks
from services.trainer.repeatable import Kept

LOADERS = 2
"""Of training and of validation: each keeps images of its own."""


BAR_S = 1.0
NO_COMPILER = (
    "the trainer's host has no compiler for {}, which extra.compile needs: install one there (gcc, "
    "g++), or train without compile"
)


class Quick(DetectionTrainer):
    """Stock, but for what is named here."""

    levers: frozenset[str]
    model: Any
    ranks: Ranks

    def use_cores(self) -> None:
        """As many threads as there are cores, shared by the ranks of this host.

        Device selection leaves one on two.
        """
        if "threads" in self.levers:
            cores = len(os.sched_getaffinity(0))
            torch.set_num_threads(max(1, cores // self.ranks.local_size))

    @property
    def channels_last(self) -> bool:
        """Whether we order the memory; on a GPU ultralytics does."""
        return "channels_last" in self.levers and bool(self.device.type == "cpu")

    def setup_model(self) -> Any:
        """Before anything is copied from the model: the EMA and the optimizer follow its order."""
        if self.args.compile:
            check_compiler(self.device.type)
        self.use_cores()
        checkpoint = super().setup_model()
        if self.channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        return checkpoint

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Pixels ordered while they are bytes."""
        if self.channels_last:
            batch["img"] = batch["img"].contiguous(memory_format=torch.channels_last)
        prepared: dict[str, Any] = super().preprocess_batch(batch)
        return prepared

    def kept_images(self) -> Kept:
        """Room for one loader's images; none where the request has its own wish."""
        if "images_in_memory" not in self.levers or self.args.cache:
            return Kept(0)
        processes = LOADERS * self.ranks.local_size * max(1, self.args.workers)
        return Kept(image_budget(psutil.virtual_memory().available, processes))

    def read_results_csv(self) -> dict[str, list[float]]:
        """The columns of results.csv, for the checkpoint."""
        if "small_writes" not in self.levers:
            stock: dict[str, list[float]] = super().read_results_csv()
            return stock
        if not self.csv.exists():
            return {}
        with self.csv.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        columns = zip(*rows, strict=True)
        return {
            name.strip(): [float(value) for value in values]
            for name, values in zip(header, columns, strict=False)
        }


def check_compiler(device: str) -> None:
    """Ultralytics would go on uncompiled, or fail at the first batch.

    Args:
        device: kind of device that the model is compiled for: on a GPU Triton builds its launcher
            in C, on the CPU all kernels are C++.

    Raises:
        PermanentError: this host has no compiler for it.
    """
    if device == "cpu":
        try:
            get_cpp_compiler()
        except RuntimeError as error:
            raise PermanentError(NO_COMPILER.format("C++"), code="compiler_missing") from error
    elif not (os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")):
        raise PermanentError(NO_COMPILER.format("C"), code="compiler_missing")


def _each_second(self: TQDM, dt: float) -> bool:
    """When a bar is drawn again: stock does so ten times a second, each a line of the console."""
    return dt >= BAR_S or (self.total is not None and self.n >= self.total)


def _uncounted(*_: Any, **__: Any) -> float:
    """Operations of a forward pass, not counted: stock copies and runs the model for a line."""
    return 0.0


setattr(TQDM, "_should_update", _each_second)  # noqa: B010
setattr(torch_utils, "get_flops", _uncounted)  # noqa: B010 - the line says what else it knows
