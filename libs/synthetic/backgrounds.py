"""What lies behind a logo: crops of freely licensed photographs, and procedural surfaces.

Images are float32 BGR of shape (H, W, 3), values 0..255, here and in the whole package.
"""

import importlib.util
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from libs.common.errors import BadInput

Image = npt.NDArray[np.float32]
Rng = np.random.Generator

# Public domain or CC0 (scikit-image) and CC BY (scikit-learn), per the packages' own notes.
# Pictures with narrower terms, such as the Middlebury stereo pair, are left out on purpose.
_PHOTOGRAPHS = {
    "skimage": (
        *("data/astronaut.png", "data/camera.png", "data/chelsea.png", "data/coffee.png"),
        *("data/coins.png", "data/rocket.jpg", "data/brick.png", "data/grass.png"),
        *("data/gravel.png", "data/hubble_deep_field.jpg"),
    ),
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
}
_LONGEST_PX = 800
_SURFACE_SHARE = 0.25


@lru_cache(maxsize=1)
def photographs() -> tuple[npt.NDArray[np.uint8], ...]:
    """All photographs, each with its longest side at most 800 px.

    Raises:
        BadInput: a package that ships them is not installed.
    """
    images = []
    for package, names in _PHOTOGRAPHS.items():
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise BadInput(
                "the background photographs are missing: pip install scikit-image scikit-learn"
            )
        for name in names:
            path = Path(spec.origin).parent / name
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is None:
                raise BadInput(f"{path} is not readable: reinstall {package}")
            images.append(_shrink(image.astype(np.uint8)))
    return tuple(images)


def background(rng: Rng, size_px: int) -> Image:
    """A square scene without logos: mostly a photograph's crop, else a surface."""
    if rng.random() < _SURFACE_SHARE:
        return surface(rng, size_px, size_px)
    photos = photographs()
    photo = photos[int(rng.integers(len(photos)))]
    height, width = photo.shape[:2]
    side = int(min(height, width) * rng.uniform(0.3, 1.0))
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    crop = photo[top : top + side, left : left + side]
    image = cv2.resize(crop, (size_px, size_px), interpolation=cv2.INTER_AREA).astype(np.float32)
    if rng.random() < 0.5:
        image = image[:, ::-1]
    tint = (rng.uniform(0.6, 1.2) * rng.uniform(0.92, 1.08, 3)).astype(np.float32)
    image = np.ascontiguousarray(image * tint + np.float32(rng.uniform(-15, 15)))
    if rng.random() < 0.4:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.8)), np.float32)
    return np.clip(image, 0, 255)


def surface(rng: Rng, height: int, width: int) -> Image:
    """A plain material (cloth, brushed metal, plaster or paint) of shape (height, width, 3)."""
    if rng.random() < 0.5:
        colour = rng.uniform(10, 245) + rng.normal(0, 6, 3)
    else:
        colour = rng.uniform(10, 245, 3)
    image = np.broadcast_to(colour.astype(np.float32), (height, width, 3)).copy()
    material = int(rng.integers(4))
    if material == 0:  # woven cloth
        frequency = rng.uniform(0.8, 2.2)
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        image += (6 * np.sin(columns * frequency) * np.sin(rows * frequency))[..., None]
    elif material == 1:  # brushed metal
        grain = rng.normal(0, 22, (height, width)).astype(np.float32)
        image += np.asarray(cv2.blur(grain, (31, 1)), np.float32)[..., None]
    elif material == 2:  # plaster
        grain = rng.normal(0, 3, (height, width)).astype(np.float32)
        image += (9 * smooth_noise(rng, height, width, 24) + grain)[..., None]
    image += (12 * smooth_noise(rng, height, width, 4))[..., None]
    return np.clip(image, 0, 255)


def smooth_noise(rng: Rng, height: int, width: int, knots: int) -> Image:
    """A slowly varying field of shape (height, width), about standard normal at its knots."""
    coarse = rng.standard_normal((knots, knots)).astype(np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(field, np.float32)


def _shrink(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    scale = _LONGEST_PX / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(
        cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
    )
