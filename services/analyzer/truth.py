"""Labels and image sizes of a split, without a model: what given predictions are held against."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from libs.common.dataset_files import Item
from services.analyzer.domain.boxes import Floats, Ints
from services.analyzer.domain.labels import BadLabels, read_labels
from services.analyzer.parquet import Image

ORIENTATION = 0x0112
TURNED = frozenset({5, 6, 7, 8})
"""EXIF orientations that swap width and height."""
UNTURNED = frozenset({".bmp", ".jp2", ".tif", ".tiff"})
"""OpenCV, and so the trainer, ignores the EXIF orientation of these."""


@dataclass
class Truth:
    """Labelled images, in the order read; findings for those that could not be."""

    images: list[Image] = field(default_factory=list)
    findings: list[dict[str, str]] = field(default_factory=list)
    _image: list[int] = field(default_factory=list)
    _classes: list[Ints] = field(default_factory=list)
    _boxes: list[Floats] = field(default_factory=list)

    @property
    def labels(self) -> tuple[Ints, Ints, Floats]:
        """Image index, class and corners in pixels of every label."""
        return (
            np.array(self._image, dtype=np.int64),
            np.concatenate([np.empty(0, np.int64), *self._classes]),
            np.concatenate([np.empty((0, 4)), *self._boxes]),
        )

    def read(self, items: Sequence[Item], classes: int) -> None:
        """Add images; what is broken becomes a finding, as it does where a model is judged."""
        for item in items:
            try:
                width, height = upright_size(item.image)
            except (OSError, ValueError, SyntaxError, UnidentifiedImageError) as error:
                self._find(item, f"the image cannot be read: {error}"[:200])
                continue
            try:
                text = item.label.read_text("utf-8-sig") if item.label else ""
                kinds, corners = read_labels(
                    text, classes=classes, width_px=width, height_px=height
                )
            except (OSError, UnicodeDecodeError, BadLabels) as error:
                self._find(item, f"its label file is unusable: {error}")
                continue
            self._image += [len(self.images)] * len(kinds)
            self._classes.append(kinds)
            self._boxes.append(corners)
            self.images.append(Image(str(item.image), width, height))

    def _find(self, item: Item, message: str) -> None:
        self.findings.append({"image_path": str(item.image), "message": message})


def upright_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels as the trainer sees the image: turned by its EXIF orientation.

    Only the header is read, so an image of any size costs nothing.

    Raises:
        OSError: it is no image that Pillow knows, or cannot be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        try:
            with Pillow.open(path) as image:
                width, height = image.size
                turned = path.suffix.lower() not in UNTURNED and (
                    image.getexif().get(ORIENTATION) in TURNED
                )
        except Pillow.DecompressionBombError as error:
            raise OSError(str(error)) from error
    return (height, width) if turned else (width, height)
