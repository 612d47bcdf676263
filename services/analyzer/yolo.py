"""Inference by ultralytics over a set of images; with `entry.py` the only file that meets torch.

Pictures are prepared as `yolo val rect=False` prepares them, and suppressed as it does, so the
boxes equal its own; no cache file of a dataset is ever read or written.
"""

# mypy: disable-error-code="no-untyped-call"

import math
import pickle
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from ultralytics.data.augment import LetterBox
from ultralytics.nn.tasks import DetectionModel, load_checkpoint
from ultralytics.utils import nms, ops
from ultralytics.utils.patches import imread
from ultralytics.utils.torch_utils import get_num_params

from libs.common.errors import BadInput, PermanentError
from libs.common.weights import check_names
from services.analyzer.domain.boxes import Floats
from services.analyzer.domain.class_order import class_order
from services.analyzer.domain.labels import BadLabels, read_labels
from services.analyzer.parquet import Boxes, Image, write_boxes

CONFIDENCE_FLOOR = 0.001
NMS_S_PER_IMAGE = 5.0
DEFAULT_IMGSZ = 640
UNREADABLE = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What torch and ultralytics raise for a file that is no model."""

Picture = npt.NDArray[Any]
Say = Callable[..., None]


def load_detector(path: Path) -> Any:
    """Load a YOLO detector, once it is known to hold nothing that runs by being read.

    Raises:
        BadInput: `unsafe_weights`, `unreadable_weights`, or `not_a_detector` for another task.
    """
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        check_names(names, file=path.name)
        model, _ = load_checkpoint(str(path), fuse=False)
    except UNREADABLE as error:
        raise BadInput(
            f"{path.name} is not a model that can be read: give a .pt file that ultralytics saved",
            code="unreadable_weights",
        ) from error
    if type(model) is not DetectionModel:
        raise BadInput(
            f"{path.name} holds a {type(model).__name__}: only YOLO detectors can be judged here",
            code="not_a_detector",
        )
    return model


def judge(order: dict[str, Any], say: Say) -> None:
    """Run the model over the images of an order, and write boxes and labels to one file.

    Args:
        order: weights, names (of the dataset), images [[image, label or null], …], imgsz or null,
            iou (of the suppression), max_det, batch, threads, device, out.
        say: sends a message to the parent: `model` once, `progress` per batch, `done` at the end.

    Raises:
        BadInput: the model or the set cannot be judged.
        PermanentError: `nms_timeout`: boxes would be lost.
    """
    if order["device"] != "cpu" and not torch.cuda.is_available():
        raise BadInput("The analyzer has no GPU: leave device out, or give cpu.", code="no_gpu")
    torch.set_num_threads(order["threads"])
    cv2.setNumThreads(order["threads"])
    model = load_detector(Path(order["weights"]))
    dataset_names = tuple(order["names"])
    model_names = tuple(str(model.names[at]) for at in sorted(model.names))
    to_dataset = np.array(class_order(model_names, dataset_names), dtype=np.int64)
    imgsz = order["imgsz"] or _training_imgsz(model)
    say("model", **describe(model), imgsz=imgsz)
    device = torch.device(f"cuda:{order['device']}" if order["device"].isdigit() else "cpu")
    model = model.to(device).fuse(verbose=False).eval()
    boxes, findings, done = Boxes(), list[dict[str, str]](), 0
    started = time.monotonic()
    for batch in _batches(order["images"], order["batch"]):
        opened = [each for each in (_open(item, dataset_names, findings) for item in batch) if each]
        if opened:
            found = _detect(model, [picture for picture, *_ in opened], imgsz, order, device)
            for (picture, path, kinds, corners), detections in zip(opened, found, strict=True):
                boxes.images.append(Image(path, picture.shape[1], picture.shape[0]))
                boxes.add("label", kinds, None, corners)
                classes = to_dataset[detections[:, 5].astype(np.int64)].tolist()
                boxes.add("detection", classes, detections[:, 4].tolist(), detections[:, :4])
        done += len(batch)
        say("progress", done=done, of=len(order["images"]))
    write_boxes(boxes, dataset_names, Path(order["out"]))
    say("done", findings=findings, images=len(boxes.images), seconds=time.monotonic() - started)


def describe(model: Any) -> dict[str, Any]:
    """What a user may want to know of a model."""
    return {
        "classes": [str(model.names[at]) for at in sorted(model.names)],
        "architecture": Path(str(model.yaml.get("yaml_file", ""))).stem or None,
        "parameters": int(get_num_params(model)),
        "trained_imgsz": _training_imgsz(model),
    }


def _training_imgsz(model: Any) -> int:
    imgsz = model.args.get("imgsz") or DEFAULT_IMGSZ
    return int(max(imgsz) if isinstance(imgsz, list | tuple) else imgsz)


def _batches(images: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(images), size):
        yield images[start : start + size]


def _open(
    item: tuple[str, str | None], names: tuple[str, ...], findings: list[dict[str, str]]
) -> tuple[Picture, str, list[int], Floats] | None:
    """Picture, path, label classes and boxes of one image; None, and a finding, if it is broken."""
    path, label = item
    try:
        picture = imread(path)
    except (OSError, ValueError, cv2.error):
        picture = None
    if picture is None:
        findings.append({"image_path": path, "message": "the image cannot be decoded"})
        return None
    try:
        text = Path(label).read_text("utf-8-sig") if label else ""
        height_px, width_px = picture.shape[:2]
        kinds, corners = read_labels(
            text, classes=len(names), width_px=width_px, height_px=height_px
        )
    except (OSError, UnicodeDecodeError, BadLabels) as error:
        findings.append({"image_path": path, "message": f"its label file is unusable: {error}"})
        return None
    return picture, path, kinds.tolist(), corners


@torch.inference_mode()
def _detect(
    model: Any, pictures: list[Picture], imgsz: int, order: dict[str, Any], device: torch.device
) -> list[Floats]:
    """Detections of each picture: x1, y1, x2, y2 in its own pixels, score, class of the model."""
    prepared = [_letterbox(picture, imgsz) for picture in pictures]
    stacked = np.stack([picture for picture, _ in prepared])[..., ::-1].transpose(0, 3, 1, 2)
    images = torch.from_numpy(np.ascontiguousarray(stacked)).to(device).float() / 255
    raw = model(images)
    limit_s = 2.0 + NMS_S_PER_IMAGE * len(pictures)
    started = time.monotonic()
    found = nms.non_max_suppression(
        raw,
        CONFIDENCE_FLOOR,
        order["iou"],
        multi_label=True,
        max_det=order["max_det"],
        max_time_img=NMS_S_PER_IMAGE,
        end2end=getattr(model, "end2end", False),
    )
    if time.monotonic() - started > limit_s:
        raise PermanentError(
            "suppressing overlapping boxes took too long, so boxes were lost: the model finds far "
            "too many. Train it longer, or judge it on a quieter machine.",
            code="nms_timeout",
        )
    for (_, ratio_pad), picture, boxes in zip(prepared, pictures, found, strict=True):
        ops.scale_boxes((imgsz, imgsz), boxes[:, :4], picture.shape[:2], ratio_pad=ratio_pad)
    return [boxes.cpu().numpy().astype(np.float64) for boxes in found]


def _letterbox(picture: Picture, imgsz: int) -> tuple[Picture, tuple[Any, Any]]:
    """The picture on a square of `imgsz`, and its gains (y, x) and padding (x, y)."""
    height, width = picture.shape[:2]
    ratio = imgsz / max(height, width)
    if ratio != 1:
        size = tuple(min(math.ceil(side * ratio), imgsz) for side in (width, height))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    box = LetterBox((imgsz, imgsz), auto=False, scaleup=False)
    place = box.get_params({"img": picture})
    gains = (picture.shape[0] / height, picture.shape[1] / width)
    boxed: Picture = np.asarray(box(image=picture))
    return boxed, (gains, (place["left"], place["top"]))
