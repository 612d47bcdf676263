"""The bootstrap against doing it really: its time, and whether its intervals are wide enough."""

import time

import numpy as np
import pytest

from services.analyzer.domain.bootstrap import Resampler, draws, resample
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import match
from services.analyzer.domain.operating_point import operating_point
from tests.unit.services.analyzer.domain.resampled import really_resampled
from tests.unit.services.analyzer.domain.sets import drawn

GOAL_S = 10.0
REALLY = 120


def resampler(data: Evidence) -> Resampler:
    matches = match(data)
    return Resampler(data, matches, operating_point(data, matches, confidence=0.25))


def test_a_thousand_paired_resamples_take_less_than_ten_seconds() -> None:
    first = drawn(1, images=2000, crowd=15)
    models = [resampler(first), resampler(drawn(1, images=2000, crowd=16))]
    began_s = time.process_time()
    resample(models, resamples=1000, seed=1, tell=None)
    ours_s = time.process_time() - began_s
    [weight_i] = next(draws(first.images, 1, 1, at_once=1))
    again = really_resampled(first, weight_i)
    began_s = time.process_time()
    resampler(again).whole()
    really_s = 2000 * (time.process_time() - began_s)
    print(
        f"\n1,000 paired resamples of 8 headline and 4 numbers per class, 2,000 images, "
        f"{first.detections} detections, 2 models: {ours_s:.2f} s of CPU; matching each resample "
        f"again: {really_s:.0f} s ({really_s / ours_s:.0f} x)"
    )
    assert ours_s < GOAL_S


def test_standard_error_is_that_of_sets_that_are_really_drawn_again() -> None:
    data, other = drawn(2, images=300), drawn(3, images=300)
    models = [resampler(data), resampler(other)]
    ours = [model.headline["map50_95"] for model in resample(models, seed=5, tell=None)]
    [weight_ri] = draws(data.images, REALLY, 9, at_once=REALLY)
    really = np.array(
        [
            [
                resampler(really_resampled(each, weight_i)).whole().headline["map50_95"][0]
                for weight_i in weight_ri
            ]
            for each in (data, other)
        ]
    )
    same_draws = [model(weight_ri).headline["map50_95"] for model in models]
    for name, mine, theirs, same in (
        ("one model", ours[0], really[0], same_draws[0]),
        ("difference", ours[1] - ours[0], really[1] - really[0], same_draws[1] - same_draws[0]),
    ):
        error, expected = mine.std(ddof=1), theirs.std(ddof=1)
        print(
            f"\n{name}: standard error {error:.6f}, of {REALLY} sets really drawn {expected:.6f} "
            f"({error / expected:.3f}); on the same draws {same.std(ddof=1) / expected:.6f}"
        )
        assert same == pytest.approx(theirs, abs=2e-4)
        assert error == pytest.approx(expected, rel=0.1)
