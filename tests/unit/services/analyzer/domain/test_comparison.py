from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from libs.common.errors import BadInput
from services.analyzer.domain.alignment import Judgement, align
from services.analyzer.domain.bootstrap import Interval
from services.analyzer.domain.changes import KINDS, Judged, changes
from services.analyzer.domain.comparison import Comparison, compare, decide
from services.analyzer.domain.errors import errors
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import match
from services.analyzer.domain.operating_point import operating_point
from services.analyzer.domain.significance import (
    Difference,
    benjamini_hochberg,
    difference,
    holm,
)
from tests.unit.services.analyzer.domain.sets import Detection, by_hand, drawn

LEFT, MIDDLE, RIGHT = [0, 0, 40, 40], [100, 0, 140, 40], [200, 0, 240, 40]


def judged(data: Evidence, confidence: float = 0.25) -> Judged:
    matches = match(data)
    point = operating_point(data, matches, confidence=confidence)
    return Judged(data, matches, point, errors(data, matches, point))


def judgement(data: Evidence, names: Sequence[str] | None = None, folder: str = "/d") -> Judgement:
    names = names or [f"{at:04d}.jpg" for at in range(data.images)]
    paths = tuple(f"{folder}/{name}" for name in names)
    return Judgement(data, paths, ((320, 240),) * data.images, ("",) * data.images)


def better(data: Evidence, share: float, seed: int = 0) -> Evidence:
    """The same set by a model that finds a further share of the labels, exactly and surely."""
    chosen_l = np.flatnonzero(np.random.default_rng(seed).random(data.labels) < share)
    more = [
        (int(data.label_image_l[at]), int(data.label_class_l[at]), 0.99, data.label_box_l4[at])
        for at in chosen_l
    ]
    old = list(
        zip(data.image_d.tolist(), data.class_d.tolist(), data.score_d, data.box_d4, strict=True)
    )
    labels = list(
        zip(
            data.label_image_l.tolist(),
            data.label_class_l.tolist(),
            data.label_box_l4.tolist(),
            strict=True,
        )
    )
    return by_hand(data.images, data.classes, labels, [*old, *more])


def noisier(data: Evidence) -> Evidence:
    """The same set by a model that sees a logo on every second image, where there is none."""
    old = list(
        zip(data.image_d.tolist(), data.class_d.tolist(), data.score_d, data.box_d4, strict=True)
    )
    clean = np.flatnonzero(data.without_labels_i)[::2].tolist()
    more: list[Detection] = [(at, 0, 0.3, [300, 300, 330, 330]) for at in clean]
    labels = list(
        zip(
            data.label_image_l.tolist(),
            data.label_class_l.tolist(),
            data.label_box_l4.tolist(),
            strict=True,
        )
    )
    return by_hand(data.images, data.classes, labels, [*old, *more])


def verdict(base: Evidence, other: Evidence, *, resamples: int = 400) -> Comparison:
    sides = align([judgement(base), judgement(other)]).sides
    [found] = compare([judged(side.data) for side in sides], resamples=resamples, seed=1)
    return found


def test_a_model_that_finds_more_is_better_and_the_other_way_round_worse() -> None:
    base = drawn(1, images=150)
    found = verdict(base, better(base, 0.3))
    assert (found.verdict, found.reason) == ("better", "accuracy")
    assert "mAP50-95 +0." in found.sentence["en"]
    assert "mAP50-95 の差 +0." in found.sentence["ja"]
    assert verdict(better(base, 0.3), base).verdict == "worse"


def test_a_model_with_more_false_alarms_is_worse_whatever_its_accuracy_does() -> None:
    base = drawn(1, images=200)
    found = verdict(base, noisier(base))
    assert (found.verdict, found.reason) == ("worse", "false_alarms")
    mixed = verdict(base, noisier(better(base, 0.3)))
    assert (mixed.verdict, mixed.reason) == ("cannot_tell", "mixed")


def test_a_model_cannot_be_told_from_itself_nor_from_one_that_differs_by_a_hair() -> None:
    base = drawn(1, images=150)
    same = verdict(base, base)
    assert (same.verdict, same.reason) == ("cannot_tell", "identical")
    assert (same.metrics["map50_95"] or {})["p"] == 1
    hair = verdict(base, better(base, 0.004))
    assert (hair.verdict, hair.reason) == ("cannot_tell", "within_noise")


