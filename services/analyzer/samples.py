"""Crops around wrong boxes, label and prediction drawn in. The only importer of Pillow."""

import importlib.util
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from services.analyzer.domain.per_image import samples
from services.analyzer.domain.report import Analysis

MARGIN = 0.6
SMALLEST_PX = 240
TRUE_COLOUR, SAID_COLOUR = "#16a34a", "#dc2626"

Corners = tuple[float, float, float, float]


def draw_samples(found: Analysis, paths: tuple[str, ...], folder: Path) -> dict[str, list[str]]:
    """Write `<cause>/NNN.jpg` for the surest mistakes of each cause.

    Args:
        found: the analysis.
        paths: of the images, by index.
        folder: where the causes' folders are made.

    Returns:
        Names of the files under `folder`, by cause.
    """
    written: dict[str, list[str]] = {}
    font = _font()
    for cause, rows in samples(found).items():
        for number, (image, d, label) in enumerate(rows, start=1):
            boxes = _boxes(found, d, label)
            name = f"{cause}/{number:03d}.jpg"
            (folder / cause).mkdir(parents=True, exist_ok=True)
            with Image.open(paths[image]) as opened:
                upright = ImageOps.exif_transpose(opened).convert("RGB")
            _crop(upright, boxes, font).save(folder / name, quality=88)
            written.setdefault(cause, []).append(name)
    return written


def _boxes(found: Analysis, d: int, label: int) -> list[tuple[Corners, str, str]]:
    """Corners, colour and caption of the label (first) and the detection."""
    data, boxes = found.data, []
    if label >= 0:
        name = data.classes[data.label_class_l[label]]
        boxes.append((_corners(data.label_box_l4[label]), TRUE_COLOUR, f"true {name}"))
    if d >= 0:
        caption = f"{data.classes[data.class_d[d]]} {data.score_d[d]:.2f}"
        boxes.append((_corners(data.box_d4[d]), SAID_COLOUR, caption))
    return boxes


def _crop(
    picture: Image.Image, boxes: list[tuple[Corners, str, str]], font: ImageFont.FreeTypeFont
) -> Image.Image:
    """The surroundings of all boxes, enlarged if small, with the boxes on it."""
    left, top = (min(box[at] for box, *_ in boxes) for at in (0, 1))
    right, bottom = (max(box[at] for box, *_ in boxes) for at in (2, 3))
    margin = MARGIN * max(right - left, bottom - top, 16.0)
    frame = (
        int(max(0, left - margin)),
        int(max(0, top - margin)),
        int(min(picture.width, right + margin + 1)),
        int(min(picture.height, bottom + margin + 1)),
    )
    crop = picture.crop(frame)
    scale = max(1.0, SMALLEST_PX / max(crop.size))
    crop = crop.resize((max(1, round(crop.width * scale)), max(1, round(crop.height * scale))))
    pen = ImageDraw.Draw(crop)
    for row, (box, colour, caption) in enumerate(boxes):
        corners = [(box[at] - frame[at % 2]) * scale for at in range(4)]
        pen.rectangle(corners, outline=colour, width=2)
        place = (corners[0] + 3, corners[1] + 2 + 15 * row)
        pen.text(place, caption, fill=colour, font=font, stroke_width=2, stroke_fill="white")
    return crop


def _corners(box: object) -> Corners:
    x1, y1, x2, y2 = (float(each) for each in box)  # type: ignore[attr-defined]
    return x1, y1, max(x1, x2), max(y1, y2)


def _font() -> ImageFont.FreeTypeFont:
    spec = importlib.util.find_spec("matplotlib_fontja")
    assert spec is not None
    assert spec.origin is not None
    return ImageFont.truetype(str(Path(spec.origin).parent / "fonts" / "ipaexg.ttf"), 13)
