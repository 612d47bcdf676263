"""Child processes: what they find in their environment, and that they die with their parent."""

import ctypes
import importlib.util
import os
import shutil
import signal
from pathlib import Path

from libs.common.errors import PermanentError
from libs.common.isolation import SETTING

SECRETS = ("SHIRUSHI_", "AWS_", "NATS_", "ULTRALYTICS_API_KEY", "WANDB_", "COMET_", "CLEARML_")
PR_SET_PDEATHSIG = 1
MOST_PIXELS = 178_956_970
"""Of one image: what Pillow takes for a decompression bomb, for OpenCV too."""
FONTS = ("Arial.ttf", "Arial.Unicode.ttf")


def die_with(parent: int) -> None:
    """Be killed by the kernel when the parent dies, however it dies; called in the child."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we could ask
        os.kill(os.getpid(), signal.SIGKILL)


def child_environment(home: Path) -> dict[str, str]:
    """The environment of a process that runs torch.

    Args:
        home: a folder of ours that the libraries may write to; made when missing.

    Returns:
        Ours without secrets, with everything that would reach for the network switched off.
        `OMP_WAIT_POLICY=passive` must be there before torch is imported: on busy cores two
        spinning threads took six times as long.
    """
    home.mkdir(parents=True, exist_ok=True)
    _lay_out_fonts(home / "Ultralytics")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SECRETS)}
    return {
        **kept,
        SETTING: os.environ.get(SETTING, "none"),
        "YOLO_OFFLINE": "1",
        "YOLO_AUTOINSTALL": "0",
        "YOLO_CONFIG_DIR": str(home),
        "ULTRALYTICS_SAFE_LOAD": "1",
        "OPENCV_IO_MAX_IMAGE_PIXELS": str(MOST_PIXELS),
        "OMP_WAIT_POLICY": "passive",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "PYTORCH_ALLOC_CONF": "expandable_segments:True",
        "PYTHONUNBUFFERED": "1",
    }


def _lay_out_fonts(folder: Path) -> None:
    """Ultralytics asks a server for Arial on every run unless a font has its name."""
    if all((folder / name).exists() for name in FONTS):
        return
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise PermanentError(
            "matplotlib is not installed: install the extra `trainer` or `analyzer`"
        )
    font = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    folder.mkdir(parents=True, exist_ok=True)
    for name in FONTS:
        shutil.copyfile(font, folder / name)
