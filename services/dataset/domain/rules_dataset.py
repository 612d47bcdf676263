"""Rules over the whole: duplicates across files, classes across labels, and the splits' sizes."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from services.dataset.domain.findings import Hit, Rules
from services.dataset.domain.scanned import Label, Place, Scanned

HANDFUL = 200
"""Images."""
MOST_VAL = 0.5
"""Share of the images."""


def check_duplicates(scanned: Scanned, _: Rules) -> Iterator[Place]:
    """Images whose files are the same byte for byte, inside a split and across splits."""
    split, labels = scanned.images["split"], scanned.images["labels_digest"]
    for first, *others in same_rows(scanned.images["digest"]):
        name = scanned.file_of(first)
        for row in others:
            if scanned.paths.raw(row) == scanned.paths.raw(first):
                continue  # one file in two splits is told by the rules on sources
            same = split[row] == split[first]
            rule = "exact_duplicate" if same else "exact_duplicate_across_splits"
            harm = "it counts double" if same else "the figures will be too good"
            text = f"The same file as {name}: {harm}. Keep one."
            yield scanned.split_of(row), scanned.file_of(row), Hit(rule, text, value=name)
            if labels[row] != labels[first]:
                text = f"The same image as {name}, but with other labels. Correct one."
                hit = Hit("duplicate_image_conflicting_labels", text, value=name)
                yield scanned.split_of(row), scanned.file_of(row), hit
    if _train_equals_val(scanned) and not _same_files(scanned):
        text = "Train and val hold the same images: the figures say nothing. Split the dataset."
        yield "val", None, Hit("train_equals_val", text)


def same_rows(keys: npt.NDArray[np.uint64]) -> Iterator[list[int]]:
    """Groups of two and more rows with the same key, each in the order of rows.

    Args:
        keys: shape (N, 2); a row of 0, 0 is no key and is left out.
    """
    rows = np.flatnonzero(keys.any(axis=1))
    rows = rows[np.lexsort((keys[rows, 1], keys[rows, 0]))]
    new = np.ones(len(rows) + 1, bool)
    new[1:-1] = (keys[rows[1:]] != keys[rows[:-1]]).any(axis=1)
    bounds = np.flatnonzero(new)
    groups = [rows[bounds[i] : bounds[i + 1]] for i in np.flatnonzero(np.diff(bounds) > 1)]
    return (group.tolist() for group in sorted(groups, key=lambda group: int(group[0])))


def _train_equals_val(scanned: Scanned) -> bool:
    keys = scanned.images["digest"]
    train, val = (keys[scanned.rows_of(name)] for name in ("train", "val"))
    if not len(train) or not train.any(axis=1).all() or not (val == train[0]).all(axis=1).any():
        return False
    return np.array_equal(np.unique(train, axis=0), np.unique(val, axis=0))


def _same_files(scanned: Scanned) -> bool:
    train, val = ([scanned.paths.raw(row) for row in scanned.rows_of(s)] for s in ("train", "val"))
    return train == val


def check_classes(scanned: Scanned, rules: Rules) -> Iterator[Place]:
    """Classes without examples, with few, or out of balance."""
    if not scanned.splits:
        return
    names, total = scanned.names, scanned.instances.sum(axis=0)
    train = scanned.instances[0] if scanned.splits[0] == "train" else None
    few = rules.threshold("few_samples_class")
    for index, name in enumerate(names):
        if not total[index]:
            if not total.any():
                continue  # no class has a box: labels are missing, which has its own finding
            text = f"No label has class {index} '{name}'. Label some, or delete the class."
            yield None, None, Hit("unused_class", text, value=name)
        elif train is not None and not train[index]:
            text = f"Class '{name}' is never in train: it cannot be learnt. Split anew."
            yield "train", None, Hit("class_missing_in_train", text, value=name)
        elif total[index] < few and (_is_large(scanned) or 3 * total[index] <= total.max()):
            text = f"Class '{name}' has only {total[index]} boxes; from {few:g} on it is worth it."
            yield None, None, Hit("few_samples_class", text, value=str(total[index]))
    yield from _imbalance(names, total, rules)
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(_plain(name), name)
        if other is not name and other != name:
            text = f"'{other}' and '{name}' differ in capitals, spaces or signs only. Merge them."
            yield None, None, Hit("duplicate_class_name", text, value=name)


def _is_large(scanned: Scanned) -> bool:
    """Whether it is meant for training: in a handful of images every class has few boxes."""
    return len(scanned.images) >= HANDFUL


def _plain(name: str) -> str:
    """A class name without what people write in two ways."""
    return " ".join(re.split(r"[\s_-]+", name.casefold().strip()))


def _imbalance(names: Sequence[str], total: npt.NDArray[np.int64], rules: Rules) -> Iterator[Place]:
    used = np.flatnonzero(total)
    if len(used) < 2:
        return
    most, least = used[np.argmax(total[used])], used[np.argmin(total[used])]
    ratio = total[most] / total[least]
    if ratio >= rules.threshold("class_imbalance"):
        text = (
            f"'{names[most]}' has {total[most]} boxes, '{names[least]}' {total[least]}: "
            f"{ratio:.0f} times fewer. Add images of the rare class."
        )
        yield None, None, Hit("class_imbalance", text, value=f"{ratio:.1f}")


def check_splits(scanned: Scanned, rules: Rules) -> Iterator[Place]:
    """Empty splits, mostly empty images, and a val split too small to judge by."""
    every = len(scanned.images)
    for index, name in enumerate(scanned.splits):
        rows = scanned.rows_of(name)
        if not len(rows):
            yield name, None, Hit("split_empty", f"The {name} split has no images.")
            continue
        labelled = np.isin(scanned.images["label"][rows], (Label.KEPT, Label.DROPPED)).sum()
        boxed = labelled if scanned.images_of_class[index].any() else 0
        background = 1 - boxed / len(rows)
        if background > rules.threshold("background_share"):
            text = f"{background:.0%} of the {name} images are background without a box."
            yield name, None, Hit("background_share", text, value=f"{background:.2f}")
    share = len(scanned.rows_of("val")) / max(1, every)
    if share > MOST_VAL and "train" in scanned.splits:
        text = f"Val holds {share:.0%} of the images: more could be learnt from."
        yield "val", None, Hit("split_ratio", text, value=f"{share:.3f}")
    if 0 < share < rules.threshold("split_ratio"):
        text = f"Val holds only {share:.1%} of the images: its figures will be noisy."
        yield "val", None, Hit("split_ratio", text, value=f"{share:.3f}")
