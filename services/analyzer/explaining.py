"""Why a model says so, in a child: heat maps of one detection by gradients or by hiding parts.

HiResCAM and LayerCAM come from pytorch-grad-cam; D-RISE is ours: it needs no gradient, so it is
the causal check. No model is run here under `inference_mode`: the head keeps its anchors, and
gradients cannot pass through what was made in that mode.
"""

# mypy: disable-error-code="no-untyped-call,attr-defined"

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import orjson
import torch
from pytorch_grad_cam import HiResCAM, LayerCAM

from libs.common.errors import BadInput
from services.analyzer.domain.boxes import Floats, pairwise_iou
from services.analyzer.domain.saliency import energy_inside, random_masks, weighted_mean
from services.analyzer.frames import Frame, open_frame, square_batches
from services.analyzer.yolo import Detector

METHODS = {"hirescam": HiResCAM, "layercam": LayerCAM}
MASKS_AT_ONCE = 8
SAME_BOX = 0.02
"""Anchors whose overlap with the box is within this of the best are taken for its origin."""
OPACITY = 0.55

Say = Callable[..., None]


def explain(order: dict[str, Any], say: Say) -> None:
    """Draw a heat map over the image and write what it says beside it.

    Args:
        order: as of `looking.judge` (weights, imgsz, iou, max_det, threads, device), image,
            method (`hirescam`, `layercam`, `drise`), class_name or null, box or null (corners in
            pixels of the image), masks, seed, out (folder).
        say: sends `model`, `progress` and `done`.

    Raises:
        BadInput: the image cannot be decoded, or the model knows no such class.
    """
    detector = Detector(order)
    imgsz = order["imgsz"] or detector.about["trained_imgsz"]
    [batch] = square_batches([(order["image"], None)], imgsz, 1)
    frame = open_frame((order["image"], None), imgsz, batch, len(detector.names))
    if not isinstance(frame, Frame):
        raise BadInput(f"{Path(order['image']).name}: {frame['message']}", code="bad_image")
    say("model", **detector.about, imgsz=imgsz)
    model, image = detector.model, torch.from_numpy(_planes(frame)).to(detector.device)
    with torch.no_grad():
        said = model(image)[0][0].cpu().numpy().astype(np.float64)
    anchor, kind = _target(said, detector.names, order, frame, imgsz)
    box = _corners(said[:4, anchor])
    if order["method"] == "drise":
        heat = _by_hiding(model, image, box, kind, order, say)
    else:
        heat = _by_gradients(METHODS[order["method"]], model, image, anchor, kind)
        say("progress", done=1, of=1)
    told = {
        "class": detector.names[kind],
        "score": float(said[4 + kind, anchor]),
        "box": _on_image(box, frame).tolist(),
        "energy_inside": energy_inside(heat, box),
        "area_share": energy_inside(np.ones_like(heat), box),
        "highest_inside": _holds(box, np.unravel_index(heat.argmax(), heat.shape)),
    }
    _draw(heat, frame, _on_image(box, frame), Path(order["out"]))
    (Path(order["out"]) / "told.json").write_bytes(orjson.dumps(told))
    say("done")


def _planes(frame: Frame) -> npt.NDArray[np.float32]:
    """RGB planes in [0, 1] of one frame, shape (1, 3, h, w)."""
    planes = frame.pixels[..., ::-1].transpose(2, 0, 1)[None]
    scaled: npt.NDArray[np.float32] = np.divide(planes, 255, dtype=np.float32)
    return scaled


def _target(
    said: Floats, names: tuple[str, ...], order: dict[str, Any], frame: Frame, imgsz: int
) -> tuple[int, int]:
    """The anchor and the class to explain: those of the box asked for, else the surest."""
    scores = said[4:]
    if order["class_name"] is not None:
        if order["class_name"] not in names:
            raise BadInput(
                f"The model knows no class {order['class_name'][:60]!r}.", code="unknown_class"
            )
        only = names.index(order["class_name"])
        scores = np.where(np.arange(len(names))[:, None] == only, scores, -1.0)
    if order["box"] is not None:
        wanted = _on_canvas(np.array(order["box"], dtype=np.float64), frame, imgsz)
        iou = pairwise_iou(_corners(said[:4]).T.reshape(-1, 4), wanted[None])[:, 0]
        scores = np.where(iou >= iou.max() - SAME_BOX, scores, -1.0)
    kind, anchor = np.unravel_index(scores.argmax(), scores.shape)
    return int(anchor), int(kind)


