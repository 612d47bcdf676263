"""Pictures of the boxes and images of a stored validation, drawn when somebody wants to look."""

import asyncio
from collections.abc import Callable
from typing import Literal

from pydantic import Field, field_validator

from libs.common.errors import BadInput, NotFound
from libs.common.service import Deps
from services.analyzer import drawing
from services.analyzer.domain import rows
from services.analyzer.domain.view import View
from services.analyzer.drawing import MISSED, RIGHT, TRUE, WRONG, Box
from services.analyzer.options import JOB_ID, Options
from services.analyzer.originals import original
from services.analyzer.recent import Recent
from services.analyzer.stored import Stored, StoredValidations

MOST_BYTES = 64 * 2**20
DRAWN_AT_ONCE = 2
LAYERS = ("gt", "pred")


class Look(Options):
    """What every picture may be asked for."""

    validation_id: str = Field(pattern=JOB_ID)
    confidence: float | None = Field(default=None, ge=0, le=1)
    iou: float | None = Field(default=None, gt=0, le=1)
    overlay: str = Field(default="gt,pred", max_length=32)
    format: Literal["jpeg", "webp"] = "jpeg"

    @field_validator("overlay")
    @classmethod
    def _known(cls, value: str) -> str:
        """Layers by comma, or `none`."""
        if value != "none" and not set(value.split(",")) <= set(LAYERS):
            raise ValueError("must be gt, pred, gt,pred or none")
        return value

    @property
    def layers(self) -> set[str]:
        """`gt`, `pred`, both or neither."""
        return set(self.overlay.split(",")) & set(LAYERS)


class PictureLook(Look):
    """A whole image."""

    image: int = Field(ge=0)
    width: int = Field(default=960, ge=64, le=2048)


class CropLook(Look):
    """The surroundings of one box and of the box it is about."""

    box: str = Field(max_length=16)
    pad: float = Field(default=0.6, ge=0, le=10)
    width: int = Field(default=320, ge=64, le=1024)


class Looks:
    """Draws, a few at a time, and keeps what was drawn last."""

    def __init__(self, deps: Deps, stored: StoredValidations) -> None:
        self._deps = deps
        self._stored = stored
        self._drawn = Recent[bytes](MOST_BYTES)
        self._places = asyncio.Semaphore(DRAWN_AT_ONCE)

    async def picture(self, fields: dict[str, object]) -> bytes:
        """A whole image with its labels and detections."""
        look = PictureLook.of(fields)
        validation = await self._stored.get(look.validation_id)
        if look.image >= len(validation.images):
            raise NotFound(f"this validation has no image {look.image}", code="no_such_image")

        def draw(content: bytes) -> bytes:
            seen = validation.view(look.confidence, look.iou)
            image = validation.images[look.image]
            size = (image.width_px, image.height_px)
            picture = drawing.opened(content, size, at_least_px=look.width)
            boxes = image_boxes(seen, look.image, look.layers)
            shown = drawing.overlay(picture, size, boxes, look.width)
            return drawing.encoded(shown, look.format)

        return await self._draw(look, validation, look.image, draw)

    async def crop(self, fields: dict[str, object]) -> bytes:
        """One box, the box it is about, and what lies around them."""
        look = CropLook.of(fields)
        validation = await self._stored.get(look.validation_id)
        seen = await asyncio.to_thread(validation.view, look.confidence, look.iou)
        kind, row = rows.parse_id(seen, look.box)
        number = int((seen.data.image_d if kind == "d" else seen.data.label_image_l)[row])

        def draw(content: bytes) -> bytes:
            image = validation.images[number]
            picture = drawing.opened(content, (image.width_px, image.height_px))
            boxes = about(seen, kind, row)
            frame = drawing.frame_of(boxes, picture.size, look.pad)
            shown = [
                box
                for box in boxes
                if ("gt" if box.colour in {TRUE, MISSED} else "pred") in look.layers
            ]
            return drawing.encoded(drawing.crop(picture, frame, shown, look.width), look.format)

        return await self._draw(look, validation, number, draw)

    async def _draw(
        self, look: Look, validation: Stored, number: int, draw: Callable[[bytes], bytes]
    ) -> bytes:
        """The bytes: those drawn before while the image is the same, else drawn now."""
        async with self._places:
            if (found := self._drawn.get(look.model_dump_json())) is not None:
                return found
            ref = validation.request.dataset
            if ref is None:
                raise BadInput("this validation names no dataset", code="no_dataset")
            content = await original(self._deps, ref, validation.images[number])
            drawn = await asyncio.to_thread(draw, content)
            self._drawn.put(look.model_dump_json(), drawn, len(drawn))
            return drawn


def image_boxes(seen: View, image: int, layers: set[str]) -> list[Box]:
    """The boxes of an image that count at this operating point."""
    labels, detections = rows.image_boxes(seen, image)
    boxes = [_label(row) for row in labels] if "gt" in layers else []
    return boxes + ([_detection(row) for row in detections] if "pred" in layers else [])


def about(seen: View, kind: str, row: int) -> list[Box]:
    """A box, and the one it found, or that its error is about."""
    if kind == "l":
        label = rows.label_row(seen, row)
        partner = label["detection"]
        others = [_detection(rows.detection_row(seen, int(partner[1:])))] if partner else []
        return [_label(label), *others]
    detection = rows.detection_row(seen, row)
    partner = detection["label"]
    labels = [_label(rows.label_row(seen, int(partner[1:])))] if partner else []
    return [*labels, _detection(detection)]


def _label(row: rows.Json) -> Box:
    return Box(row["bbox"], TRUE if row["kind"] == "tp" else MISSED, row["class"])


def _detection(row: rows.Json) -> Box:
    caption = f"{row['class']} {row['confidence']:.2f}"
    return Box(row["bbox"], RIGHT if row["kind"] == "tp" else WRONG, caption)
