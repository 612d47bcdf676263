"""Puts several judgements onto the same images, labels and classes, or says why that cannot be.

The order of the result depends on names alone, not on which judgement comes first: so a
comparison with its sides changed over is computed from the same rows.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from libs.common.errors import BadInput
from services.analyzer.domain.boxes import Ints
from services.analyzer.domain.evidence import Evidence

SMALLEST_SHARE = 0.5
"""Judgements that share less than half of their images are not of one set."""
SHOWN = 5

Row = tuple[int, tuple[float, ...]]


@dataclass(frozen=True)
class Judgement:
    """What one model said of one set, as stored.

    By image index: paths, sizes in pixels, and the hash of each file, empty where it is not known.
    """

    data: Evidence
    paths: tuple[str, ...]
    sizes_px: tuple[tuple[int, int], ...]
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """One judgement on the shared images.

    `image_row_i`, `label_row_l` and `row_d` say which image, label and detection of the stored
    judgement each one is.
    """

    data: Evidence
    paths: tuple[str, ...]
    image_row_i: Ints
    label_row_l: Ints
    row_d: Ints


@dataclass(frozen=True)
class Aligned:
    """Judgements whose image, label and class indices mean the same."""

    sides: tuple[Side, ...]
    notes: tuple[str, ...]


def align(judgements: Sequence[Judgement]) -> Aligned:
    """Keep the images that all judgements have, with the same pixels and the same labels.

    Args:
        judgements: two or more.

    Returns:
        The judgements on the shared images, and a note on every kind of image left out.

    Raises:
        BadInput: `classes_differ`; or `images_differ`: less than half of the images of one
            judgement are shared.
    """
    _same_classes(judgements)
    keys = _keys([each.paths for each in judgements])
    common = sorted(frozenset.intersection(*(frozenset(own) for own in keys)))
    at = [np.array([own[key] for key in common], dtype=np.int64) for own in keys]
    rows = [_label_rows(each) for each in judgements]
    same_i = np.array([_agree(judgements, rows, image) for image in zip(*at, strict=True)], bool)
    kept, most = int(same_i.sum()), max(len(each.paths) for each in judgements)
    if not kept or kept < SMALLEST_SHARE * most:
        raise BadInput(
            f"The judgements share {kept} of up to {most} images with the same labels: that is "
            "not one set. Judge the models on the same split of the same dataset.",
            code="images_differ",
        )
    sides = tuple(
        _side(each, own[same_i], labels)
        for each, own, labels in zip(judgements, at, rows, strict=True)
    )
    differ = [key for key, same in zip(common, same_i, strict=True) if not same]
    alone = [key for own in keys for key in sorted(frozenset(own) - frozenset(common))]
    notes = _note(differ, "left out: pixels or labels differ") + _note(
        sorted(set(alone)), "left out: not in every judgement"
    )
    return Aligned(sides, notes)


def _same_classes(judgements: Sequence[Judgement]) -> None:
    if len({tuple(sorted(each.data.classes)) for each in judgements}) == 1:
        return
    names = [frozenset(each.data.classes) for each in judgements]
    odd = sorted(frozenset.union(*names) - frozenset.intersection(*names))
    raise BadInput(
        f"The judgements are not of the same classes: not in all are {', '.join(odd[:SHOWN])}. "
        "Judge the models on the same dataset.",
        code="classes_differ",
    )


def _keys(paths: Sequence[tuple[str, ...]]) -> list[dict[str, int]]:
    """Image index by a name that means the same in all judgements: its path, or the end of it.

    Versions of a dataset lie in folders of their own, so what is below the folder that holds all
    images is the name, where more images have it in common.
    """
    whole = [{path: at for at, path in enumerate(own)} for own in paths]
    folders = [os.path.commonpath([os.path.dirname(path) for path in own]) for own in paths]  # noqa: PTH120
    inner = [
        {os.path.relpath(path, folder): at for at, path in enumerate(own)}
        for own, folder in zip(paths, folders, strict=True)
    ]
    return max(
        (whole, inner),
        key=lambda keys: len(frozenset.intersection(*(frozenset(own) for own in keys))),
    )


def _label_rows(judgement: Judgement) -> list[list[Row]]:
    """Class (by sorted name) and corners of each image's labels, sorted."""
    data = judgement.data
    rows: list[list[Row]] = [[] for _ in judgement.paths]
    kind_l = _by_name(data.classes)[data.label_class_l].tolist()
    boxes = data.label_box_l4.round(2).tolist()
    for image, kind, box in zip(data.label_image_l.tolist(), kind_l, boxes, strict=True):
        rows[image].append((kind, tuple(box)))
    return rows


def _agree(
    judgements: Sequence[Judgement], rows: Sequence[list[list[Row]]], image: tuple[int, ...]
) -> bool:
    """Whether one image is the same everywhere and has, in any order, the same labels."""
    sizes = {each.sizes_px[at] for each, at in zip(judgements, image, strict=True)}
    hashes = {each.hashes[at] for each, at in zip(judgements, image, strict=True)} - {""}
    first, *others = (sorted(own[at]) for own, at in zip(rows, image, strict=True))
    return len(sizes) == 1 and len(hashes) <= 1 and all(other == first for other in others)


def _side(judgement: Judgement, image_i: Ints, rows: list[list[Row]]) -> Side:
    """One judgement on some of its images, in their order; labels by class and place."""
    data = judgement.data
    new_i = np.full(data.images, -1, dtype=np.int64)
    new_i[image_i] = np.arange(len(image_i))
    first_l = np.searchsorted(data.label_image_l, image_i)
    label_row_l = np.array(
        [
            first + place
            for first, image in zip(first_l.tolist(), image_i.tolist(), strict=True)
            for place in sorted(range(len(rows[image])), key=rows[image].__getitem__)
        ],
        dtype=np.int64,
    )
    row_d = np.flatnonzero(new_i[data.image_d] >= 0)
    row_d = row_d[np.argsort(new_i[data.image_d[row_d]], kind="stable")]
    to_name = _by_name(data.classes)
    shared = Evidence(
        images=len(image_i),
        classes=tuple(sorted(data.classes)),
        label_image_l=new_i[data.label_image_l[label_row_l]],
        label_class_l=to_name[data.label_class_l[label_row_l]],
        label_box_l4=data.label_box_l4[label_row_l],
        image_d=new_i[data.image_d[row_d]],
        class_d=to_name[data.class_d[row_d]],
        score_d=data.score_d[row_d],
        box_d4=data.box_d4[row_d],
    )
    return Side(shared, tuple(judgement.paths[at] for at in image_i), image_i, label_row_l, row_d)


def _by_name(classes: tuple[str, ...]) -> Ints:
    """The place of each class among the sorted names."""
    place_c = np.empty(len(classes), dtype=np.int64)
    place_c[np.argsort(np.array(classes), kind="stable")] = np.arange(len(classes))
    return place_c


def _note(names: list[str], why: str) -> tuple[str, ...]:
    if not names:
        return ()
    more = ", …" if len(names) > SHOWN else ""
    return (f"{len(names)} images {why} ({', '.join(names[:SHOWN])}{more})",)
