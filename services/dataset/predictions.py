"""What a stored model validation says of the images of a dataset: its parquet, and whose it is."""

# mypy: disable-error-code="attr-defined,no-untyped-call"

import asyncio
import hashlib
import json
import os
import stat
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from libs.common.errors import BadInput
from services.dataset.domain.paths import Paths
from services.dataset.domain.predicted import LEAST_SEEN, Predicted
from services.dataset.listing import Listing
from services.dataset.scan import StageProgress

IMAGES_AT_ONCE = 64
MOST_NAMESAKES = 16
"""Images of the same file name that are compared by their bytes with a judged one."""
NOTES = b"shirushi"
CORNERS = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True, slots=True)
class Asked:
    """An image that the model was asked about."""

    path: str
    """On the disk of who judged it."""
    member: str
    """Inside the version of a registered dataset; empty for a folder's."""
    sha256: str
    size: tuple[int, int]
    """Width and height in pixels, upright."""


@dataclass(slots=True)
class Predictions:
    """As they are stored, by the numbers that the validation gave its images."""

    name: str
    asked: tuple[Asked, ...]
    classes: tuple[str, ...]
    columns: dict[str, npt.NDArray[Any]]
    row: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Of each image in the dataset that is checked, or -1; see `find_images`."""
    changed: int = 0
    """Images of the dataset whose bytes are others than those that were judged."""

    def of_dataset(self, images: int, names: tuple[str, ...]) -> Predicted:
        """In the numbers of a scan.

        Args:
            images: of the scan.
            names: its classes; classes are the same when their names are.
        """
        seen = np.zeros(images, bool)
        seen[self.row[self.row >= 0]] = True
        row_d = self.row[self.columns["image"]]
        number = {name: at for at, name in enumerate(names)}
        kinds = np.array([number.get(name, -1) for name in self.classes], np.int64)
        size = np.array([each.size for each in self.asked], np.float64).reshape(-1, 2)
        kept = np.flatnonzero(row_d >= 0)
        kept = kept[np.argsort(row_d[kept], kind="stable")]
        image = self.columns["image"][kept]
        corners = np.stack([self.columns[name][kept] for name in CORNERS], axis=1)
        return Predicted(
            seen,
            row_d[kept],
            kinds[self.columns["class"][kept]],
            self.columns["score"][kept],
            np.clip(corners / np.tile(size[image], 2), 0, 1),
        )

    def told(self, from_confidence: float | None) -> dict[str, Any]:
        """For the report: how much of them is of use."""
        unsure = (
            "The model is not sure enough on these images to contradict labels: "
            "they were judged by their looks alone."
        )
        return {
            "name": self.name,
            "images": int((self.row >= 0).sum()),
            "images_changed": self.changed,
            "images_of_others": int((self.row < 0).sum()) - self.changed,
            "from_confidence": from_confidence,
            "note": unsure if from_confidence is None else None,
        }


def read_predictions(path: Path, name: str) -> Predictions:
    """Read the detections of a stored validation, those that see nothing left out.

    Args:
        path: its `matches.parquet`.
        name: as the user knows them.

    Raises:
        BadInput: `unreadable_predictions`: it is no such file.
    """
    try:
        return _read(path, name)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, IndexError) as error:
        raise BadInput(
            f"The predictions of {name} cannot be read: validate the model again.",
            code="unreadable_predictions",
        ) from error


def _read(path: Path, name: str) -> Predictions:
    wanted = ["image", "class", "score", *CORNERS]
    certain = [("score", ">=", LEAST_SEEN)]  # labels have none
    with pq.ParquetFile(path) as file:
        notes = json.loads(file.schema_arrow.metadata[NOTES])
    table = pq.read_table(path, columns=wanted, filters=certain)
    asked = tuple(
        Asked(
            str(row["path"]),
            str(row.get("member", "")),
            str(row.get("sha256", "")),
            (int(row["width_px"]), int(row["height_px"])),
        )
        for row in notes["images"]
    )
    columns = {name: table[name].to_numpy() for name in wanted}
    for key, end in (("image", len(asked)), ("class", len(notes["classes"]))):
        columns[key] = columns[key].astype(np.int64)
        if len(columns[key]) and not 0 <= columns[key].min() <= columns[key].max() < end:
            raise ValueError(key)
    if not all(np.isfinite(columns[key]).all() for key in ("score", *CORNERS)):
        raise ValueError("a number is none")
    if min((side for each in asked for side in each.size), default=1) < 1:
        raise ValueError("an image has no size")
    return Predictions(name, asked, tuple(map(str, notes["classes"])), columns)


async def find_images(
    predictions: Predictions, listing: Listing, progress: StageProgress
) -> Predictions:
    """Find the images that the model was asked about, by path, then by the hash of their bytes.

    An image counts only while its bytes are those that were judged. One that is elsewhere now, as
    in a newer version or a copy of the folder, is found by its file name and its hash.

    Raises:
        BadInput: `other_images`: the dataset has none of them.
    """
    asked = predictions.asked
    namesakes = await asyncio.to_thread(_namesakes, asked, listing.paths)
    predictions.row = np.full(len(asked), -1, np.int64)
    for start in range(0, len(asked), IMAGES_AT_ONCE):
        part = range(start, min(len(asked), start + IMAGES_AT_ONCE))
        found = await asyncio.to_thread(_rows_of, asked[part.start : part.stop], namesakes, listing)
        for at, (row, changed) in zip(part, found, strict=True):
            predictions.row[at] = row
            predictions.changed += changed
        await progress(part.stop, len(asked), "finding predicted images")
    if not (predictions.row >= 0).any():
        raise BadInput(
            f"The dataset has none of the images that {predictions.name} judged, or all of them "
            "have changed since: validate the model on this dataset first.",
            code="other_images",
        )
    return predictions


def _namesakes(asked: tuple[Asked, ...], paths: Paths) -> dict[bytes, list[int]]:
    """Rows of the dataset's images by file name, of the names that the model was asked about."""
    names = {os.fsencode(PurePosixPath(each.path).name) for each in asked}
    names |= {os.fsencode(PurePosixPath(each.member).name) for each in asked if each.member}
    found: dict[bytes, list[int]] = defaultdict(list)
    for row, path in enumerate(paths.raws()):
        if (name := path.rpartition(b"/")[2]) in names:
            found[name].append(row)
    return found


