"""A YOLO detector in a file from which nothing can run: safetensors, with all else as JSON beside.

For the children that have torch. `save_detector` writes weights and, in the file's own head, what
builds the model again: architecture (the model's yaml) and class names. `load_detector` reads that,
or a `.pt` once it is known to name nothing but parts of a detector.
"""

# mypy: disable-error-code="no-untyped-call"

import json
import pickle
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from ultralytics.nn import tasks
from ultralytics.nn.tasks import DetectionModel, load_checkpoint

from libs.common.errors import BadInput
from libs.common.weights import check_architecture, check_names

SUFFIX = ".safetensors"
HEAD = "shirushi_detector"
MOST_BUILD_BYTES = 16 * 2**30
LAYERS = ("ultralytics.nn.modules.", "torch.nn.modules.")
UNREADABLE = (
    pickle.UnpicklingError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SafetensorError,
    TypeError,
    ValueError,
)
"""What torch, safetensors and ultralytics raise for a file that is no model."""

setattr(tasks, "SAFE_LOAD", True)  # noqa: B010 - the environment may have said so too late


def save_detector(model: Any, path: Path, *, imgsz: int) -> None:
    """Write weights, architecture and class names as one file without pickle.

    Args:
        model: a `DetectionModel`, in any precision, which is kept.
        path: of the file, by name `*.safetensors`.
        imgsz: pixels that it was trained at.
    """
    head = {
        "version": 1,
        "architecture": model.yaml,
        "names": [str(model.names[at]) for at in sorted(model.names)],
        "imgsz": imgsz,
        "licence": "AGPL-3.0: made with ultralytics",
    }
    tensors = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(tensors, path, metadata={"format": "pt", HEAD: json.dumps(head)})


def load_detector(path: Path) -> Any:
    """The model of a `.safetensors` that `save_detector` wrote, or of a `.pt`; in float32, for use.

    Raises:
        BadInput: `unsafe_weights` (it names what could run), `unreadable_weights`, or
            `not_a_detector` for another task.
    """
    try:
        model = _rebuilt(path) if path.suffix == SUFFIX else _unpickled(path)
    except UNREADABLE as error:
        raise BadInput(
            f"{path.name} is not a model that can be read: give a .pt file that ultralytics saved, "
            "or a .safetensors file of a training",
            code="unreadable_weights",
        ) from error
    if type(model) is not DetectionModel:
        raise BadInput(
            f"{path.name} holds a {type(model).__name__}: only YOLO detectors can be used here",
            code="not_a_detector",
        )
    return model


def check_weights(path: Path) -> None:
    """Refuse a `.pt` that could run code, before torch loads it.

    Raises:
        BadInput: with code `unsafe_weights`, or `unreadable_weights` for what is no checkpoint.
    """
    try:
        with ZipFile(path) as archive:
            packed = [each for each in archive.infolist() if each.compress_type != ZIP_STORED]
        if packed:  # torch never writes any: a few bytes could unpack to all memory
            raise ValueError("compressed")
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except (*UNREADABLE, BadZipFile) as error:
        raise BadInput(
            f"{path.name} is not a PyTorch checkpoint: give a .pt file that ultralytics saved",
            code="unreadable_weights",
        ) from error
    check_names(names, file=path.name)


def as_checkpoint(path: Path, target: Path) -> Path:
    """A `.safetensors` as a `.pt` of our own making, where ultralytics takes nothing else.

    Raises:
        BadInput: as `load_detector`.
    """
    model = load_detector(path)
    torch.save({"epoch": -1, "model": model, "train_args": model.args}, target)
    return target


def _unpickled(path: Path) -> Any:
    check_weights(path)
    model, _ = load_checkpoint(str(path), fuse=False)
    check_buildable(model.yaml, file=path.name)
    return model


def _rebuilt(path: Path) -> Any:
    with safe_open(path, framework="pt") as file:
        head = json.loads((file.metadata() or {})[HEAD])
        architecture, names = head["architecture"], head["names"]
        check_buildable(architecture, file=path.name)
        channels = int(architecture.get("channels", 3))
        with bounded_memory():
            model = DetectionModel(architecture, ch=channels, nc=len(names), verbose=False)
        model.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    about = {"names": {at: str(name) for at, name in enumerate(names)}, "task": "detect"}
    model.__dict__.update(about, args={"imgsz": int(head["imgsz"])})
    return model.float().eval()


@contextmanager
def bounded_memory() -> Iterator[None]:
    """Refuse more memory inside than a detector of any size takes: a small file may ask for more.

    Raises:
        MemoryError: or RuntimeError, by torch, where it is asked for.
    """
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = in_use + MOST_BUILD_BYTES
    if wanted < (hard if hard != resource.RLIM_INFINITY else wanted + 1):
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def check_buildable(architecture: Any, *, file: str) -> None:
    """Refuse a model's yaml that would build anything but layers of ultralytics or torch.

    Raises:
        BadInput: with code `unsafe_weights`, naming what was found.
    """
    check_architecture(architecture, file=file)
    for _, _, name, _ in (*architecture["backbone"], *architecture["head"]):
        layer = getattr(torch.nn, name[3:], None) if name[:3] == "nn." else vars(tasks).get(name)
        module = layer.__module__ if isinstance(layer, type) else ""
        if not f"{module}.".startswith(LAYERS):
            check_architecture({"backbone": [name]}, file=file)
