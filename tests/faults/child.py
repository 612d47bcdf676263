"""A training process with one fault, which the environment names: everything else is the real one.

FAULT=out_of_memory_in_step:FITS | out_of_memory_in_validation | nan_in_epoch:N |
      crash_on_image:NAME | card_dies | a_socket_kills | opens_a_socket | note_images |
      rank_1_drifts | rank_1_out_of_memory | slow_validation | on_host:NAMESPACE
      full_disk:FILE
"""

import ctypes
import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

from ultralytics.data.dataset import YOLODataset

from libs.common.isolation import KILL, refuse_sockets
from services.trainer import entry, validator, yolo
from services.trainer.checkpoint import AtomicPath

SLOW_S = 0.5
EPOCH = 3
FITS = 2
OUT = "CUDA out of memory. Tried to allocate 1.00 GiB."


class StepTooLarge(yolo.Trainer):
    fits = 2

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        if self.epoch + 1 == EPOCH and self.batch_size > self.fits:
            raise RuntimeError(OUT)
        return super().preprocess_batch(batch)


class ValidationTooLarge(validator.Validator):
    def update_metrics(self, preds: Any, batch: Any) -> None:
        if self.args.batch > FITS:
            raise RuntimeError(OUT)
        super().update_metrics(preds, batch)


class SlowValidation(validator.Validator):
    def update_metrics(self, preds: Any, batch: Any) -> None:
        super().update_metrics(preds, batch)
        for _ in range(100):
            time.sleep(SLOW_S)
            self.say("validating")


class NotFiniteOnce(yolo.Trainer):
    broken = False
    at = EPOCH

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        prepared = super().preprocess_batch(batch)
        if self.epoch + 1 == self.at and not self.broken:
            NotFiniteOnce.broken = self.batch_index + 1 == len(self.train_loader)
            prepared["img"] = prepared["img"] * float("nan")
        return prepared


class Noting(yolo.Trainer):
    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        names = [Path(name).name for name in batch["im_file"]]
        line = json.dumps({"rank": self.ranks.rank, "epoch": self.epoch, "images": names})
        with (self.run_dir.parent / "seen").open("a") as file:
            file.write(line + "\n")
        return super().preprocess_batch(batch)


class Drifting(yolo.Trainer):
    def on_train_batch_start(self) -> None:
        super().on_train_batch_start()
        if self.ranks.rank == 1 and self.epoch == 1:
            next(self.model.parameters()).data.mul_(1.0001)


class SecondTooLarge(yolo.Trainer):
    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        if self.ranks.rank == 1 and self.epoch == 1:
            raise RuntimeError(OUT)
        return super().preprocess_batch(batch)


TRAINERS = {
    "note_images": Noting,
    "rank_1_drifts": Drifting,
    "rank_1_out_of_memory": SecondTooLarge,
}


def enter(namespace: str) -> None:
    """From here on this process has the network of another host."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", namespace).open() as file:
        if libc.setns(file.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def crash_on(name: str) -> None:
    read = YOLODataset.load_image

    def crash(self: Any, i: int, *args: Any, **kwargs: Any) -> Any:
        if Path(self.im_files[i]).name == name:
            os.kill(os.getpid(), signal.SIGSEGV)
        return read(self, i, *args, **kwargs)

    setattr(YOLODataset, "load_image", crash)  # noqa: B010


def fill_disk(once: Path) -> None:
    """Once that file is there, weights are written to a device that is always full."""
    write = AtomicPath.write_bytes

    def write_or_fail(self: AtomicPath, data: bytes) -> int:
        return Path("/dev/full").write_bytes(data) if once.exists() else write(self, data)

    setattr(AtomicPath, "write_bytes", write_or_fail)  # noqa: B010


def die(*_: Any) -> None:
    raise RuntimeError("CUDA error: unspecified launch failure")


def main(messages: int) -> None:
    fault, _, name = os.environ["FAULT"].partition(":")
    if fault == "out_of_memory_in_step":
        StepTooLarge.fits = int(name or 2)
        yolo.Trainer = StepTooLarge  # type: ignore[misc]
    elif fault == "out_of_memory_in_validation":
        setattr(yolo, "Validator", ValidationTooLarge)  # noqa: B010
    elif fault == "nan_in_epoch":
        NotFiniteOnce.at = int(name)
        yolo.Trainer = NotFiniteOnce  # type: ignore[misc]
    elif fault == "on_host":
        enter(name)
    elif fault in TRAINERS:
        yolo.Trainer = TRAINERS[fault]  # type: ignore[misc]
    elif fault == "slow_validation":
        setattr(yolo, "Validator", SlowValidation)  # noqa: B010
    elif fault == "crash_on_image":
        crash_on(name)
    elif fault == "full_disk":
        fill_disk(Path(name))
    elif fault == "card_dies":
        entry.train = die  # type: ignore[assignment]
    elif fault == "a_socket_kills":
        refuse_sockets(KILL)
    elif fault == "opens_a_socket":
        refuse_sockets(KILL)
        entry.train = lambda *_: socket.socket()  # type: ignore[assignment]
    elif fault:
        raise ValueError(fault)
    entry.main(messages)
