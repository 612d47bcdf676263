"""What a request names, brought to this machine and checked against the hash it names."""

import asyncio
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from libs.common.errors import BadInput
from libs.common.events import FileRef, ModelRef
from libs.common.service import Deps
from libs.common.weights import MISSING, weights_suffix


@dataclass(frozen=True)
class Weights:
    """A model's file on this machine, or the predictions that stand in for one."""

    path: Path
    sha256: str
    size_bytes: int


async def fetch_weights(deps: Deps, model: ModelRef, folder: Path) -> Weights:
    """Bring the model's file here, checked against the hash that the request names.

    Raises:
        BadInput: the file is gone, or is not the one that was asked for.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    path = folder / f"model{weights_suffix(model)}"
    if model.key:
        await deps.artifacts.get_file(model.key, path, sha256=model.sha256)
    else:  # a copy: what is checked here is what will be loaded
        try:
            await asyncio.to_thread(shutil.copyfile, model.path or "", path)
        except MISSING as error:
            missing = f"The model {model.name} is not there any more."
            raise BadInput(missing, code="model_missing") from error
    return await _checked(path, model, "model_changed")


async def fetch_predictions(deps: Deps, ref: FileRef, folder: Path) -> Weights:
    """Bring the predictions here, a file or a folder; as `fetch_weights`."""
    if ref.key:
        name = f"predictions{Path(ref.key).suffix or '.json'}"
        path = await deps.artifacts.get_file(ref.key, folder / name, sha256=ref.sha256)
    else:
        path = Path(ref.path or "")
        if not path.exists():
            raise BadInput(f"{ref.name} is not there any more.", code="predictions_missing")
    return await _checked(path, ref, "predictions_changed")


async def _checked(path: Path, ref: FileRef | ModelRef, code: str) -> Weights:
    digest, size = await asyncio.to_thread(_hash, path)
    if ref.sha256 not in (None, digest):
        raise BadInput(f"{ref.name} changed after it was asked for. Ask again.", code=code)
    return Weights(path, digest, size)


def _hash(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file; of a folder, over the names and contents of its txt files."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size
    whole, size = hashlib.sha256(), 0
    for each in sorted(path.rglob("*.txt")):
        if each.is_file():
            data = each.read_bytes()
            whole.update(f"{each.relative_to(path).as_posix()}\n{len(data)}\n".encode() + data)
            size += len(data)
    return whole.hexdigest(), size
