import numpy as np
import pytest

from services.analyzer.domain.bootstrap import (
    HEADLINE,
    Interval,
    Resampler,
    draws,
    interval,
    intervals,
    resample,
)
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import match
from services.analyzer.domain.operating_point import operating_point
from tests.unit.services.analyzer.domain.resampled import really_resampled
from tests.unit.services.analyzer.domain.sets import by_hand, drawn

BOX = [10, 10, 50, 50]
ELSEWHERE = [100, 100, 140, 140]


def resampler(data: Evidence, confidence: float = 0.25) -> Resampler:
    matches = match(data)
    return Resampler(data, matches, operating_point(data, matches, confidence=confidence))


def really(data: Evidence, weight_i: np.ndarray) -> dict[str, float]:
    """The numbers of the set with its images repeated, matched and counted from the start."""
    again = resampler(really_resampled(data, weight_i)).whole()
    return {name: float(again.headline[name][0]) for name in HEADLINE}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_weights_give_the_numbers_of_a_set_whose_images_are_really_repeated(seed: int) -> None:
    data = drawn(seed)
    [weight_ri] = draws(data.images, 6, seed, at_once=6)
    sample = resampler(data)(weight_ri)
    for r, weight_i in enumerate(weight_ri):
        expected = really(data, weight_i)
        for name, value in expected.items():
            assert sample.headline[name][r] == pytest.approx(value, abs=1e-12), name


def test_equal_scores_change_it_by_less_than_two_in_ten_thousand() -> None:
    data = drawn(4, images=200)
    order_d = np.round(data.score_d, 3)
    tied = by_hand(
        data.images,
        data.classes,
        list(zip(data.label_image_l, data.label_class_l, data.label_box_l4.tolist(), strict=True)),
        list(zip(data.image_d, data.class_d, order_d, data.box_d4.tolist(), strict=True)),
    )
    [weight_ri] = draws(tied.images, 4, 0, at_once=4)
    sample = resampler(tied)(weight_ri)
    for r, weight_i in enumerate(weight_ri):
        for name, value in really(tied, weight_i).items():
            assert sample.headline[name][r] == pytest.approx(value, abs=2e-4), name


def test_an_image_drawn_twice_counts_twice() -> None:
    data = by_hand(
        3,
        "a",
        [(0, 0, BOX), (1, 0, BOX)],
        [(0, 0, 0.9, BOX), (1, 0, 0.8, ELSEWHERE), (2, 0, 0.7, BOX)],
    )
    twice_right, twice_wrong, twice_clean = np.array(
        [[2, 1, 0], [1, 2, 0], [0, 1, 2]], dtype=np.int32
    )
    sample = resampler(data)(np.stack([twice_right, twice_wrong, twice_clean]))
    # 2 of 3 labels found before anything false: recall points 0 … 0.66 at precision 1
    assert sample.headline["map50"].tolist() == pytest.approx([67 / 101, 34 / 101, 0])
    assert sample.headline["recall"].tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert sample.headline["precision"].tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert sample.headline["accuracy"].tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert np.isnan(sample.headline["false_alarms_per_1000"][:2]).all()
    assert sample.headline["false_alarms_per_1000"][2] == 1000


def test_whole_set_has_the_numbers_of_the_report() -> None:
    data = drawn(5)
    matches = match(data)
    point = operating_point(data, matches, confidence=0.25)
    whole = Resampler(data, matches, point).whole()
    micro = point.micro
    for name, value in (
        ("precision", micro.precision),
        ("recall", micro.recall),
        ("f1_score", micro.f1),
        ("accuracy", point.accuracy),
        ("detection_accuracy", micro.threat_score),
    ):
        assert whole.headline[name][0] == pytest.approx(value, abs=1e-12)
    recall_c = [counts.recall for counts in point.per_class]
    labelled_c = point.support_c > 0
    assert whole.per_class["recall"][0][labelled_c] == pytest.approx(np.array(recall_c)[labelled_c])


def test_seed_decides_the_draws_and_the_step_does_not() -> None:
    [at_once] = draws(50, 10, 3, at_once=10)
    in_steps = np.concatenate(list(draws(50, 10, 3, at_once=3)))
    [other] = draws(50, 10, 4, at_once=10)
    assert (at_once == in_steps).all()
    assert (at_once.sum(axis=1) == 50).all()
    assert (at_once != other).any()


def test_judgements_of_the_same_images_see_the_same_draws() -> None:
    data = drawn(6)
    first, second = resample([resampler(data)] * 2, resamples=30, seed=1, tell=None)
    for name in HEADLINE:
        assert np.array_equal(first.headline[name], second.headline[name], equal_nan=True)
    with pytest.raises(ValueError, match="same images"):
        resample([resampler(data), resampler(drawn(6, images=7))], resamples=2, tell=None)


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    resample([resampler(drawn(1))], resamples=600, tell=lambda *at: told.append(at))
    assert told[-1] == (600, 600)
    assert len(told) > 1


def test_interval_of_a_proportion_is_as_wide_as_theory_says() -> None:
    images = 400
    labels = [(image, 0, BOX) for image in range(images)]
    found = [(image, 0, 0.9, BOX) for image in range(0, images, 4)]
    model = resampler(by_hand(images, "a", labels, found))
    [sample] = resample([model], resamples=2000, seed=0, tell=None)
    recall = intervals(model.whole(), sample)["recall"]
    assert recall is not None
    theory = (0.25 * 0.75 / images) ** 0.5
    assert recall.value == 0.25
    assert recall.standard_error == pytest.approx(theory, rel=0.06)
    assert recall.low == pytest.approx(0.25 - 1.96 * theory, abs=0.008)
    assert recall.high == pytest.approx(0.25 + 1.96 * theory, abs=0.008)


def test_no_interval_where_there_is_no_number() -> None:
    model = resampler(by_hand(2, "a", [(0, 0, BOX), (1, 0, BOX)], []))
    [sample] = resample([model], resamples=20, tell=None)
    found = intervals(model.whole(), sample)
    assert found["false_alarms_per_1000"] is None
    assert found["map50"] == Interval(0.0, 0.0, 0.0, 0.0)


def test_interval_of_the_opposite_is_the_opposite_interval() -> None:
    random = np.random.default_rng(0)
    sample_r = random.normal(size=999)
    ours, theirs = interval(0.1, sample_r), interval(-0.1, -sample_r)
    assert ours is not None
    assert theirs is not None
    assert (ours.low, ours.high) == (-theirs.high, -theirs.low)
