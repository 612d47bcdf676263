"""Rules over the whole: duplicates across files, classes across labels, and the splits' sizes."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.tally import SplitTally, Twin

Place = tuple[str | None, str | None, Hit]
"""Split, file, hit."""


def check_duplicates(twins: Sequence[Twin]) -> Iterator[Place]:
    """Images whose files are the same byte for byte, inside a split and across splits."""
    groups: dict[bytes, list[Twin]] = defaultdict(list)
    for twin in sorted(twins, key=lambda twin: (_order(twin.split), twin.file)):
        groups[twin.image].append(twin)
    for group in groups.values():
        first, *others = group
        for twin in others:
            same = twin.split == first.split
            rule = "exact_duplicate" if same else "exact_duplicate_across_splits"
            harm = "it counts double" if same else "the figures will be too good"
            text = f"The same file as {first.file}: {harm}. Keep one."
            yield twin.split, twin.file, Hit(rule, text, value=first.file)
            if twin.labels != first.labels:
                text = f"The same image as {first.file}, but with other labels. Correct one."
                hit = Hit("duplicate_image_conflicting_labels", text, value=first.file)
                yield twin.split, twin.file, hit
    train, val = ({t.image for t in twins if t.split == split} for split in ("train", "val"))
    if train and train == val:
        text = "Train and val hold the same images: the figures say nothing. Split the dataset."
        yield "val", None, Hit("train_equals_val", text)


def _order(split: str) -> int:
    return ("train", "val", "test").index(split)


def check_classes(
    names: Sequence[str], splits: Mapping[str, SplitTally], rules: Rules
) -> Iterator[Place]:
    """Classes without examples, with few, or out of balance."""
    total: Counter[int] = Counter()
    for split in splits.values():
        total.update(split.instances)
    train = splits["train"].instances if "train" in splits else Counter[int]()
    few = rules.threshold("few_samples_class")
    for index, name in enumerate(names):
        if not total[index]:
            text = f"No label has class {index} '{name}'. Label some, or delete the class."
            yield None, None, Hit("unused_class", text, value=name)
        elif "train" in splits and not train[index]:
            text = f"Class '{name}' is never in train: it cannot be learnt. Split anew."
            yield "train", None, Hit("class_missing_in_train", text, value=name)
        elif total[index] < few:
            text = f"Class '{name}' has only {total[index]} boxes; from {few:g} on it is worth it."
            yield None, None, Hit("few_samples_class", text, value=str(total[index]))
    yield from _imbalance(names, total, rules)
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(" ".join(name.casefold().split()), name)
        if other is not name and other != name:
            text = f"'{other}' and '{name}' differ in capitals or spaces only. Merge them."
            yield None, None, Hit("duplicate_class_name", text, value=name)


def _imbalance(names: Sequence[str], total: Counter[int], rules: Rules) -> Iterator[Place]:
    used = {index: total[index] for index in range(len(names)) if total[index]}
    if len(used) < 2:
        return
    most, least = max(used, key=lambda i: used[i]), min(used, key=lambda i: used[i])
    ratio = used[most] / used[least]
    if ratio > rules.threshold("class_imbalance"):
        text = (
            f"'{names[most]}' has {used[most]} boxes, '{names[least]}' {used[least]}: "
            f"{ratio:.0f} times fewer. Add images of the rare class."
        )
        yield None, None, Hit("class_imbalance", text, value=f"{ratio:.1f}")


def check_splits(splits: Mapping[str, SplitTally], rules: Rules) -> Iterator[Place]:
    """Empty splits, mostly empty images, and a val split too small to judge by."""
    images = sum(split.images for split in splits.values())
    for name, split in splits.items():
        if not split.images:
            yield name, None, Hit("split_empty", f"The {name} split has no images.")
            continue
        boxed = split.images_of_class.total() and split.labels - split.empty_labels
        background = 1 - boxed / split.images
        if background > rules.threshold("background_share"):
            text = f"{background:.0%} of the {name} images are background without a box."
            yield name, None, Hit("background_share", text, value=f"{background:.2f}")
    if "val" in splits and images and splits["val"].images:
        share = splits["val"].images / images
        if share < rules.threshold("split_ratio"):
            text = f"Val holds only {share:.1%} of the images: its figures will be noisy."
            yield "val", None, Hit("split_ratio", text, value=f"{share:.3f}")
