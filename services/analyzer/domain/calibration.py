"""Whether a confidence of 0.8 means that eight boxes in ten are right.

Shapes in names: `b` bins of confidence, `d` detections, `n` some of them.
"""

from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.area_ranges import AREAS
from services.analyzer.domain.boxes import Bools, Floats, Ints
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import Matches

BINS = 10
"""Of equal width in [0, 1]; each holds its lower edge, the last one both."""
FROM_CONFIDENCE = 0.1
"""Below it lies the mass of near-zero boxes, which are well calibrated and of no interest."""


@dataclass(frozen=True)
class Reliability:
    """Detections by confidence: how many, how sure on average, and how many of them right."""

    count_b: Ints
    confidence_b: Floats
    precision_b: Floats

    @property
    def ece(self) -> float | None:
        """Expected calibration error: mean gap between confidence and precision, by detections.

        ECE = sum over bins of count / n x |precision - confidence|. None without a detection.

        Source: Naeini et al., AAAI 2015; Guo et al., On Calibration of Modern Neural Networks,
        ICML 2017, equation 3, on the detections of all classes.
        """
        total = self.count_b.sum()
        return float((self.count_b * self._gap_b).sum() / total) if total else None

    @property
    def mce(self) -> float | None:
        """Maximum calibration error: the largest gap of a bin with detections."""
        gap_n = self._gap_b[self.count_b > 0]
        return float(gap_n.max()) if len(gap_n) else None

    @property
    def _gap_b(self) -> Floats:
        gap: Floats = np.abs(self.precision_b - self.confidence_b)
        return gap


@dataclass(frozen=True)
class Calibration:
    """Reliability of all detections, of those from `FROM_CONFIDENCE`, and the latter in parts.

    It says nothing of labels that were not found: read it beside recall.
    """

    all: Reliability
    sure: Reliability
    by_class: dict[str, Reliability]
    by_size: dict[str, Reliability]


def calibration(data: Evidence, matches: Matches) -> Calibration:
    """Compare confidence with precision.

    Args:
        data: labels and detections.
        matches: of the same evidence; right at its `match_iou`.

    Returns:
        Reliability overall, per class, and by the size of the detection (COCO's, but a box of
        exactly 32 x 32 pixels is medium only, one of 96 x 96 large only).
    """
    right_d = matches.label_d >= 0
    bin_d = np.minimum((data.score_d * BINS).astype(np.int64), BINS - 1)
    # Multiplying rounds: 0.3 x 10 may fall a bin short of the edge that 0.3 is.
    bin_d += (bin_d < BINS - 1) & (data.score_d >= (bin_d + 1) / BINS)
    bin_d -= data.score_d < bin_d / BINS
    sure = np.flatnonzero(data.score_d >= FROM_CONFIDENCE)
    edges = [area.high for area in AREAS[1:3]]
    size_n = np.searchsorted(edges, data.area_d[sure], side="right")
    marks = (bin_d[sure], data.score_d[sure], right_d[sure])
    return Calibration(
        all=_table(bin_d, data.score_d, right_d, np.zeros_like(bin_d), 1)[0],
        sure=_table(*marks, np.zeros_like(sure), 1)[0],
        by_class=dict(
            zip(data.classes, _table(*marks, data.class_d[sure], len(data.classes)), strict=True)
        ),
        by_size=dict(
            zip([area.name for area in AREAS[1:]], _table(*marks, size_n, 3), strict=True)
        ),
    )


def _table(
    bin_n: Ints, score_n: Floats, right_n: Bools, group_n: Ints, groups: int
) -> list[Reliability]:
    """Reliability of each group of detections."""
    cell_n = group_n * BINS + bin_n
    cells, shape = groups * BINS, (groups, BINS)
    count = np.bincount(cell_n, minlength=cells).reshape(shape)
    confidence = np.bincount(cell_n, weights=score_n, minlength=cells).reshape(shape)
    right = np.bincount(cell_n[right_n], minlength=cells).reshape(shape)
    share = np.maximum(count, 1)
    return [Reliability(*row) for row in zip(count, confidence / share, right / share, strict=True)]