def test_two_models_of_equal_skill_are_seldom_told_apart() -> None:
    verdicts = []
    for seed in range(10):
        base = drawn(seed, images=60)
        ones, others = better(base, 0.3, seed=1), better(base, 0.3, seed=2)
        verdicts.append(verdict(ones, others, resamples=200).verdict)
    assert verdicts.count("cannot_tell") > 8


def test_with_the_sides_changed_over_everything_is_exactly_the_opposite() -> None:
    base = drawn(3, images=120)
    other = noisier(better(base, 0.1))
    there, back = verdict(base, other), verdict(other, base)
    assert {there.verdict, back.verdict} in ({"better", "worse"}, {"cannot_tell"})
    for name, ours in there.metrics.items():
        theirs = back.metrics[name]
        assert ours is not None
        assert theirs is not None
        assert (ours["delta"], ours["low"], ours["high"], ours["p"], ours["wrong_side"]) == (
            *(-theirs[each] for each in ("delta", "high", "low")),
            *(theirs["p"], theirs["wrong_side"]),
        )
    mirrored = {"fixed": "broken", "broken": "fixed"}
    for labels in (True, False):
        counts = back.boxes.counts(labels=labels)
        assert there.boxes.counts(labels=labels) == {
            kind: counts[mirrored.get(kind, kind)] for kind in KINDS
        }
    outcomes = {row["class"]: row["outcome"] for row in back.per_class}
    turned = {"win": "loss", "loss": "win"}
    assert {row["class"]: row["outcome"] for row in there.per_class} == {
        name: turned.get(outcome, outcome) for name, outcome in outcomes.items()
    }


def test_every_box_is_fixed_broken_still_wrong_or_still_right() -> None:
    labels = [(0, 0, LEFT), (0, 0, MIDDLE), (0, 1, RIGHT), (1, 1, LEFT)]
    base = by_hand(
        3, "ab", labels,
        [(0, 0, 0.9, LEFT), (0, 0, 0.8, MIDDLE), (1, 0, 0.7, LEFT), (2, 0, 0.6, RIGHT)],
    )  # fmt: skip
    other = by_hand(
        3, "ab", labels,
        [(0, 0, 0.9, LEFT), (0, 1, 0.8, RIGHT), (1, 0, 0.7, LEFT), (2, 1, 0.6, LEFT)],
    )  # fmt: skip
    found = changes(judged(base), judged(other))
    named = [
        (KINDS[kind], label, d, e)
        for kind, label, d, e in zip(
            found.kind_n, found.label_n, found.base_n, found.other_n, strict=True
        )
    ]
    assert named == [
        ("still_right", 0, 0, 0),
        ("broken", 1, 1, -1),
        ("fixed", 2, -1, 1),
        ("still_wrong", 3, -1, -1),
        ("still_wrong", -1, 2, 2),
        ("fixed", -1, 3, -1),
        ("broken", -1, -1, 3),
    ]
    assert found.image_n.tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert found.box_n4[6].tolist() == LEFT
    assert found.counts(labels=True) == dict.fromkeys(KINDS, 1)


def test_a_class_with_few_labels_gets_no_outcome() -> None:
    base = drawn(1, images=150)
    few = {row["class"]: row for row in verdict(drawn(2, images=8), drawn(2, images=8)).per_class}
    assert {row["outcome"] for row in few.values()} == {"too_few_labels"}
    many = verdict(base, better(base, 0.3)).per_class
    assert {row["outcome"] for row in many if row["support"] >= 30} == {"win"}
    assert all(row["p_corrected"] >= row["ap50_95"]["p"] for row in many)


def test_judgements_are_aligned_by_name_whatever_their_order_and_folder() -> None:
    data = drawn(1, images=6)
    order = [3, 1, 5, 0, 2, 4]
    place = np.argsort(order)
    turned = by_hand(
        6,
        data.classes[::-1],
        [
            (int(place[i]), len(data.classes) - 1 - int(c), box.tolist())
            for i, c, box in zip(
                data.label_image_l, data.label_class_l, data.label_box_l4, strict=True
            )
        ][::-1],
        [
            (int(place[i]), len(data.classes) - 1 - int(c), float(score), box.tolist())
            for i, c, score, box in zip(
                data.image_d, data.class_d, data.score_d, data.box_d4, strict=True
            )
        ],
    )
    names = [f"{at:04d}.jpg" for at in range(6)]
    aligned = align(
        [judgement(data, names, "/v1/images"), judgement(turned, [names[i] for i in order], "/v2")]
    )
    ours, theirs = (side.data for side in aligned.sides)
    assert aligned.notes == ()
    assert aligned.sides[1].image_row_i.tolist() == place.tolist()
    assert (ours.label_box_l4 == theirs.label_box_l4).all()
    assert (ours.label_class_l == theirs.label_class_l).all()
    assert (ours.score_d == theirs.score_d).all()
    rows = aligned.sides[1].label_row_l
    assert (turned.label_box_l4[rows] == ours.label_box_l4).all()


