"""How small a logo may be: recall by the size of the label.

Shapes in names: `l` labels, `b` bins.
"""

from typing import Any

import numpy as np

from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.operating_point import OperatingPoint

EDGES_PX = np.array([0, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, np.inf])
"""Sizes at which a bin begins: square roots of areas, in pixels of the original image."""


def size_recall(data: Evidence, point: OperatingPoint) -> dict[str, Any]:
    """Recall at the operating point, per bin of sqrt(area of the label).

    Args:
        data: labels and detections.
        point: which labels were found.

    Returns:
        `confidence`, and `bins` [{from_px, to_px, labels, found, recall}]; `to_px` is null for the
        last bin and `recall` is null for a bin without labels.
    """
    bin_l = np.searchsorted(EDGES_PX, np.sqrt(data.area_l), side="right") - 1
    count = len(EDGES_PX) - 1
    labels_b = np.bincount(bin_l, minlength=count)
    found_b = np.bincount(bin_l[point.found_l], minlength=count)
    rows = zip(EDGES_PX[:-1], EDGES_PX[1:], labels_b, found_b, strict=True)
    return {
        "confidence": point.confidence,
        "bins": [
            {
                "from_px": float(low),
                "to_px": float(high) if np.isfinite(high) else None,
                "labels": int(labels),
                "found": int(found),
                "recall": float(found / labels) if labels else None,
            }
            for low, high, labels, found in rows
        ],
    }
