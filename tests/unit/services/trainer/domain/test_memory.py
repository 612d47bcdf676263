"""Predicted GPU memory, and who is let in."""

from dataclasses import replace

import pytest

from services.trainer.domain.devices import Gpu, GpuProcess
from services.trainer.domain.memory import (
    CONTEXT_BYTES,
    GIB,
    MARGIN,
    PARAMETERS,
    Shape,
    admit,
    admit_together,
    largest_batch,
    needed_bytes,
    predicted_bytes,
)

T4 = Gpu(0, "a", "T4", 16 * GIB, GIB // 4)
FULL = Gpu(1, "b", "T4", 16 * GIB, 14 * GIB, processes=(GpuProcess(77, 14 * GIB),))


PUBLIC = [
    ("yolov8s", 16, 4.15),
    ("yolov8s", 8, 2.21),
    ("yolov8s", 4, 1.22),
    ("yolov8l", 16, 12.0),
    ("yolov8x", 16, 15.0),
]
"""GiB that torch reserved at 640 with AMP: ultralytics #4679 on a T4; YOLOX #1733, rounded."""


@pytest.mark.parametrize(("architecture", "batch", "gib"), PUBLIC)
def test_the_prediction_is_near_figures_that_users_published(
    architecture: str, batch: int, gib: float
) -> None:
    """Of torch's reserved memory, at 640 with AMP; the factor was fitted to them."""
    reserved = predicted_bytes(Shape(architecture, 640, batch, amp=True)) - CONTEXT_BYTES
    assert reserved / GIB == pytest.approx(gib, rel=0.06)


@pytest.mark.parametrize(("architecture", "batch", "gib"), PUBLIC)
def test_the_margin_covers_every_public_figure_by_a_tenth_and_no_more_than_a_fifth(
    architecture: str, batch: int, gib: float
) -> None:
    """MARGIN stands for what the fit leaves open: cards, drivers and versions it has not seen."""
    taken = gib * GIB + CONTEXT_BYTES
    need = needed_bytes(Shape(architecture, 640, batch, amp=True), None)
    assert 1.09 < need / taken < 1.2
    assert pytest.approx(1.15) == MARGIN


def test_memory_grows_with_the_area_and_the_precision() -> None:
    small, large = (predicted_bytes(Shape("yolov8n", px, 16, amp=True)) for px in (320, 640))
    fixed = predicted_bytes(Shape("yolov8n", 640, 0, amp=True))
    assert (large - fixed) / (small - fixed) == pytest.approx(4)
    single = predicted_bytes(Shape("yolov8n", 640, 16, amp=False))
    assert (single - fixed) / (large - fixed) == pytest.approx(2)


def test_a_measured_peak_replaces_the_prediction() -> None:
    shape = Shape("yolov8n", 640, 16, amp=True)
    assert needed_bytes(shape, 3 * GIB) == int(3.5 * GIB * 1.15)
    assert needed_bytes(shape, None) == int(predicted_bytes(shape) * 1.15)


def test_the_freest_card_that_nobody_uses_is_taken() -> None:
    found = admit(4 * GIB, [FULL, T4])
    assert found.gpu is T4


def test_a_card_that_is_full_now_is_waited_for_and_its_users_are_named() -> None:
    found = admit(4 * GIB, [FULL])
    assert found.gpu is None
    assert not found.hopeless
    assert "2.0 GiB free" in found.reason
    assert "77" in found.reason


def test_what_fits_no_card_is_hopeless() -> None:
    assert admit(20 * GIB, [T4]).hopeless
    assert admit(10 * GIB, [T4], share=0.5).hopeless


def test_the_largest_batch_fits_and_its_double_does_not() -> None:
    shape = Shape("yolov8x", 640, 128, amp=True)
    batch = largest_batch(shape, 16 * GIB, 1.0)
    fits = needed_bytes(Shape("yolov8x", 640, batch, amp=True), None)
    double = needed_bytes(Shape("yolov8x", 640, 2 * batch, amp=True), None)
    assert 0 < fits < 16 * GIB < double


def test_cards_that_train_together_are_taken_all_or_none() -> None:
    other = replace(T4, index=2, uuid="c")
    need = 4 * GIB
    assert admit_together(need, [T4, other]).gpu == T4
    waits = admit_together(need, [T4, FULL])
    assert waits.gpu is None
    assert not waits.hopeless
    assert waits.reason.startswith("on GPU 1 needs about 4.0 GiB")
    assert "77 (14.0 GiB)" in waits.reason
    small = replace(other, memory_total_bytes=2 * GIB)
    assert admit_together(need, [FULL, small]).hopeless


def test_a_card_of_several_holds_its_part_of_the_batch_and_the_exchange() -> None:
    alone = predicted_bytes(Shape("yolov8x", 640, 8, amp=True))
    one_of_two = predicted_bytes(Shape("yolov8x", 640, 8, amp=True, ranks=2))
    assert one_of_two - alone == 4 * PARAMETERS["yolov8x"] + GIB // 4
    keys = {Shape("yolov8n", 640, 8, amp=True, ranks=ranks).key("T4") for ranks in (1, 2, 3)}
    assert len(keys) == 3
