"""Overlap of boxes, against values worked out by hand and a plain double loop."""

import numpy as np
import pytest

from services.analyzer.domain import boxes
from services.analyzer.domain.boxes import overlaps, paired_iou, pairwise_iou
from tests.unit.services.analyzer.domain.sets import drawn


def test_iou_of_shifted_squares_is_shared_area_over_union() -> None:
    a = np.array([[0.0, 0.0, 10.0, 10.0]])
    b = np.array([[5.0, 0.0, 15.0, 10.0], [0.0, 0.0, 10.0, 10.0], [10.0, 0.0, 20.0, 10.0]])
    assert pairwise_iou(a, b).tolist() == [[50 / 150, 1.0, 0.0]]


def test_boxes_without_area_overlap_nothing_and_make_no_nan() -> None:
    point = np.array([[3.0, 3.0, 3.0, 3.0]])
    assert pairwise_iou(point, point).tolist() == [[0.0]]


def test_boxes_apart_in_both_directions_do_not_overlap() -> None:
    a, b = np.array([[0.0, 0.0, 1.0, 1.0]]), np.array([[5.0, 5.0, 6.0, 6.0]])
    assert pairwise_iou(a, b).tolist() == [[0.0]]


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(k, 4\)"):
        pairwise_iou(np.zeros((2, 5)), np.zeros((1, 4)))


@pytest.mark.parametrize("at_once", [7, 2_000_000])
def test_overlaps_are_all_pairs_of_an_image_above_the_floor(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boxes, "PAIRS_AT_ONCE", at_once)
    data = drawn(3, images=20)
    found = overlaps(data.label_image_l, data.label_box_l4, data.image_d, data.box_d4, floor=0.1)
    expected = [
        (d, label, float(paired_iou(data.box_d4[d : d + 1], data.label_box_l4[[label]])[0]))
        for d in range(data.detections)
        for label in range(data.labels)
        if data.image_d[d] == data.label_image_l[label]
    ]
    expected = sorted(
        (row for row in expected if row[2] >= 0.1), key=lambda r: (r[0], -r[2], -r[1])
    )
    assert len(expected) > 50
    assert list(zip(found.detection_p, found.label_p, found.iou_p, strict=True)) == expected