def _rows_of(
    asked: tuple[Asked, ...], namesakes: dict[bytes, list[int]], listing: Listing
) -> list[tuple[int, bool]]:
    return [_row_of(each, namesakes, listing) for each in asked]


def _row_of(asked: Asked, namesakes: dict[bytes, list[int]], listing: Listing) -> tuple[int, bool]:
    """Row of the image, or -1; and whether it is there with other bytes."""
    member, path = os.fsencode(asked.member), os.fsencode(asked.path)
    rows = namesakes.get((member or path).rpartition(b"/")[2], [])
    home = os.fsencode(listing.root) + b"/"
    here = {row: listing.paths.raw(row) for row in rows}
    same = [row for row in rows if (here[row] == member if member else home + here[row] == path)]
    same += [row for row in rows if not member and here[row] == path]
    if not asked.sha256:
        return (same[0] if same else -1), False
    for row in [*same, *[row for row in rows if row not in same]][:MOST_NAMESAKES]:
        raw = here[row]
        if _sha256(raw if raw.startswith(b"/") else home + raw) == asked.sha256:
            return row, False
    return -1, bool(same)


def _sha256(path: bytes) -> str | None:
    """Of a regular file; None of anything else."""
    try:
        with open(os.fsdecode(path), "rb", buffering=0, opener=_no_wait) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _no_wait(path: str, flags: int) -> int:
    """A pipe that is named like an image is not waited for."""
    return os.open(path, flags | os.O_NONBLOCK)