class _Scores(torch.nn.Module):
    """The detector, giving boxes and scores alone, as the library expects."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Any) -> Any:
        return self.model(image)[0]


def _by_gradients(method: Any, model: Any, image: Any, anchor: int, kind: int) -> Floats:
    """The library's map of one anchor's class score, over the layers that feed the head."""
    layers = [model.model[at] for at in model.model[-1].f]
    with method(_Scores(model), layers) as cam:
        image = image.clone().requires_grad_()
        [heat] = cam(image, [lambda said: said[4 + kind, anchor]])
    return np.asarray(heat, dtype=np.float64)


def _by_hiding(
    model: Any, image: Any, box: Floats, kind: int, order: dict[str, Any], say: Say
) -> Floats:
    """D-RISE: which parts must be seen for the box to be found again, with its class."""
    rng = np.random.default_rng(order["seed"])
    masks = random_masks(order["masks"], image.shape[-1], rng)
    weights = np.zeros(len(masks))
    for start in range(0, len(masks), MASKS_AT_ONCE):
        part = torch.from_numpy(masks[start : start + MASKS_AT_ONCE]).to(image)
        with torch.no_grad():
            said = model(image * part[:, None])[0].cpu().numpy().astype(np.float64)
        for at, each in enumerate(said):
            iou = pairwise_iou(_corners(each[:4]).T.reshape(-1, 4), box[None])[:, 0]
            weights[start + at] = (iou * each[4 + kind]).max()
        say("progress", done=min(start + MASKS_AT_ONCE, len(masks)), of=len(masks))
    return weighted_mean(masks, weights)


def _corners(boxes: Floats) -> Floats:
    """From centre and size to corners, along the first axis."""
    x, y, w, h = boxes[:4]
    return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2])


def _place(frame: Frame, imgsz: int) -> tuple[float, int, int]:
    """Gain, and left and top margin, of the image on its square canvas; as `LetterBox`."""
    gain = imgsz / max(frame.width_px, frame.height_px)
    width, height = round(frame.width_px * gain), round(frame.height_px * gain)
    return gain, round((imgsz - width) / 2 - 0.1), round((imgsz - height) / 2 - 0.1)


def _on_image(box: Floats, frame: Frame) -> Floats:
    gain, left, top = _place(frame, frame.pixels.shape[0])
    inside = (box - np.array([left, top, left, top])) / gain
    clipped: Floats = np.clip(inside, 0, [frame.width_px, frame.height_px] * 2)
    return clipped


def _on_canvas(box: Floats, frame: Frame, imgsz: int) -> Floats:
    gain, left, top = _place(frame, imgsz)
    placed: Floats = box * gain + np.array([left, top, left, top])
    return placed


def _holds(box: Floats, place: Any) -> bool:
    y, x = (int(each) for each in place)
    return bool(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def _draw(heat: Floats, frame: Frame, box: Floats, out: Path) -> None:
    """The heat alone in grey, and in colour over the image, in the image's size."""
    _, left, top = _place(frame, heat.shape[0])
    inner = heat[top : heat.shape[0] - top or None, left : heat.shape[1] - left or None]
    level = (255 * inner / max(float(inner.max()), 1e-12)).astype(np.uint8)
    size = (frame.width_px, frame.height_px)
    grey = cv2.resize(level, size, interpolation=cv2.INTER_LINEAR)
    pixels = frame.pixels[top : heat.shape[0] - top or None, left : heat.shape[1] - left or None]
    picture = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_LINEAR)
    colour = cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO)
    strength = (OPACITY * grey.astype(np.float32) / 255)[..., None]
    shown = (picture * (1 - strength) + colour * strength).astype(np.uint8)
    x1, y1, x2, y2 = (round(float(each)) for each in box)
    cv2.rectangle(shown, (x1, y1), (x2, y2), (255, 255, 255), max(1, max(size) // 300))
    out.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out / "overlay.png"), shown)
    cv2.imwrite(str(out / "heat.png"), grey)
