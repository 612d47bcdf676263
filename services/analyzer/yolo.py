"""A YOLO detector by torch: loaded once it is known to be safe, asked about batches of frames.

Its boxes equal those of ultralytics: the same pixels, memory format, fused layers, suppression.
"""

# mypy: disable-error-code="no-untyped-call"

import copy
import math
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import torch
import torchvision  # noqa: F401 - where it is imported, suppression is compiled: 8 ms an image less
from ultralytics.utils import nms, ops
from ultralytics.utils.torch_utils import get_num_params

from libs.common.detectors import load_detector
from libs.common.errors import BadInput
from services.analyzer.domain.boxes import Floats
from services.analyzer.frames import Frame

CONFIDENCE_FLOOR = 0.001
DEFAULT_IMGSZ = 640


class Detector:
    """A model on its device, ready to be asked."""

    def __init__(self, order: dict[str, Any]) -> None:
        """Load the weights of an order; see `looking.judge`.

        Raises:
            BadInput: as `load_detector`, or `no_gpu`.
        """
        if order["device"] != "cpu" and not torch.cuda.is_available():
            raise BadInput("The analyzer has no GPU: leave device out, or give cpu.", code="no_gpu")
        model = load_detector(Path(order["weights"]))
        self.names = tuple(str(model.names[at]) for at in sorted(model.names))
        self.about = describe(model)
        self.stride = int(max(model.stride.tolist()))
        self._iou, self._max_det = order["iou"], order["max_det"]
        self._end2end = getattr(model, "end2end", False)
        self.device = torch.device("cpu" if order["device"] == "cpu" else f"cuda:{order['device']}")
        self.model = model.to(self.device).float().fuse(verbose=False).eval()
        self.model = self.model.to(memory_format=torch.channels_last)  # as ultralytics does
        self._threads = order["threads"]
        self._free: SimpleQueue[Any] = SimpleQueue()
        self.share(1)

    def share(self, callers: int) -> None:
        """Be ready for `callers` threads that ask at a time; each calls `enter` first.

        Threads that each ask about images of their own never wait for each other, as those do that
        share out one image. The head remembers the last canvas, so each has a model of its own
        around the same weights. A GPU is asked by one at a time.
        """
        self._inner_threads = max(1, self._threads // callers)
        self._free = SimpleQueue()
        self._free.put(self.model)
        weights = (*self.model.parameters(), *self.model.buffers())
        for _ in range(1, callers if self.device.type == "cpu" else 1):
            self._free.put(copy.deepcopy(self.model, {id(each): each for each in weights}))
        self.enter()

    def enter(self) -> None:
        """Give the calling thread its share of the cores: ultralytics leaves one, on two."""
        torch.set_num_threads(self._inner_threads)

    def detect(self, frames: Sequence[Frame]) -> list[Floats]:
        """Detections of each frame: x1, y1, x2, y2 in pixels of its image, score, own class."""
        model = self._free.get()
        try:
            return self._detect(model, frames)
        finally:
            self._free.put(model)

    @torch.inference_mode()
    def _detect(self, model: Any, frames: Sequence[Frame]) -> list[Floats]:
        """See `detect`.

        Suppression has no time limit here: ultralytics' own stops after 2 s + .05 s an image and
        returns nothing for the rest of the batch.
        """
        stacked = np.ascontiguousarray(np.stack([frame.pixels for frame in frames])[..., ::-1])
        images = torch.from_numpy(stacked).to(self.device).permute(0, 3, 1, 2)
        found = nms.non_max_suppression(
            model(images.float() / 255),
            CONFIDENCE_FLOOR,
            self._iou,
            multi_label=True,
            max_det=self._max_det,
            max_time_img=math.inf,
            end2end=self._end2end,
        )
        return [
            _on_image(each[:, :6].cpu(), frame) for each, frame in zip(found, frames, strict=True)
        ]


def _on_image(found: Any, frame: Frame) -> Floats:
    """Boxes from the canvas to the image: cut at its edge, as `predict` gives them.

    `yolo val` matches on the canvas, where a box may reach over the edge and where the two axes
    may have gains that differ by a rounding: there nothing is cut, so that overlaps are the same.
    """
    if frame.ratio_pad is None:
        shape = (frame.height_px, frame.width_px)
        ops.scale_boxes(frame.pixels.shape[:2], found[:, :4], shape)
        return np.asarray(found.numpy(), dtype=np.float64)
    boxes: Floats = found.numpy().astype(np.float64)
    (gain_y, gain_x), (left, top) = frame.ratio_pad
    boxes[:, 0:4:2] = (boxes[:, 0:4:2] - left) / gain_x
    boxes[:, 1:4:2] = (boxes[:, 1:4:2] - top) / gain_y
    return boxes


def describe(model: Any) -> dict[str, Any]:
    """What a user may want to know of a model."""
    imgsz = model.args.get("imgsz") or DEFAULT_IMGSZ
    return {
        "classes": [str(model.names[at]) for at in sorted(model.names)],
        "architecture": Path(str(model.yaml.get("yaml_file", ""))).stem or None,
        "parameters": int(get_num_params(model)),
        "trained_imgsz": int(max(imgsz) if isinstance(imgsz, list | tuple) else imgsz),
    }
