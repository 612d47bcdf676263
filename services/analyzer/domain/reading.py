"""Which image and which class each row of a predictions file means: by name, by number, by proof.

Files from elsewhere number images and classes in their own way. Every way that fits is tried; where
several fit, the one under which the surest boxes lie on labels is taken, if it is clear, and the
report says so. Shapes in names: `n` predictions, `l` labels, 4 corners x1, y1, x2, y2 in pixels.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from libs.common.errors import BadInput
from services.analyzer.domain.boxes import Floats, Ints, paired_iou
from services.analyzer.domain.image_names import named_image, tails_of

Id = Hashable
NEARLY_ALL = 0.9
"""Of the rows that the best way explains: a way that explains fewer is not looked at."""
LAST_NUMBER = re.compile(r"(\d{1,18})$")
MEANINGS = {
    "name": "image_id is the image's path, file name or stem",
    "table": "image_id is an id of the table of images",
    "stem": "image_id is the image's stem as a number",
    "number": "image_id is the number at the end of the image's stem",
    "index0": "image_id counts the images, sorted by path, from 0",
    "index1": "image_id counts the images, sorted by path, from 1",
}


@dataclass(frozen=True)
class Way:
    """One way to read ids: what each known id means."""

    name: str
    index_of: Mapping[Id, int]


def image_ways(
    ids: Iterable[Id], paths: Sequence[str], table: Mapping[Id, str] | None
) -> list[Way]:
    """Every way in which ids may name images.

    Args:
        ids: the distinct ids of a file, integers or texts.
        paths: of the images, relative to the dataset, in its order.
        table: file name by id, where the file or its annotations have such a table.

    Returns:
        The ways that explain at least one id, names before numbers.

    Raises:
        BadInput: `ambiguous_image`: an id fits several images.
    """
    ids = list(ids)
    tails = tails_of(paths)
    if table:
        looked_up = {each: named_image(name, tails) for each, name in table.items()}
        return [Way("table", {each: at for each, at in looked_up.items() if at is not None})]
    texts = {each: str(each) for each in ids}
    numbers = {each: int(text) for each, text in texts.items() if _is_number(text)}
    by_number = [way for way in _by_number(numbers, paths) if way.index_of]
    if any(isinstance(each, str) for each in ids):
        found = {each: at for each in ids if (at := named_image(texts[each], tails)) is not None}
        if found:
            if by_number and by_number[0].name == "stem":  # texts, and numbers where a stem is one
                found = {**by_number[0].index_of, **found}
            return [Way("name", found)]
    return by_number


def class_ways(
    ids: Iterable[Id], classes: Sequence[str], table: Mapping[Id, str] | None
) -> list[Way]:
    """Every way in which ids may name classes: by names (a table's or own), from 0, from 1."""
    ids = list(ids)
    plain = {name.strip().casefold(): at for at, name in enumerate(classes)}
    exact = {name: at for at, name in enumerate(classes)}
    if len(plain) < len(classes):
        plain = exact

    def named(name: str) -> int | None:
        return exact.get(name, plain.get(name.strip().casefold()))

    if table:
        found = {each: at for each, name in table.items() if (at := named(name)) is not None}
        return [Way("names", found)] if found else []
    texts = {each: each for each in ids if isinstance(each, str) and not _is_number(each)}
    if texts:
        return [
            Way("names", {i: at for i, name in texts.items() if (at := named(name)) is not None})
        ]
    numbers = {each: int(str(each)) for each in ids if _is_number(str(each))}
    return [
        Way(str(base), {i: n - base for i, n in numbers.items() if 0 <= n - base < len(classes)})
        for base in (0, 1)
    ]


@dataclass(frozen=True)
class Surest:
    """The predictions with the highest scores, and the labels they may lie on."""

    image_n: list[Id]
    class_n: list[Id]
    box_n4: Floats
    label_image_l: Ints
    label_class_l: Ints
    label_box_l4: Floats

    def found(self, images: Way, classes: Way | None) -> int:
        """How many labels have one of these boxes on them (IoU >= .5), if read in these ways.

        Args:
            images: how ids name images.
            classes: how ids name classes; None = whatever the class.
        """
        image_n = np.array([images.index_of.get(each, -1) for each in self.image_n], dtype=np.int64)
        order = np.argsort(self.label_image_l, kind="stable")
        first_n = np.searchsorted(self.label_image_l[order], image_n, side="left")
        count_n = np.searchsorted(self.label_image_l[order], image_n, side="right") - first_n
        row_p = np.repeat(np.arange(len(image_n)), count_n)
        start_n = np.cumsum(count_n) - count_n
        label_p = order[np.arange(len(row_p)) - np.repeat(start_n - first_n, count_n)]
        good_p = paired_iou(self.box_n4[row_p], self.label_box_l4[label_p]) >= 0.5
        if classes:
            kinds = [classes.index_of.get(each, -1) for each in self.class_n]
            good_p &= np.array(kinds, dtype=np.int64)[row_p] == self.label_class_l[label_p]
        return len(np.unique(label_p[good_p]))


def choose(
    ways: Sequence[Way],
    rows: Mapping[Id, int],
    proof: Callable[[Way], int],
    *,
    option: str,
    what: str,
) -> tuple[Way, str]:
    """The one way that fits, and why.

    Args:
        ways: to choose from.
        rows: how many predictions have each id.
        proof: labels found if read in a way.
        option: the request's field that settles it, for the message.
        what: `image_id` or `category_id`.

    Returns:
        The way, and half a sentence that says how it was found; empty where nothing else fitted.

    Raises:
        BadInput: `unknown_ids`: no way explains a single row; `ambiguous_ids`: several do, with
            other numbers, and the labels do not tell which is meant.
    """
    if not rows:
        return Way("name", {}), ""
    explained = [sum(count for each, count in rows.items() if each in w.index_of) for w in ways]
    best = max(explained, default=0)
    if not best:
        raise BadInput(
            f"No {what} of the predictions fits this dataset ({_some(rows)}). Are they of another "
            f"dataset or split? Give {what} as in the dataset, or a file with the tables of COCO.",
            code="unknown_ids",
        )
    fitting = [way for way, n in zip(ways, explained, strict=True) if n >= NEARLY_ALL * best]
    total = [way for way in fitting if all(each in way.index_of for each in rows)]
    fitting = _distinct(total or fitting, rows)
    if len(fitting) == 1:
        return fitting[0], ""
    scores = {way.name: proof(way) for way in fitting}
    ranked = sorted(fitting, key=lambda way: -scores[way.name])
    first, second = (scores[way.name] for way in ranked[:2])
    if first >= 2 * second + 2:
        others = ", ".join(f"{scores[way.name]} if {way.name}" for way in ranked[1:])
        return ranked[0], f"so the surest boxes lie on {first} labels, {others}"
    if by_stem := next((way for way in ranked if way.name == "stem"), None):
        return by_stem, "as ultralytics numbers images"
    names = " or ".join(way.name for way in fitting)
    raise BadInput(
        f"The {what}s of the predictions can be read in several ways ({names}), with other "
        f"numbers. Say which is meant: set {option}.",
        code="ambiguous_ids",
    )


def in_order_of_ids(way: Way, rows: Mapping[Id, Id], images: int) -> Ints:
    """The images, those with predictions first, by rising id: so equal scores are ordered in COCO.

    Args:
        way: how ids are read.
        rows: of each id in the file, what to sort it by.
        images: how many there are.
    """
    ids = [each for each in rows if each in way.index_of]
    numeric = all(isinstance(rows[each], int) for each in ids)
    ids.sort(key=lambda each: rows[each] if numeric else str(rows[each]))  # type: ignore[arg-type,return-value]
    first = dict.fromkeys(way.index_of[each] for each in ids)
    return np.array([*first, *(at for at in range(images) if at not in first)], dtype=np.int64)


def _distinct(ways: Sequence[Way], rows: Mapping[Id, int]) -> list[Way]:
    """Ways that read these rows differently; of equal ones the first."""
    kept: dict[tuple[int | None, ...], Way] = {}
    for way in ways:
        kept.setdefault(tuple(way.index_of.get(each) for each in rows), way)
    return list(kept.values())


def _by_number(numbers: Mapping[Id, int], paths: Sequence[str]) -> list[Way]:
    stems = [PurePosixPath(path).stem for path in paths]
    pure = [int(stem) if _is_number(stem) else None for stem in stems]
    ends = [int(found[1]) if (found := LAST_NUMBER.search(stem)) else None for stem in stems]
    ways = []
    for name, values in (("stem", pure), ("number", ends)):
        known = [value for value in values if value is not None]
        if known and len(set(known)) == len(known):
            at_of = {value: at for at, value in enumerate(values) if value is not None}
            index_of = {i: at_of[number] for i, number in numbers.items() if number in at_of}
            ways.append(Way(name, index_of))
            break
    for base in (0, 1):
        inside = {i: n - base for i, n in numbers.items() if 0 <= n - base < len(paths)}
        ways.append(Way(f"index{base}", inside))
    return ways


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _some(rows: Mapping[Id, int]) -> str:
    return ", ".join(str(each)[:40] for each in list(rows)[:3])
