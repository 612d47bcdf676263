"""Heat maps as arithmetic, on masks and boxes made by hand."""

import numpy as np
import pytest

from services.analyzer.domain.saliency import energy_inside, random_masks, weighted_mean


def test_masks_are_smooth_show_half_and_are_the_same_for_the_same_seed() -> None:
    masks = random_masks(200, 40, np.random.default_rng(3))
    assert masks.shape == (200, 40, 40)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert masks.mean() == pytest.approx(0.5, abs=0.02)
    assert np.abs(np.diff(masks, axis=2)).max() <= 0.5
    np.testing.assert_array_equal(masks, random_masks(200, 40, np.random.default_rng(3)))


def test_what_must_be_seen_is_where_the_heat_is() -> None:
    masks = random_masks(600, 48, np.random.default_rng(0))
    seen = masks[:, 10:20, 30:40].mean(axis=(1, 2))
    heat = weighted_mean(masks, seen)
    y, x = np.unravel_index(heat.argmax(), heat.shape)
    assert 8 <= y < 22
    assert 28 <= x < 42
    assert energy_inside(heat, np.array([28, 8, 42, 22])) > 0.5


def test_a_box_that_is_never_found_has_no_heat() -> None:
    heat = weighted_mean(random_masks(5, 32, np.random.default_rng(0)), np.zeros(5))
    assert heat.sum() == 0
    assert energy_inside(heat, np.array([0, 0, 32, 32])) == 0


def test_energy_inside_is_the_share_of_the_sum() -> None:
    heat = np.array([[1.0, 0, 0], [0, 2, 0], [0, 0, 1]])
    assert energy_inside(heat, np.array([1, 1, 2, 2])) == pytest.approx(0.5)
    assert energy_inside(heat, np.array([-5, -5, 9, 9])) == 1.0
