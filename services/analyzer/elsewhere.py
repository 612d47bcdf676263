"""Predictions that another program made, as evidence: read, understood, held against the labels."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from libs.common.datasets import Dataset, Item
from libs.common.errors import BadInput
from libs.common.work import Attempt
from services.analyzer.annotations import annotations, looked_up
from services.analyzer.domain.boxes import Floats, Ints
from services.analyzer.domain.evidence import Evidence, evidence
from services.analyzer.domain.labels import settled
from services.analyzer.domain.reading import (
    MEANINGS,
    Id,
    Surest,
    Way,
    choose,
    class_ways,
    image_ways,
    in_order_of_ids,
)
from services.analyzer.options import ValidateOptions
from services.analyzer.parquet import Image
from services.analyzer.predictions import read_predictions
from services.analyzer.said import Said
from services.analyzer.truth import Truth

AT_ONCE = 500
EXAMPLES = 3


@dataclass(frozen=True)
class Understood:
    """Predictions as evidence, and how they were read."""

    data: Evidence
    images: tuple[Image, ...]
    findings: list[dict[str, str]]
    notes: tuple[str, ...]
    seconds: float


async def understand(
    attempt: Attempt,
    path: Path,
    dataset: Dataset,
    split: str,
    items: Sequence[Item],
    options: ValidateOptions,
) -> Understood:
    """Read predictions and labels, and put them together.

    Raises:
        BadInput: the predictions cannot be read, or could be read in several ways.
    """
    started = time.monotonic()
    await attempt.progress(done=0, of=len(items), stage="reading predictions")
    said = await asyncio.to_thread(read_predictions, path)
    truth = Truth()
    for start in range(0, len(items), AT_ONCE):
        part = items[start : start + AT_ONCE]
        await asyncio.to_thread(truth.read, part, len(dataset.names))
        await attempt.progress(done=start + len(part), of=len(items), stage="reading labels")
    if not truth.images:
        raise BadInput(
            f"None of the {len(items)} images of the {split} split can be used: "
            f"{truth.findings[0]['message']}.",
            code="no_usable_images",
        )
    reader = Reader(said, truth, dataset, split, path, options)
    data, images = await asyncio.to_thread(reader.evidence)
    findings = [*truth.findings, *reader.findings]
    return Understood(data, images, findings, tuple(reader.notes), time.monotonic() - started)


class Reader:
    """Finds out what the ids of a predictions file mean, and says how."""

    def __init__(
        self,
        said: Said,
        truth: Truth,
        dataset: Dataset,
        split: str,
        path: Path,
        options: ValidateOptions,
    ) -> None:
        self.said, self.truth, self.dataset, self.options = said, truth, dataset, options
        self.split, self.path = split, path
        self.paths = [_relative(image.path, dataset.root) for image in truth.images]
        self.notes: list[str] = []
        self.findings: list[dict[str, str]] = []

    def evidence(self) -> tuple[Evidence, tuple[Image, ...]]:
        """Labels and predictions together, images in the order of their ids.

        Raises:
            BadInput: ids fit nothing, or fit in several ways.
        """
        said = self.said
        self.notes.append(f"predictions read as {said.form}: {len(said.score_n)} boxes")
        image_rows, class_rows = Counter(said.image_n), Counter(said.class_n)
        image_table, class_table = self._tables(image_rows)
        ways = self._wanted(
            image_ways(image_rows, self.paths, image_table), self.options.image_ids, "image_ids"
        )
        kinds = class_ways(class_rows, self.dataset.names, class_table)
        base = 0 if said.shares else self.options.category_base  # YOLO counts from 0
        kinds = self._wanted(kinds, None if base is None else str(base), "category_base")
        labels = self.truth.labels
        image_way, why = choose(
            ways,
            image_rows,
            lambda way: max(self._proof(way, kind, labels) for kind in [*kinds, None]),
            option="image_ids",
            what="image_id",
        )
        self._note(MEANINGS[image_way.name], why)
        class_way, why = choose(
            kinds,
            class_rows,
            lambda way: self._proof(image_way, way, labels),
            option="category_base",
            what="category_id",
        )
        named = class_way.name == "names"
        how = "by name" if named else f"from {class_way.name}"
        self._note(f"category_id counts the classes {how}" if not named else f"classes {how}", why)
        return self._assemble(image_way, class_way, labels)

    def _tables(self, image_rows: Counter[Id]) -> tuple[dict[Id, str] | None, dict[Id, str] | None]:
        """Tables of the file itself, else of annotations beside it or in the dataset."""
        said = self.said
        if said.image_names or said.shares or not image_rows:
            return said.image_names, said.class_names
        if all(isinstance(each, str) and not each.isdigit() for each in image_rows):
            return None, said.class_names
        files = annotations(self.dataset.root, self.split, beside=self.path)
        images, classes, name = looked_up(image_rows, self.paths, files)
        if images:
            self.notes.append(f"ids looked up in {name}")
        return images, said.class_names or classes

    def _wanted(self, ways: list[Way], name: str | None, option: str) -> list[Way]:
        """Only the way that the request names, if it names one."""
        if name is None:
            return ways
        kept = [way for way in ways if way.name == name]
        if not kept and self.said.image_n:
            there = ", ".join(way.name for way in ways) or "none"
            raise BadInput(
                f"The predictions cannot be read with {option}={name}; what fits: {there}.",
                code="unknown_ids",
            )
        return kept

    def _proof(self, images: Way, classes: Way | None, labels: tuple[Ints, Ints, Floats]) -> int:
        """Labels under the surest boxes, as many boxes as there are labels."""
        said = self.said
        top = np.argsort(-said.score_n, kind="stable")[: max(len(labels[0]), 1)]
        surest = Surest(
            [said.image_n[at] for at in top],
            [said.class_n[at] for at in top],
            self._corners(top, [images.index_of.get(said.image_n[at], 0) for at in top]),
            *labels,
        )
        return surest.found(images, classes)

    def _corners(self, rows: Ints, images: Sequence[int] | Ints) -> Floats:
        """x1, y1, x2, y2 in pixels of some rows, given the images they lie on."""
        box_n4 = self.said.box_n4[rows]
        if not self.said.shares:
            return np.concatenate([box_n4[:, :2], box_n4[:, :2] + box_n4[:, 2:]], axis=1)
        sizes = np.array([(i.width_px, i.height_px) for i in self.truth.images], dtype=np.float64)
        size_n2 = sizes[np.asarray(images, dtype=np.int64)]
        corner_n2 = (box_n4[:, :2] - box_n4[:, 2:] / 2) * size_n2
        corners_n4 = np.concatenate([corner_n2, corner_n2 + box_n4[:, 2:] * size_n2], axis=1)
        return settled(corners_n4)

    def _assemble(
        self, image_way: Way, class_way: Way, labels: tuple[Ints, Ints, Floats]
    ) -> tuple[Evidence, tuple[Image, ...]]:
        said = self.said
        image_n = np.array([image_way.index_of.get(i, -1) for i in said.image_n], dtype=np.int64)
        class_n = np.array([class_way.index_of.get(c, -1) for c in said.class_n], dtype=np.int64)
        self._report_unknown("image", image_n, said.image_n)
        self._report_unknown("class", np.where(image_n >= 0, class_n, 0), said.class_n)
        rows = np.flatnonzero((image_n >= 0) & (class_n >= 0))
        order = in_order_of_ids(image_way, self._sorted_by(), len(self.paths))
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        label_image, label_class, label_box = labels
        data = evidence(
            images=len(self.paths),
            classes=self.dataset.names,
            labels=(place[label_image], label_class, label_box),
            detections=(
                place[image_n[rows]],
                class_n[rows],
                said.score_n[rows],
                self._corners(rows, image_n[rows]),
            ),
        )
        images = tuple(self.truth.images[at] for at in order)
        self._report_outside(data, images)
        return data, images

    def _sorted_by(self) -> dict[Id, Id]:
        """What images are sorted by: their ids; numbers beside file names, if one each."""
        said = self.said
        if len(said.number_n) == len(said.image_n):
            pairs = set(zip(said.image_n, said.number_n, strict=True))
            numbers = dict(pairs)
            if len(pairs) == len(numbers) == len(set(numbers.values())):
                return numbers
        return {each: each for each in said.image_n}

    def _report_unknown(self, what: str, index_n: Ints, ids: Sequence[Id]) -> None:
        """A finding for rows that mean nothing here: they are not counted, as in pycocotools."""
        unknown = np.flatnonzero(index_n < 0)
        if not len(unknown):
            return
        names = list(dict.fromkeys(str(ids[at])[:60] for at in unknown.tolist()))
        more = "" if len(names) <= EXAMPLES else f" and {len(names) - EXAMPLES} more"
        where = f"the {self.split} split" if what == "image" else "the dataset's classes"
        message = (
            f"{len(unknown)} predictions are not judged: their {what} is not in {where} "
            f"({', '.join(names[:EXAMPLES])}{more})"
        )
        self.findings.append({"image_path": str(self.path), "message": message})
        self.notes.append(message)

    def _report_outside(self, data: Evidence, images: Sequence[Image]) -> None:
        sizes = np.array([(i.width_px, i.height_px) for i in images], dtype=np.float64)
        outside = int((data.box_d4[:, 2:] > 1.5 * sizes[data.image_d]).any(axis=1).sum())
        if outside > data.detections / 10:
            self.notes.append(
                f"{outside} of {data.detections} boxes reach far beyond their image: bbox must be "
                "x, y, width, height in pixels of the original image"
            )

    def _note(self, what: str, why: str) -> None:
        if self.said.image_n:
            self.notes.append(f"{what}, {why}" if why else what)


def _relative(path: str, root: Path) -> str:
    inside = Path(path)
    return (
        (inside.relative_to(root) if inside.is_relative_to(root) else inside).as_posix().strip("/")
    )
