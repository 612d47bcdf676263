"""Where in an image a detection comes from, as arithmetic: masks of D-RISE, energy inside the box.

Shapes in names: `hw` pixels of the network's input, `m` masks, `a` anchors.
"""

import numpy as np

from services.analyzer.domain.boxes import Floats

CELLS = 16
"""Cells of a mask along each side."""
KEPT_SHARE = 0.5
"""Share of the cells that a mask shows."""


def random_masks(count: int, size: int, rng: np.random.Generator) -> Floats:
    """Smooth random masks in [0, 1]: cells shown or hidden, enlarged and shifted; shape (m, h, w).

    Source: Petsiuk et al., RISE, BMVC 2018, section 3.2.
    """
    cell = -(-size // CELLS)
    grid = (rng.random((count, CELLS + 1, CELLS + 1)) < KEPT_SHARE).astype(np.float64)
    at = np.arange((CELLS + 1) * cell) / cell - 0.5
    low = np.clip(np.floor(at).astype(int), 0, CELLS)
    high, part = np.minimum(low + 1, CELLS), np.clip(at - low, 0, 1)
    rows = grid[:, low] * (1 - part)[:, None] + grid[:, high] * part[:, None]
    whole = rows[:, :, low] * (1 - part) + rows[:, :, high] * part
    shifts = rng.integers(0, cell, (count, 2))
    return np.stack(
        [mask[y : y + size, x : x + size] for mask, (y, x) in zip(whole, shifts, strict=True)]
    )


def weighted_mean(masks_mhw: Floats, weight_m: Floats) -> Floats:
    """How much showing each pixel helped: the masks' mean by weight, less their plain mean.

    Args:
        masks_mhw: what was shown, in [0, 1].
        weight_m: how well the box was found under each mask.

    Returns:
        Shape (h, w), at least 0: pixels that matter less than the average are 0.

    Source: Petsiuk et al., D-RISE, CVPR 2021; the mean is taken off so that masks that show the
    same share everywhere say nothing.
    """
    if not weight_m.sum():
        return np.zeros(masks_mhw.shape[1:])
    with_box = np.tensordot(weight_m / weight_m.sum(), masks_mhw, axes=1)
    more: Floats = np.maximum(with_box - masks_mhw.mean(axis=0), 0.0)
    return more


def energy_inside(heat_hw: Floats, box_4: Floats) -> float:
    """Share of the heat that lies inside a box x1, y1, x2, y2; 0 where there is no heat.

    Source: Wang et al., Score-CAM, CVPR-W 2020, section 4.3 (energy-based pointing game).
    """
    whole = float(heat_hw.sum())
    x1, y1, x2, y2 = (max(0, round(float(each))) for each in box_4)
    return float(heat_hw[y1:y2, x1:x2].sum()) / whole if whole > 0 else 0.0
