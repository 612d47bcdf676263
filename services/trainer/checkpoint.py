"""Files of a run, in the child: checkpoints, the check of foreign weights, what is published."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import yaml
from ultralytics.utils.metrics import ConfusionMatrix
from ultralytics.utils.torch_utils import strip_optimizer, unwrap_model

from libs.common.detectors import SUFFIX, as_checkpoint, check_weights, save_detector

WEIGHTS = ("last.pt", "best.pt")
MOST_SHARE = 20.0
"""A checkpoint that takes a second is written every 20 seconds at most."""


class AtomicPath(type(Path())):  # type: ignore[misc]
    """A path whose file is replaced whole, so that hard links to the former one stay as they are.

    Nothing is flushed to the disk: a checkpoint counts when it is in the store.
    """

    def write_bytes(self, data: bytes) -> int:
        """Write beside, then rename."""
        temporary = Path(f"{self}.tmp")
        size = temporary.write_bytes(data)
        temporary.replace(self)
        return size


class Pace:
    """When a checkpoint within an epoch is due: by the clock, and never a large share of the time.

    Args:
        every_s: seconds between checkpoints, at least; also the most work a crash can cost.
    """

    def __init__(self, every_s: float) -> None:
        self.every_s, self.took_s, self.saved_at = every_s, 0.0, time.monotonic()

    def begin(self, at: float) -> None:
        """Count from here, where a part of an epoch begins."""
        self.saved_at = max(self.saved_at, at)

    def due(self) -> bool:
        """Whether it is time: a slow disk makes them rarer."""
        return time.monotonic() - self.saved_at >= max(self.every_s, MOST_SHARE * self.took_s)

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Around the writing of one."""
        began = time.monotonic()
        yield
        self.saved_at = time.monotonic()
        self.took_s = self.saved_at - began


def snapshot(trainer: Any, *, batches: int = 0, losses: Any = None) -> dict[str, Any]:
    """Everything that a later attempt needs to go on to the same bits.

    Args:
        trainer: between two optimizer steps, with no gradients pending.
        batches: done of the running epoch; 0 = the epoch is done.
        losses: within an epoch, the running means of each rank.

    Returns:
        `epoch` (0-based, the last whole one; -1 = none), `batches` (done of the next), exact
        tensors, and the run's records so far.
    """
    within = batches > 0
    csv: Path = trainer.csv
    return {
        "epoch": trainer.epoch - 1 if within else trainer.epoch,
        "batches": batches,
        "tloss": losses,
        "epoch_s": time.monotonic() - trainer.epoch_began if within else 0.0,
        "stopped": bool(trainer.stop),
        "cut": trainer.cut,
        "model": unwrap_model(trainer.model).state_dict(),
        "ema": trainer.ema.ema.state_dict(),
        "updates": trainer.ema.updates,
        "optimizer": trainer.optimizer.state_dict(),
        "scaler": trainer.scaler.state_dict(),
        "best_fitness": None if trainer.best_fitness is None else float(trainer.best_fitness),
        "stopper": {
            "best_fitness": float(trainer.stopper.best_fitness),
            "best_epoch": trainer.stopper.best_epoch,
            "possible_stop": trainer.stopper.possible_stop,
        },
        "names": dict(trainer.data["names"]),
        "confusion": trainer.confusion,
        "history": trainer.history,
        "elapsed_s": trainer.elapsed_s(),
        "results_csv": csv.read_text(encoding="utf-8") if csv.exists() else "",
        "args_yaml": (trainer.save_dir / "args.yaml").read_text(encoding="utf-8"),
    }


def write_checkpoint(save_dir: Path, state: dict[str, Any]) -> dict[str, str]:
    """Put a checkpoint together that stays as it is while training goes on.

    Args:
        save_dir: of the run; its weights/ holds the last.pt and best.pt of the last whole epoch.
        state: of `snapshot`.

    Returns:
        Path by name, of state.pt and, once an epoch is done, of last.pt and best.pt.
    """
    folder = save_dir / "checkpoints" / checkpoint_name(state["epoch"] + 1, state["batches"])
    folder.mkdir(parents=True)
    names = [name for name in WEIGHTS if (save_dir / "weights" / name).exists()]
    for name in names:
        os.link(save_dir / "weights" / name, folder / name)
    torch.save(state, folder / "state.pt")
    return {name: str(folder / name) for name in (*names, "state.pt")}


def checkpoint_name(epochs: int, batches: int) -> str:
    """The folder of a checkpoint; later ones sort after earlier ones."""
    return f"{epochs:05d}-{batches:07d}"


def read_checkpoint(folder: Path, save_dir: Path | None) -> dict[str, Any]:
    """Lay the checkpoint's files where the run expects them, and read its state.

    Args:
        folder: of the checkpoint.
        save_dir: of the run; None = another rank lays them out.

    Raises:
        BadInput: a file is no checkpoint of ours.
    """
    if save_dir:
        weights = save_dir / "weights"
        weights.mkdir(parents=True, exist_ok=True)
        for name in WEIGHTS:
            if (folder / name).exists():
                check_weights(folder / name)
                shutil.copyfile(folder / name, weights / name)
    state: dict[str, Any] = torch.load(folder / "state.pt", map_location="cpu", weights_only=True)
    return state


def start_weights(path: Path) -> Path:
    """Weights to start from, as ultralytics takes them, known to run nothing.

    Raises:
        BadInput: as `load_detector`.
    """
    if path.suffix == SUFFIX:
        return as_checkpoint(path, path.with_name("rebuilt.pt"))
    check_weights(path)
    return path


def write_architecture(model: Any, out: Path) -> Path:
    """The model's yaml with its class names, as people and other programs read it."""
    path = out / "weights" / "model.yaml"
    described = {**model.yaml, "names": dict(model.names)}
    path.write_text(yaml.safe_dump(described, allow_unicode=True, sort_keys=False), "utf-8")
    return path


def publish(state: dict[str, Any], save_dir: Path) -> dict[str, str]:
    """Make the files that a user gets.

    Args:
        state: of the last epoch.
        save_dir: of the run.

    Returns:
        Path by name under the run's prefix. Weights are stripped copies, half precision.
    """
    out = save_dir / "published"
    (out / "weights").mkdir(parents=True, exist_ok=True)
    files: dict[str, str] = {}
    for source in sorted((save_dir / "weights").glob("*.pt")):
        target = out / "weights" / source.name
        stripped = strip_optimizer(source, str(target))
        files[f"weights/{source.name}"] = str(target)
        if source.name in WEIGHTS:
            plain = target.with_suffix(SUFFIX)
            save_detector(stripped["model"], plain, imgsz=stripped["train_args"]["imgsz"])
            files[f"weights/{plain.name}"] = str(plain)
            files["weights/model.yaml"] = str(write_architecture(stripped["model"], out))
    for name, text in (("results.csv", state["results_csv"]), ("args.yaml", state["args_yaml"])):
        (out / name).write_text(text, encoding="utf-8")
        files[name] = str(out / name)
    matrix = ConfusionMatrix(names=state["names"])
    matrix.matrix = state["confusion"].numpy()
    matrix.plot(normalize=False, save_dir=out)
    files["confusion_matrix.png"] = str(out / "confusion_matrix.png")
    return files
