"""Which classes a weights file may name: anything else could run code when it is unpickled.

A `.pt` is a pickle, and a pickle may call any function it names. Before torch loads one, the
names in it (`torch.serialization.get_unsafe_globals_in_checkpoint`) must all be known here.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from libs.common.errors import BadInput
from libs.common.events import ModelRef

MODULES = ("ultralytics.nn.modules.", "ultralytics.nn.tasks.", "torch.nn.modules.")
NAMES = frozenset(
    {
        "ultralytics.utils.IterableSimpleNamespace",
        "ultralytics.yolo.utils.IterableSimpleNamespace",
        "ultralytics.utils.loss.v8DetectionLoss",
        "ultralytics.utils.loss.E2EDetectLoss",
        "ultralytics.utils.loss.BboxLoss",
        "ultralytics.utils.loss.DFLoss",
        "ultralytics.utils.tal.TaskAlignedAssigner",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray.scalar",
        "numpy.dtype",
        "pathlib.PosixPath",
        "pathlib.WindowsPath",
        "pathlib._local.PosixPath",
        "pathlib._local.WindowsPath",
        "torch.Size",
    }
)


def check_names(names: Iterable[str], *, file: str) -> None:
    """Refuse a weights file that names anything but parts of a detector.

    Args:
        names: dotted names found in the file.
        file: for the message.

    Raises:
        BadInput: with code `unsafe_weights`, naming what was found.
    """
    foreign = sorted(name for name in names if name not in NAMES and not _part(name))
    if foreign:
        raise BadInput(
            f"{file} was not loaded: it names {', '.join(foreign[:5])}, which no YOLO detector "
            "needs and which could run code. Use weights from a source you trust.",
            code="unsafe_weights",
        )


MISSING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
"""What says that weights are not there; of a disk that is full the next attempt may not know."""
SUFFIXES = (".pt", ".safetensors")
"""Of files with weights that can be used."""


def weights_suffix(model: ModelRef) -> str:
    """How the file of a model is named: by what it is, whatever else the name says."""
    suffix = PurePath(model.key or model.path or "").suffix
    return suffix if suffix in SUFFIXES else ".pt"


ACTIVATION = re.compile(r"(torch\.)?nn\.[A-Z]\w{0,40}\((inplace=(True|False)|[0-9.]{0,8})\)")
LAYER = re.compile(r"(nn\.)?[A-Z]\w{0,40}")
FETCHING = frozenset({"TorchVision"})
"""Layers that download weights when they are built."""
MOST_LAYERS, MOST_REPEATS, MOST_WIDTH = 500, 100, 100_000


def check_architecture(architecture: Any, *, file: str) -> None:
    """Refuse a model's yaml with anything but layers in it: `activation` is code to ultralytics.

    Args:
        architecture: what stands in the weights file.
        file: for the message.

    Raises:
        BadInput: with code `unsafe_weights`, naming what was found.
    """
    strange = _strange(architecture)
    if strange:
        raise BadInput(
            f"{file} was not used: its architecture holds {strange[:80]!r}, which no YOLO detector "
            "needs and which could run code. Use weights from a source you trust.",
            code="unsafe_weights",
        )


def _strange(architecture: Any) -> str | None:
    """The first thing in a model's yaml that is no layer; None if there is nothing."""
    if not isinstance(architecture, Mapping):
        return f"a {type(architecture).__name__} in its place"
    activation = architecture.get("activation")
    if activation is not None and not ACTIVATION.fullmatch(str(activation)):
        return str(activation)
    scales = architecture.get("scales") or {}
    multiples = [architecture.get(name, 1) for name in ("depth_multiple", "width_multiple")]
    for scale in (*(scales.values() if isinstance(scales, Mapping) else [scales]), multiples):
        if not isinstance(scale, list | tuple) or not all(map(_plain, scale)) or max(scale[:2]) > 9:
            return f"scale {scale}"
    layers = [*architecture.get("backbone", ()), *architecture.get("head", ())]
    if not 0 < len(layers) <= MOST_LAYERS:
        return f"{len(layers)} layers"
    return next((strange for layer in layers if (strange := _strange_layer(layer))), None)


def _strange_layer(layer: Any) -> str | None:
    """What is strange in one layer: from, repeats, name, arguments."""
    if not isinstance(layer, list | tuple) or len(layer) != 4:
        return str(layer)
    _, repeats, name, arguments = layer
    if not LAYER.fullmatch(str(name)) or name in FETCHING:
        return str(name)
    if not isinstance(repeats, int) or not 0 < repeats <= MOST_REPEATS:
        return f"{repeats} repeats"
    return next((str(each) for each in _flat(arguments) if not _plain(each)), None)


def _flat(values: Any) -> Iterable[Any]:
    """The values inside lists inside lists."""
    for each in values if isinstance(values, list | tuple) else (values,):
        if isinstance(each, list | tuple):
            yield from _flat(each)
        else:
            yield each


def _plain(value: Any) -> bool:
    """A number, or a word."""
    if isinstance(value, str):
        return bool(ACTIVATION.fullmatch(value)) or (value.isidentifier() and len(value) < 40)
    return value is None or (isinstance(value, int | float) and abs(value) <= MOST_WIDTH)


def _part(name: str) -> bool:
    """Whether `name` is a class of a module that only holds layers and models."""
    return name.startswith(MODULES) and name.rpartition(".")[2][:1].isupper()