def test_images_that_are_not_the_same_are_left_out_and_named() -> None:
    data = drawn(1, images=6)
    ours, theirs = judgement(data), judgement(data)
    theirs = replace(theirs, sizes_px=((1, 1), *theirs.sizes_px[1:]))
    ours = replace(ours, hashes=("", "a", *ours.hashes[2:]))
    theirs = replace(theirs, hashes=("", "b", *theirs.hashes[2:]))
    theirs = replace(theirs, paths=(*theirs.paths[:5], "/d/other.jpg"))
    aligned = align([ours, theirs])
    assert aligned.sides[0].paths == ("/d/0002.jpg", "/d/0003.jpg", "/d/0004.jpg")
    assert aligned.notes == (
        "2 images left out: pixels or labels differ (/d/0000.jpg, /d/0001.jpg)",
        "2 images left out: not in every judgement (/d/0005.jpg, /d/other.jpg)",
    )


def test_judgements_of_another_set_or_other_classes_are_refused() -> None:
    data = drawn(1, images=6)
    moved = replace(data, label_box_l4=data.label_box_l4 + 1)
    for other, code in (
        (judgement(moved), "images_differ"),
        (judgement(data, [f"other{at}" for at in range(6)]), "images_differ"),
        (judgement(replace(data, classes=tuple("vwxyz"))), "classes_differ"),
    ):
        with pytest.raises(BadInput) as refused:
            align([judgement(data), other])
        assert refused.value.code == code


def test_difference_counts_ties_half_and_is_two_sided() -> None:
    found = difference(0.5, 0.6, np.zeros(4), np.array([0.2, 0.1, 0.0, -0.1]))
    assert found is not None
    assert found.wrong_side == pytest.approx(0.25 + 0.125)
    assert found.p == pytest.approx(2 * (0.375 * 4 + 1) / 5)
    assert difference(0.5, 0.6, np.full(4, np.nan), np.zeros(4)) is None


def test_corrections_of_p_values_are_those_of_the_papers() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.5]) == pytest.approx(
        [0.04, 0.16 / 3, 0.16 / 3, 0.5]
    )
    assert benjamini_hochberg([]) == []


def a_difference(delta: float, p: float) -> Difference:
    return Difference(0, delta, delta, Interval(delta, delta, delta, 0.0), 0.0, p)


@pytest.mark.parametrize(
    ("accuracy", "alarms", "expected"),
    [
        ((0.1, 0.001), None, ("better", "accuracy")),
        ((-0.1, 0.001), None, ("worse", "accuracy")),
        ((0.1, 0.03), (1.0, 0.4), ("cannot_tell", "within_noise")),
        ((0.1, 0.02), (-1.0, 0.03), ("better", "both")),
        ((0.1, 0.3), (1.0, 0.02), ("worse", "false_alarms")),
        ((0.1, 0.01), (1.0, 0.01), ("cannot_tell", "mixed")),
        ((0.0009, 0.001), (0.4, 0.001), ("cannot_tell", "too_small")),
        ((0.0, 1.0), (0.0, 1.0), ("cannot_tell", "identical")),
    ],
)
def test_verdict_follows_the_rule(
    accuracy: tuple[float, float],
    alarms: tuple[float, float] | None,
    expected: tuple[str, str],
) -> None:
    found = {
        "map50_95": a_difference(*accuracy),
        "false_alarms_per_1000": a_difference(*alarms) if alarms else None,
    }
    assert decide(found, labels=30, clean_images=30)[:2] == expected


def test_a_number_of_too_few_does_not_speak() -> None:
    found: dict[str, Difference | None] = {
        "map50_95": a_difference(-0.1, 0.001),
        "false_alarms_per_1000": a_difference(9.0, 0.001),
    }
    assert decide(found, labels=29, clean_images=29)[:2] == ("cannot_tell", "too_few")
    assert decide(found, labels=30, clean_images=29)[:2] == ("worse", "accuracy")
    assert decide(found, labels=29, clean_images=30)[:2] == ("worse", "false_alarms")
    data = drawn(2, images=8)
    assert verdict(data, better(data, 1.0)).sentence["en"].startswith("Too few images")
