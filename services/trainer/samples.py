"""A few validation images with their labelled and predicted boxes on one sheet, in the child.

Nothing is inferred or read for it: pixels and boxes are those of the validation that runs anyway.
"""

import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from services.trainer.domain.samples import chosen

CELL_PX = 400
HEAD_PX = 24
COLUMNS = 3
QUALITY = 80
SURE = 0.25
MOST_BOXES = 30
FONT_PX = 13
LABELLED, PREDICTED, PAPER, INK = (0, 158, 115), (230, 159, 0), (32, 32, 32), (255, 255, 255)
"""Colours that colour-blind people can tell apart: Okabe and Ito, 2008."""
FONTS = (
    ("matplotlib_fontja", "fonts/ipaexg.ttf"),
    ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf"),
)

Boxes = list[tuple[float, float, float, float, str]]
"""Corners in pixels of the cell, and what is written there."""


@dataclass
class Cell:
    """One image of the sheet."""

    picture: Image.Image
    gain: float
    left: int
    top: int
    labelled: Boxes
    predicted: Boxes

    def place(self, corners_n4: Any, texts: Iterable[str]) -> Boxes:
        """Boxes from pixels of the network's input to pixels of the cell."""
        moved = np.asarray(corners_n4, dtype=float).reshape(-1, 4) * self.gain
        moved[:, 0::2] += self.left
        moved[:, 1::2] += self.top
        return [(*box, text) for box, text in zip(moved.tolist(), texts, strict=True)]


class Samples:
    """The images of one run that are shown.

    Args:
        labels: of the validation set, as ultralytics keeps them: `im_file`, `cls`.
        names: of the classes.
    """

    def __init__(self, labels: Iterable[Mapping[str, Any]], names: Mapping[int, str]) -> None:
        self.names = names
        classes = {
            Path(each["im_file"]).name: frozenset(int(c) for c in each["cls"].reshape(-1))
            for each in labels
        }
        self.order = chosen(classes)
        self.cells: dict[str, Cell] = {}

    def see(self, found: Mapping[str, Any], truth: Mapping[str, Any], pixels: Any) -> None:
        """Keep what was predicted on one image of a validation, if it is one of those shown.

        Args:
            found: `bboxes` (N, 4), `conf`, `cls` as tensors, corners in pixels of `pixels`.
            truth: `im_file`, and `bboxes` and `cls` of the labels, likewise.
            pixels: the network's input, (3, H, W), RGB, 0 to 1.
        """
        name = Path(truth["im_file"]).name
        if name not in self.order:
            return
        if (cell := self.cells.get(name)) is None:
            cell = self.cells[name] = cell_of(pixels)
            texts = [self._name(each) for each in truth["cls"].tolist()]
            cell.labelled = cell.place(truth["bboxes"].tolist(), texts)
        sure = found["conf"] >= SURE
        boxes, scores, classes = (
            found[key][sure][:MOST_BOXES] for key in ("bboxes", "conf", "cls")
        )
        texts = [
            f"{self._name(kind)} {score:.2f}"
            for kind, score in zip(classes.tolist(), scores.tolist(), strict=True)
        ]
        cell.predicted = cell.place(boxes.tolist(), texts)

    def draw(self, path: Path, title: str) -> dict[str, Any]:
        """Write the sheet as a JPEG, and say what is on it.

        Returns:
            The fields of a `SamplesDrawn`, but for the epoch and the stored picture.
        """
        cells = {name: self.cells[name] for name in self.order if name in self.cells}
        columns = min(COLUMNS, len(cells))
        lines = -(-len(cells) // columns)
        sheet = Image.new("RGB", (columns * CELL_PX, HEAD_PX + lines * CELL_PX), PAPER)
        font = _font()
        write_head(ImageDraw.Draw(sheet), title, font)
        for at, cell in enumerate(cells.values()):
            picture = cell.picture.copy()
            outline(ImageDraw.Draw(picture), cell, font)
            line, column = divmod(at, columns)
            sheet.paste(picture, (column * CELL_PX, HEAD_PX + line * CELL_PX))
        path.parent.mkdir(exist_ok=True)
        sheet.save(path, "JPEG", quality=QUALITY)
        return {
            "images": list(cells),
            "labels": sum(len(cell.labelled) for cell in cells.values()),
            "predictions": sum(len(cell.predicted) for cell in cells.values()),
            "columns": columns,
            "cell_px": CELL_PX,
            "head_px": HEAD_PX,
        }

    def _name(self, kind: float) -> str:
        return str(self.names.get(int(kind), int(kind)))[:40]


def cell_of(pixels: Any) -> Cell:
    """An image as its cell shows it: as large as it can be, in the middle."""
    array = (pixels.float() * 255).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
    height, width = array.shape[:2]
    gain = CELL_PX / max(height, width)
    size = max(1, round(width * gain)), max(1, round(height * gain))
    left, top = (CELL_PX - size[0]) // 2, (CELL_PX - size[1]) // 2
    picture = Image.new("RGB", (CELL_PX, CELL_PX), PAPER)
    picture.paste(Image.fromarray(array).resize(size, Image.Resampling.BILINEAR), (left, top))
    return Cell(picture, gain, left, top, [], [])


def outline(draw: ImageDraw.ImageDraw, cell: Cell, font: ImageFont.FreeTypeFont) -> None:
    """Labels below, predictions over them; names of labels inside the box, of predictions above."""
    for boxes, colour, width in ((cell.labelled, LABELLED, 4), (cell.predicted, PREDICTED, 2)):
        for x1, y1, x2, y2, text in boxes:
            draw.rectangle((x1, y1, max(x1, x2), max(y1, y2)), outline=colour, width=width)
            at = (x1, y2) if colour == LABELLED else (x1, max(0.0, y1 - FONT_PX - 4))
            draw.rectangle(draw.textbbox(at, text, font=font), fill=colour)
            draw.text(at, text, fill=PAPER, font=font)


def write_head(draw: ImageDraw.ImageDraw, title: str, font: ImageFont.FreeTypeFont) -> None:
    """The title, and what the colours mean."""
    x = 6.0
    for text, colour in (
        (title, INK),
        ("labelled", LABELLED),
        (f"predicted, score {SURE:g} or more", PREDICTED),
    ):
        draw.text((x, 5), text, fill=colour, font=font)
        x += draw.textlength(text, font=font) + 16


def _font() -> ImageFont.FreeTypeFont:
    """One that can write Japanese, where there is one."""
    for module, file in FONTS:
        spec = importlib.util.find_spec(module)
        if spec and spec.origin and (path := Path(spec.origin).parent / file).is_file():
            return ImageFont.truetype(str(path), FONT_PX)
    raise FileNotFoundError("no font: install matplotlib")
