"""Which classes a weights file may name: anything else could run code when it is unpickled.

A `.pt` is a pickle, and a pickle may call any function it names. Before torch loads one, the
names in it (`torch.serialization.get_unsafe_globals_in_checkpoint`) must all be known here.
"""

from collections.abc import Iterable

from libs.common.errors import BadInput

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


def _part(name: str) -> bool:
    """Whether `name` is a class of a module that only holds layers and models."""
    return name.startswith(MODULES) and name.rpartition(".")[2][:1].isupper()
