"""Sample sheets of the surest mistakes: a crop with label and prediction, and the whole image."""

from pathlib import Path

from libs.common.errors import BadInput
from services.analyzer import drawing
from services.analyzer.domain.per_image import Rows
from services.analyzer.domain.report import Analysis
from services.analyzer.drawing import MISSED, RIGHT, TRUE, WRONG, Box
from services.analyzer.parquet import Image

MARGIN = 0.6
CROP_PX, WHOLE_PX = 320, 640


def draw_samples(
    found: Analysis, images: tuple[Image, ...], folder: Path, cause: str, rows: Rows
) -> list[str]:
    """Write `<cause>/NNN.jpg` and `<cause>/NNN_image.jpg` for the surest mistakes of a cause.

    Args:
        found: the analysis.
        images: by index.
        folder: where the cause's folder is made.
        cause: of `domain.errors.CAUSES`.
        rows: its mistakes, of `domain.per_image.samples`.

    Returns:
        Names of the files under `folder`; an image that cannot be drawn is left out.
    """
    written = []
    (folder / cause).mkdir(parents=True)
    for number, (at, d, label) in enumerate(rows, start=1):
        image = images[at]
        size = (image.width_px, image.height_px)
        boxes = _boxes(found, d, label)
        try:
            picture = drawing.opened(Path(image.path), size)
        except BadInput:
            continue
        frame = drawing.frame_of(boxes, picture.size, MARGIN)
        sheets = {
            f"{cause}/{number:03d}.jpg": drawing.crop(picture, frame, boxes, CROP_PX),
            f"{cause}/{number:03d}_image.jpg": drawing.overlay(picture, size, boxes, WHOLE_PX),
        }
        for name, sheet in sheets.items():
            (folder / name).write_bytes(drawing.encoded(sheet))
            written.append(name)
    return written


def _boxes(found: Analysis, d: int, label: int) -> list[Box]:
    """The label (first) and the detection."""
    data, boxes = found.data, []
    if label >= 0:
        colour = TRUE if found.point.found_l[label] else MISSED
        name = data.classes[data.label_class_l[label]]
        boxes.append(Box(data.label_box_l4[label].tolist(), colour, name))
    if d >= 0:
        caption = f"{data.classes[data.class_d[d]]} {data.score_d[d]:.2f}"
        colour = RIGHT if found.point.true_d[d] else WRONG
        boxes.append(Box(data.box_d4[d].tolist(), colour, caption))
    return boxes
