"""How long a training will take, from the pace of earlier ones on the same device: pure.

Seconds per training image, validation included, are known from every epoch that was trained. For
another model or image size they are scaled by the work of one image (GFLOPs at 640 pixels, as
ultralytics' table of YOLOv8 states them, times the square of the size): the further away, the
wider the range, because small models and small images spend their time on other things.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.trainer.domain.memory import Shape, devices_named

GFLOPS = {"yolov8n": 8.7, "yolov8s": 28.6, "yolov8m": 78.9, "yolov8l": 165.2, "yolov8x": 257.8}
SPREAD = 1.2
"""Epochs of one and the same training differ by about so much on a machine that others use."""
SCALED_POWER = 0.35
"""How fast the range widens with the distance of what it is scaled from."""
SETUP_S = 5.0
"""From the start of a training to its first batch, and from its last to its stored weights."""


@dataclass(frozen=True)
class Estimate:
    """Seconds of a whole training, and of one epoch; `low_s` and `high_s` are its range."""

    seconds: float
    low_s: float
    high_s: float
    epoch_s: float
    scaled_from: str | None
    """What was measured, where it was another model or size: `yolov8n at 320`."""


def pace_key(device: str, shape: Shape) -> str:
    """Under which the seconds per image of such a training on such a device are kept."""
    name = devices_named(device, shape.ranks)
    return f"{name}|{shape.architecture}|{shape.imgsz}|{shape.batch}|{shape.amp}"


def blended(known_s: float | None, measured_s: float) -> float:
    """The pace after one more epoch: later ones count more, none counts alone."""
    return measured_s if known_s is None else 0.5 * known_s + 0.5 * measured_s


def estimate(
    shape: Shape, device: str, *, images: int, epochs: int, paces: Mapping[str, float]
) -> Estimate | None:
    """How long `epochs` over `images` will take.

    Args:
        shape: model, image size, batch.
        device: name of the card, or `cpu`.
        images: of the training split.
        epochs: to train.
        paces: seconds per image by `pace_key`.

    Returns:
        None if nothing was ever trained on such a device.
    """
    own = paces.get(pace_key(device, shape))
    if own is not None:
        return _range(own, SPREAD, images, epochs, None)
    nearest = min(
        (
            (_distance(shape, arch, int(imgsz), int(batch)), pace_s, arch, int(imgsz))
            for key, pace_s in paces.items()
            for name, arch, imgsz, batch, _ in [key.rsplit("|", 4)]
            if name == devices_named(device, shape.ranks) and arch in GFLOPS
        ),
        default=None,
    )
    if nearest is None:
        return None
    _, pace_s, arch, imgsz = nearest
    ratio = _work(shape.architecture, shape.imgsz) / _work(arch, imgsz)
    spread = SPREAD * max(ratio, 1 / ratio) ** SCALED_POWER
    return _range(pace_s * ratio, spread, images, epochs, f"{arch} at {imgsz}")


def _range(
    pace_s: float, spread: float, images: int, epochs: int, scaled_from: str | None
) -> Estimate:
    epoch_s = pace_s * images
    total_s = SETUP_S + epoch_s * epochs
    return Estimate(
        seconds=round(total_s, 1),
        low_s=round(SETUP_S + epoch_s * epochs / spread, 1),
        high_s=round(SETUP_S + epoch_s * epochs * spread, 1),
        epoch_s=round(epoch_s, 2),
        scaled_from=scaled_from,
    )


def _work(architecture: str, imgsz: int) -> float:
    return GFLOPS[architecture] * (imgsz / 640) ** 2


def _distance(shape: Shape, architecture: str, imgsz: int, batch: int) -> float:
    """How unlike two trainings are: by work first, then by batch."""
    ratio = _work(shape.architecture, shape.imgsz) / _work(architecture, imgsz)
    batches = max(shape.batch, batch) / min(shape.batch, batch)
    return float(max(ratio, 1 / ratio) + 0.1 * batches)
