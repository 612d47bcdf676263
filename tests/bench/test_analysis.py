"""The analyzer's arithmetic against pycocotools on the same boxes, in the same run.

Prints ratios and asserts equal numbers, never times: a machine may be busy.
"""

import time
from collections.abc import Callable
from typing import Any

import pytest

from services.analyzer.domain.average_precision import coco_ap
from services.analyzer.domain.matching import match
from services.analyzer.domain.report import analyse
from tests.unit.services.analyzer.domain.sets import drawn
from tests.unit.services.analyzer.domain.test_average_precision import by_pycocotools


def best_s(work: Callable[[], Any]) -> float:
    """The best of three: what the machine can do when it is let."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


@pytest.mark.parametrize("images", [200, 2000])
def test_whole_analysis_against_average_precision_alone(images: int) -> None:
    data = drawn(1, images=images)
    ours_s = best_s(lambda: analyse(data, confidence=0.25, match_iou=0.5))
    theirs_s = best_s(lambda: by_pycocotools(data))
    print(
        f"\n{images} images, {data.detections} detections: ours {ours_s:.3f} s (AP, operating "
        f"point, causes, matrix, curves), pycocotools {theirs_s:.3f} s (AP, with its loading): "
        f"{theirs_s / ours_s:.1f} x"
    )
    expected = by_pycocotools(data)["map50_95"]
    assert coco_ap(data, match(data)).map50_95 == pytest.approx(expected, abs=1e-9)
