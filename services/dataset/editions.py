"""Apply the steps of an edit to a draft, one after the other; each says what it did."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from libs.common.dataset_edits import (
    Deal,
    DeleteClass,
    DropImages,
    LabelBox,
    MergeClasses,
    MoveImages,
    PatchLabels,
    RenameClass,
    ReorderClasses,
)
from libs.common.errors import BadInput
from services.dataset.contents import Contents
from services.dataset.domain.draft import Content, Draft, Picture, renamed
from services.dataset.domain.groups import grouped, sequences, source_of
from services.dataset.domain.labels import parse_label
from services.dataset.domain.picking import ImageFinder, class_index, find_images
from services.dataset.domain.relabel import Named, Patch, patch, renumber
from services.dataset.domain.splits import Sample, plan_split
from services.dataset.registry import measure

Marks = Mapping[str, Sequence[str]]
"""Further marks of pictures by key: images that share one stay together."""


@dataclass(slots=True)
class Edition:
    """A draft, and what edits did to it."""

    draft: Draft
    contents: Contents
    changes: Counter[str] = field(default_factory=Counter)
    undone: list[str] = field(default_factory=list)
    """What could not be done, as sentences."""


def apply(edition: Edition, steps: Sequence[Any], marks: Marks | None = None) -> None:
    """Apply all steps in their order.

    Raises:
        BadInput: a step names a class or an image that is not there; nothing is left half done,
            as nothing is stored.
    """
    for number, step in enumerate(steps, 1):
        try:
            if isinstance(step, Deal):
                deal(edition, step, marks or {})
            else:
                _STEPS[type(step)](edition, step)
        except BadInput as error:
            raise BadInput(
                f"Step {number} ({step.op}): {error.message}", code=error.code
            ) from error


def _delete_class(edition: Edition, step: DeleteClass) -> None:
    names = edition.draft.classes
    index = class_index(names, step.class_)
    if len(names) == 1:
        raise BadInput("It is the only class: a dataset needs one at least.", code="last_class")
    numbers = {old: None if old == index else old - (old > index) for old in range(len(names))}
    _renumber(edition, numbers, tuple(n for i, n in enumerate(names) if i != index))
    edition.changes["classes_deleted"] += 1


def _merge_classes(edition: Edition, step: MergeClasses) -> None:
    names = edition.draft.classes
    into = class_index(names, step.into)
    gone = {class_index(names, each) for each in step.classes} - {into}
    if not gone:
        raise BadInput("Name another class to merge with it.", code="nothing_to_merge")
    kept = [index for index in range(len(names)) if index not in gone]
    numbers: dict[int, int | None] = {old: kept.index(old) for old in kept}
    numbers |= dict.fromkeys(gone, kept.index(into))
    _renumber(edition, numbers, tuple(names[index] for index in kept))
    edition.changes["classes_merged"] += len(gone)


def _rename_class(edition: Edition, step: RenameClass) -> None:
    names = edition.draft.classes
    index = class_index(names, step.class_)
    if step.to in names and names[index] != step.to:
        raise BadInput(
            f"There is a class called {step.to!r} already: merge the two instead.",
            code="name_taken",
        )
    new = tuple(step.to if i == index else name for i, name in enumerate(names))
    edition.draft = replace(edition.draft, classes=new)
    edition.changes["classes_renamed"] += new != names


def _reorder_classes(edition: Edition, step: ReorderClasses) -> None:
    names = edition.draft.classes
    order = [class_index(names, each) for each in step.order]
    if sorted(order) != list(range(len(names))):
        raise BadInput(f"Name each of the {len(names)} classes once.", code="bad_order")
    numbers: dict[int, int | None] = {old: new for new, old in enumerate(order)}
    _renumber(edition, numbers, tuple(names[old] for old in order))
    edition.changes["classes_reordered"] += sum(old != new for old, new in numbers.items())


def _renumber(edition: Edition, numbers: Mapping[int, int | None], names: tuple[str, ...]) -> None:
    """Give every label the new class numbers; a label that is not UTF-8 is left for its own fix."""
    done: dict[Content, Content] = {}
    pictures: dict[str, Picture] = {}
    for key, picture in edition.draft.pictures.items():
        label = picture.label
        if label is None:
            pictures[key] = picture
            continue
        text = edition.contents.text(label)
        if "�" in text or "\0" in text:
            pictures[key] = picture
            edition.undone.append(f"{picture.path}: its label cannot be read; mend it first.")
            continue
        new, removed, changed = renumber(text, numbers)
        edition.changes["boxes_removed"] += removed
        edition.changes["labels_changed"] += bool(removed or changed)
        if removed or changed:
            label = done.setdefault(label, new.encode())
        pictures[key] = replace(picture, label=label)
    edition.draft = replace(edition.draft, classes=names, pictures=pictures)


def _move(edition: Edition, step: MoveImages) -> None:
    keys = find_images(edition.draft, step.images)
    place(edition, dict.fromkeys(keys, step.to))


def place(edition: Edition, splits: Mapping[str, str]) -> None:
    """Put pictures into splits, by key; a name that is taken there gets a number."""
    pictures = dict(edition.draft.pictures)
    taken = {
        (p.split, p.stem) for key, p in pictures.items() if splits.get(key, p.split) == p.split
    }
    for key, split in sorted(splits.items()):
        if pictures[key].split != split:
            pictures[key] = renamed(replace(pictures[key], split=split), taken)
            edition.changes["images_moved"] += 1
    edition.draft = edition.draft.having(pictures)


def _drop(edition: Edition, step: DropImages) -> None:
    gone = find_images(edition.draft, step.images)
    edition.changes["images_removed"] += len(gone)
    left = {key: p for key, p in edition.draft.pictures.items() if key not in gone}
    if not left:
        raise BadInput("No image would be left: delete the dataset instead.", code="no_images")
    edition.draft = edition.draft.having(left)


def _patch_labels(edition: Edition, step: PatchLabels) -> None:
    pictures = dict(edition.draft.pictures)
    keys = ImageFinder(edition.draft)
    for each in step.patches:
        key = keys.find(each.image)
        picture = pictures[key]
        text = edition.contents.text(picture.label) if picture.label is not None else ""
        names = edition.draft.classes
        wish = Patch(
            whole=None if each.set is None else tuple(_named(names, box) for box in each.set),
            add=tuple(_named(names, box) for box in each.add),
            remove=tuple(b if isinstance(b, int) else _named(names, b) for b in each.remove),
        )
        new, missing = patch(text, wish)
        if missing:
            raise BadInput(f"{picture.path}: {missing[0]}.", code="no_such_box")
        if new != text or picture.label is None:
            pictures[key] = replace(picture, label=new.encode())
            edition.changes["labels_changed"] += 1
    edition.draft = edition.draft.having(pictures)


def _named(names: Sequence[str], box: LabelBox) -> Named:
    return Named(class_index(names, box.class_), box.box)


def deal(edition: Edition, step: Deal, marks: Marks) -> None:
    """All images dealt out to train, val and test anew; what belongs together stays together."""
    pictures = edition.draft.pictures
    belong = _marks(edition, marks) if step.group else {key: [] for key in pictures}
    groups = grouped(belong)
    samples = [
        Sample(key, _classes(edition, picture), groups[key]) for key, picture in pictures.items()
    ]
    plan = plan_split(samples, step.ratios, step.seed)
    sizes = Counter(groups.values())
    edition.changes["groups_kept_together"] += sum(size > 1 for size in sizes.values())
    place(edition, plan)


def _marks(edition: Edition, marks: Marks) -> dict[str, list[str]]:
    pictures = edition.draft.pictures
    by_stem = sequences(sorted({picture.name for picture in pictures.values()}))
    found: dict[str, list[str]] = {}
    for key, picture in pictures.items():
        told = [measure(picture.pixels)[0], *marks.get(key, ())]
        source = source_of(picture.name) or by_stem.get(picture.name)
        found[key] = [*told, source] if source else told
    return found


def _classes(edition: Edition, picture: Picture) -> frozenset[int]:
    if picture.label is None:
        return frozenset()
    text = edition.contents.text(picture.label).encode()
    boxes = parse_label(text, len(edition.draft.classes)).boxes
    return frozenset(int(number) for number in boxes[:, 0])


_STEPS: dict[type, Callable[[Edition, Any], None]] = {
    DeleteClass: _delete_class,
    MergeClasses: _merge_classes,
    RenameClass: _rename_class,
    ReorderClasses: _reorder_classes,
    MoveImages: _move,
    DropImages: _drop,
    PatchLabels: _patch_labels,
}


def labels_to_read(draft: Draft, steps: Sequence[object]) -> list[Content | None]:
    """The labels that steps read: none, those that are patched, or all of them."""
    if all(isinstance(step, RenameClass | MoveImages | DropImages) for step in steps):
        return []
    if all(isinstance(step, PatchLabels) for step in steps):
        names = [p.image for step in steps if isinstance(step, PatchLabels) for p in step.patches]
        return [draft.pictures[key].label for key in find_images(draft, names)]
    return [picture.label for picture in draft.pictures.values()]
