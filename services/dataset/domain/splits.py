"""How to deal images out to splits: a plan over values."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Sample:
    """One image for the purpose of splitting."""

    key: str
    classes: frozenset[int]
    group: str
    """Images of one group stay together: duplicates must not cross splits."""


def plan_split(samples: Sequence[Sample], ratios: Mapping[str, float], seed: int) -> dict[str, str]:
    """Which split each image goes to.

    Groups are dealt out class by class, the rarest class first, each to the split that is
    furthest below its share of that class. The same input and seed give the same plan.

    Args:
        samples: all images, in any order.
        ratios: share per split, in [0, 1], together 1.
        seed: of the shuffle.

    Returns:
        Split by sample key. A split with a share above 0 gets at least one group if there are
        enough of them, and a group of each class where no other split loses it by that.

    Source: Sechidis et al., On the Stratification of Multi-Label Data, ECML PKDD 2011, simplified
    to each image's rarest class.
    """
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in sorted(samples, key=lambda sample: sample.key):
        groups[sample.group].append(sample)
    totals = Counter(number for sample in samples for number in sample.classes)
    strata: dict[int, list[list[Sample]]] = defaultdict(list)
    for group in groups.values():
        classes = {number for sample in group for number in sample.classes}
        strata[min(classes, key=lambda c: (totals[c], c), default=-1)].append(group)
    shuffle = random.Random(seed)  # noqa: S311 -- reproducible, not secret
    wanted = [split for split in SPLITS if ratios.get(split, 0) > 0]
    plan: dict[str, str] = {}
    overall: Counter[str] = Counter()
    for number in sorted(strata, key=lambda c: (totals[c] if c >= 0 else len(samples) + 1, c)):
        members = strata[number]
        shuffle.shuffle(members)
        members.sort(key=len, reverse=True)
        _deal(members, {split: ratios[split] for split in wanted}, overall, plan)
    _fill_empty(list(groups.values()), wanted, plan)
    _reach_all(list(groups.values()), wanted, totals, plan)
    return plan


def _deal(
    groups: Sequence[Sequence[Sample]],
    ratios: Mapping[str, float],
    overall: Counter[str],
    plan: dict[str, str],
) -> None:
    """Give each group to the split that lacks most of its share, here first, then overall."""
    size = sum(len(group) for group in groups)
    here: Counter[str] = Counter()
    whole = overall.total() + size
    for group in groups:
        split = max(
            ratios,
            key=lambda s: (
                round(ratios[s] * size - here[s], 6),
                round(ratios[s] * whole - overall[s], 6),
                ratios[s],
            ),
        )
        here[split] += len(group)
        overall[split] += len(group)
        plan.update((sample.key, split) for sample in group)


def _fill_empty(
    groups: Sequence[Sequence[Sample]], wanted: Sequence[str], plan: dict[str, str]
) -> None:
    """Move the smallest group of the fullest split to each split that got none."""
    for split in wanted:
        if split in plan.values():
            continue
        home: dict[str, list[Sequence[Sample]]] = defaultdict(list)
        for group in groups:
            home[plan[group[0].key]].append(group)
        donor = max(home, key=lambda s: len(home[s]), default=split)
        if len(home[donor]) > 1:
            plan.update((sample.key, split) for sample in min(home[donor], key=len))


def _reach_all(
    groups: Sequence[Sequence[Sample]],
    wanted: Sequence[str],
    totals: Mapping[int, int],
    plan: dict[str, str],
) -> None:
    """Bring each class into every split, the rarest first, by moving the smallest group that can.

    A group can be moved when no class of its own is lost to the split that it leaves.
    """
    classes = [frozenset(c for sample in group for c in sample.classes) for group in groups]
    held: dict[int, Counter[str]] = defaultdict(Counter)
    sizes: Counter[str] = Counter()
    for group, numbers in zip(groups, classes, strict=True):
        sizes[plan[group[0].key]] += 1
        for number in numbers:
            held[number][plan[group[0].key]] += 1
    of_class: dict[int, list[int]] = defaultdict(list)
    for index in sorted(range(len(groups)), key=lambda i: (len(groups[i]), groups[i][0].key)):
        for number in classes[index]:
            of_class[number].append(index)
    for number in sorted(held, key=lambda c: (totals[c], c)):
        for split in wanted:
            if held[number][split]:
                continue
            for index in of_class[number]:
                home = plan[groups[index][0].key]
                if sizes[home] > 1 and all(held[c][home] > 1 for c in classes[index]):
                    plan.update((sample.key, split) for sample in groups[index])
                    sizes[home], sizes[split] = sizes[home] - 1, sizes[split] + 1
                    for c in classes[index]:
                        held[c][home], held[c][split] = held[c][home] - 1, held[c][split] + 1
                    break
