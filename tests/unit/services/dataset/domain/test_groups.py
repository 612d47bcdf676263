"""What belongs together is told by names and marks, and never crosses splits, whatever the seed."""

import random
from collections import Counter, defaultdict
from itertools import product

import pytest

from services.dataset.domain.groups import (
    grouped,
    may_have_sequences,
    sequences,
    source_of,
)
from services.dataset.domain.paths import Paths
from services.dataset.domain.splits import Sample, plan_split

RATIOS = {"train": 0.7, "val": 0.2, "test": 0.1}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("cup_jpg.rf.04695f7acc0d664a6cd281920cca9842.jpg", "photo:cup"),
        ("cup_png.rf.dbaece094257e4ac6936591e6a7ec4a4.jpg", "photo:cup"),
        ("street_frame_0012.jpg", "video:street"),
        ("street_frame_0012_jpg.rf.31da46a58b33eb08cf4acafff67d3daa.jpg", "video:street"),
        ("IMG_0012.jpg", None),
        ("cup.jpg", None),
        ("2024.rf.jpg", None),
    ],
)
def test_names_tell_the_photo_or_video(name: str, source: str | None) -> None:
    assert source_of(name) == source


def test_numbered_names_are_frames_only_where_there_are_several_videos() -> None:
    videos = [
        f"{place}_{n:04d}.jpg" for place in ("market", "harbour", "kitchen") for n in range(9)
    ]
    assert sequences(videos)["harbour_0003.jpg"] == "video:harbour"
    counted = [f"logo_{n:04d}.jpg" for n in range(30)]
    assert sequences(counted) == {}, "the whole dataset is counted, that is no video"
    assert sequences([*videos, *[f"IMG_{n:04d}.jpg" for n in range(8)]]).keys() == set(videos)


def test_names_are_looked_at_one_by_one_wherever_one_may_be_a_frame() -> None:
    heads = ["img_", "IMG-", "walk_", "3d_walk", "", "Straße", "ab", "a_jpg_", "photo"]
    tails = [".jpg", "_jpg.jpg", ".x.png", "b.jpg", "_frame.jpg"]
    others = [f"{place}_{n:03d}.jpg" for place in ("one", "two", "three") for n in range(50)]
    quick = 0
    for head, tail in product(heads, tails):
        names = [f"{head}{n:04d}{tail}" for n in range(40)]
        if not may_have_sequences(Paths.of(f"images/2024/{name}" for name in names)):
            quick += 1
            assert not sequences([*names, *others]).keys() & set(names)
    assert quick == 5


def test_marks_join_groups_over_any_number_of_steps() -> None:
    groups = grouped({"a": ["1"], "b": ["1", "2"], "c": ["2"], "d": ["3"], "e": []})
    assert groups == {"a": "a", "b": "a", "c": "a", "d": "d", "e": "e"}


def draw(seed: int) -> list[Sample]:
    """A dataset with rare classes, background and groups of all sizes."""
    dice = random.Random(seed)  # noqa: S311 -- reproducible, not secret
    samples: list[Sample] = []
    for group in range(dice.randint(12, 80)):
        classes = frozenset(c for c in range(6) if dice.random() < 0.5 / (c + 1))
        for _ in range(dice.choice([1, 1, 1, 1, 2, 3, 7])):
            samples.append(Sample(f"{len(samples):04d}", classes, f"g{group}"))
    dice.shuffle(samples)
    return samples


@pytest.mark.parametrize("seed", range(60))
def test_for_any_dataset_and_seed_the_plan_keeps_its_promises(seed: int) -> None:
    samples = draw(seed)
    plan = plan_split(samples, RATIOS, seed)
    assert plan == plan_split(samples[::-1], RATIOS, seed), "deterministic, in any order"
    assert plan.keys() == {sample.key for sample in samples}
    homes = defaultdict(set)
    for sample in samples:
        homes[sample.group].add(plan[sample.key])
    assert all(len(splits) == 1 for splits in homes.values()), "groups never cross"
    sizes = Counter(plan.values())
    assert set(sizes) == set(RATIOS)
    biggest = max(Counter(sample.group for sample in samples).values())
    for split, ratio in RATIOS.items():
        assert abs(sizes[split] - ratio * len(samples)) <= biggest + 7, (sizes, len(samples))
    reached: dict[int, set[str]] = defaultdict(set)
    groups_of: dict[int, set[str]] = defaultdict(set)
    for sample in samples:
        for number in sample.classes:
            reached[number].add(plan[sample.key])
            groups_of[number].add(sample.group)
    for number, groups in groups_of.items():
        assert "train" in reached[number], f"class {number} with {len(groups)} groups"
        if len(groups) >= 5:
            assert reached[number] == set(RATIOS), f"class {number} with {len(groups)} groups"
