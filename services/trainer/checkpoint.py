"""Files of a run, in the child: checkpoints, the check of foreign weights, what is published."""

import os
import shutil
from pathlib import Path
from typing import Any

import torch
from ultralytics.utils.metrics import ConfusionMatrix
from ultralytics.utils.torch_utils import strip_optimizer, unwrap_model

from libs.common.errors import BadInput
from libs.common.weights import check_names

FILES = ("last.pt", "best.pt", "state.pt")


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


def check_weights(path: Path) -> None:
    """Refuse a weights file that could run code, before torch loads it.

    Raises:
        BadInput: with code `unsafe_weights`, or `unreadable_weights` for what is no checkpoint.
    """
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except (ValueError, RuntimeError, OSError) as error:
        raise BadInput(
            f"{path.name} is not a PyTorch checkpoint: give a .pt file that ultralytics saved",
            code="unreadable_weights",
        ) from error
    check_names(names, file=path.name)


def snapshot(trainer: Any) -> dict[str, Any]:
    """Everything that a later attempt needs to go on to the same bits.

    Returns:
        `epoch` (0-based, the last one inside), exact tensors, and the run's records so far.
    """
    return {
        "epoch": trainer.epoch,
        "stopped": bool(trainer.stop),
        "cut": trainer.cut,
        "model": unwrap_model(trainer.model).state_dict(),
        "ema": trainer.ema.ema.state_dict(),
        "updates": trainer.ema.updates,
        "optimizer": trainer.optimizer.state_dict(),
        "scaler": trainer.scaler.state_dict(),
        "names": dict(trainer.data["names"]),
        "confusion": trainer.confusion,
        "history": trainer.history,
        "elapsed_s": trainer.elapsed_s(),
        "results_csv": trainer.csv.read_text(encoding="utf-8"),
        "args_yaml": (trainer.save_dir / "args.yaml").read_text(encoding="utf-8"),
    }


def write_checkpoint(save_dir: Path, epoch: int, state: dict[str, Any]) -> dict[str, str]:
    """Put a checkpoint together that stays as it is while training goes on.

    Args:
        save_dir: of the run; its weights/ holds this epoch's last.pt and best.pt.
        epoch: last one inside, 1-based.
        state: of `snapshot`.

    Returns:
        Path by name, of last.pt, best.pt and state.pt.
    """
    folder = save_dir / "checkpoints" / f"{epoch:05d}"
    folder.mkdir(parents=True)
    for name in ("last.pt", "best.pt"):
        os.link(save_dir / "weights" / name, folder / name)
    torch.save(state, folder / "state.pt")
    return {name: str(folder / name) for name in FILES}


def read_checkpoint(folder: Path, save_dir: Path) -> dict[str, Any]:
    """Lay the checkpoint's files where the run expects them, and read its state.

    Raises:
        BadInput: a file is no checkpoint of ours.
    """
    weights = save_dir / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    for name in ("last.pt", "best.pt"):
        check_weights(folder / name)
        shutil.copyfile(folder / name, weights / name)
    state: dict[str, Any] = torch.load(folder / "state.pt", map_location="cpu", weights_only=True)
    return state


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
        strip_optimizer(source, str(target))
        files[f"weights/{source.name}"] = str(target)
    for name, text in (("results.csv", state["results_csv"]), ("args.yaml", state["args_yaml"])):
        (out / name).write_text(text, encoding="utf-8")
        files[name] = str(out / name)
    matrix = ConfusionMatrix(names=state["names"])
    matrix.matrix = state["confusion"].numpy()
    matrix.plot(normalize=False, save_dir=out)
    files["confusion_matrix.png"] = str(out / "confusion_matrix.png")
    return files
