"""How long a training will take: from its own kind, from another, from nothing."""

import pytest

from services.trainer.domain.estimate import SETUP_S, Estimate, blended, estimate, pace_key
from services.trainer.domain.memory import Shape

NANO = Shape("yolov8n", 320, 16, amp=True)
PACES = {pace_key("T4", NANO): 0.01}


def told(shape: Shape, device: str = "T4", paces: dict[str, float] | None = None) -> Estimate:
    found = estimate(shape, device, images=1000, epochs=10, paces=paces or PACES)
    assert found
    return found


def test_a_training_like_an_earlier_one_takes_as_long() -> None:
    found = told(NANO)
    assert found.epoch_s == 10
    assert found.seconds == SETUP_S + 100
    assert found.low_s < found.seconds < found.high_s
    assert found.scaled_from is None


def test_four_times_the_pixels_take_four_times_as_long_and_are_less_sure() -> None:
    found = told(Shape("yolov8n", 640, 16, amp=True))
    assert found.epoch_s == pytest.approx(40)
    assert found.scaled_from == "yolov8n at 320"
    assert found.high_s / found.seconds > told(NANO).high_s / told(NANO).seconds


def test_of_several_earlier_ones_the_most_alike_counts() -> None:
    large = Shape("yolov8x", 640, 16, amp=True)
    near = Shape("yolov8n", 352, 16, amp=True)
    found = told(near, paces=PACES | {pace_key("T4", large): 9.0})
    assert found.scaled_from == "yolov8n at 320"


def test_without_any_training_on_such_a_device_nothing_is_claimed() -> None:
    assert estimate(NANO, "cpu", images=1, epochs=1, paces=PACES) is None


def test_later_epochs_count_more_than_the_first() -> None:
    pace_s = blended(None, 8.0)
    for _ in range(3):
        pace_s = blended(pace_s, 1.0)
    assert pace_s == pytest.approx(1.875)
