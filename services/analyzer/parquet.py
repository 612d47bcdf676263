"""Boxes of a validation on disk: one row per label or detection. The only importer of pyarrow."""

# mypy: disable-error-code="attr-defined,no-untyped-call"

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from libs.common.errors import BadInput
from services.analyzer.domain.boxes import Floats
from services.analyzer.domain.evidence import Evidence, evidence

NOTES = b"shirushi"
CORNERS = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True)
class Image:
    """One judged image: where it is, its size in pixels, upright, and what its bytes were.

    `member` is its path inside the version of a registered dataset, empty for a folder's. How it
    looks is None where no pass has decoded it, see `domain.appearance`.
    """

    path: str
    width_px: int
    height_px: int
    member: str = ""
    sha256: str = ""
    brightness: float | None = None
    contrast: float | None = None
    sharpness: float | None = None


@dataclass
class Boxes:
    """What one pass over a set of images collects; boxes in pixels of the original image."""

    images: list[Image] = field(default_factory=list)
    image: list[int] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    class_index: list[int] = field(default_factory=list)
    score: list[float | None] = field(default_factory=list)
    corners: list[Floats] = field(default_factory=list)

    def add(
        self, kind: str, classes: list[int], scores: list[float] | None, corners_n4: Floats
    ) -> None:
        """Boxes of the newest image: `label`s without scores or `detection`s with."""
        self.image += [len(self.images) - 1] * len(classes)
        self.kind += [kind] * len(classes)
        self.class_index += classes
        self.score += scores if scores is not None else [None] * len(classes)
        self.corners.append(corners_n4)


def write_boxes(boxes: Boxes, classes: tuple[str, ...], path: Path) -> None:
    """Write what a pass collected; images and class names ride in the file's metadata."""
    corners = np.concatenate([np.zeros((0, 4)), *boxes.corners])
    table = pa.table(
        {
            "image": pa.array(boxes.image, pa.int32()),
            "kind": pa.array(boxes.kind, pa.string()).dictionary_encode(),
            "class": pa.array(boxes.class_index, pa.int32()),
            "score": pa.array(boxes.score, pa.float64()),
            **{name: pa.array(corners[:, at]) for at, name in enumerate(CORNERS)},
        }
    )
    notes = {"images": [vars(image) for image in boxes.images], "classes": classes}
    _write(table, notes, path)


def read_boxes(source: Path | bytes) -> tuple[Evidence, tuple[Image, ...]]:
    """The evidence that `write_boxes` or `write_matches` wrote, and its images.

    Raises:
        BadInput: `unreadable_boxes`: it is no such file.
    """
    try:
        return _read_boxes(pa.BufferReader(source) if isinstance(source, bytes) else source)
    except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            "The stored boxes cannot be read: validate the model again.", code="unreadable_boxes"
        ) from error


def _read_boxes(source: Any) -> tuple[Evidence, tuple[Image, ...]]:
    table = pq.read_table(source, columns=["image", "kind", "class", "score", *CORNERS])
    notes = json.loads(table.schema.metadata[NOTES])
    is_label = pc.equal(table["kind"].cast(pa.string()), "label").to_numpy(zero_copy_only=False)
    image = table["image"].to_numpy().astype(np.int64)
    kind = table["class"].to_numpy().astype(np.int64)
    corners = np.stack([table[name].to_numpy() for name in CORNERS], axis=1)
    score = table["score"].to_numpy().astype(np.float64)
    data = evidence(
        images=len(notes["images"]),
        classes=tuple(notes["classes"]),
        labels=(image[is_label], kind[is_label], corners[is_label]),
        detections=(image[~is_label], kind[~is_label], score[~is_label], corners[~is_label]),
    )
    return data, tuple(Image(**row) for row in notes["images"])


def write_matches(
    data: Evidence, images: tuple[Image, ...], columns: dict[str, list[Any]], path: Path
) -> None:
    """Write the evidence in its canonical order, labels first, with what the matching found.

    Args:
        data: labels and detections.
        images: by image index.
        columns: further columns by name, labels first, one value per row.
        path: the file to write.
    """
    corners = np.concatenate([data.label_box_l4, data.box_d4])
    image = np.concatenate([data.label_image_l, data.image_d])
    names = pa.array([each.path for each in images], pa.string())
    table = pa.table(
        {
            "image": pa.array(image, pa.int32()),
            "image_path": pa.DictionaryArray.from_arrays(pa.array(image, pa.int32()), names),
            "kind": pa.array(
                ["label"] * data.labels + ["detection"] * data.detections, pa.string()
            ).dictionary_encode(),
            "class": pa.array(np.concatenate([data.label_class_l, data.class_d]), pa.int32()),
            "score": pa.array([None] * data.labels + data.score_d.tolist(), pa.float64()),
            **{name: pa.array(corners[:, at]) for at, name in enumerate(CORNERS)},
            **columns,
        }
    )
    _write(table, {"images": [vars(image) for image in images], "classes": data.classes}, path)


def write_columns(columns: dict[str, Any], path: Path) -> None:
    """Write a table of our own, one array or list per column."""
    pq.write_table(pa.table(columns), path, compression="zstd")


def read_rows(
    content: bytes, equal: dict[str, Any], *, start: int, count: int
) -> tuple[int, list[dict[str, Any]]]:
    """Some rows of what `write_columns` wrote.

    Args:
        content: of the file.
        equal: value by column; only rows that have them all.
        start: how many of these to pass over.
        count: how many to give at most.

    Returns:
        How many rows fit in all, and those asked for.

    Raises:
        BadInput: `unreadable_table`: it is no such file.
    """
    fits = [(name, "=", value) for name, value in equal.items()]
    try:
        table = pq.read_table(pa.BufferReader(content), filters=fits or None)
        return table.num_rows, table.slice(start, count).to_pylist()
    except (pa.ArrowException, ValueError) as error:
        raise BadInput("The stored table cannot be read.", code="unreadable_table") from error


def _write(table: Any, notes: dict[str, Any], path: Path) -> None:
    metadata = {NOTES: json.dumps(notes, ensure_ascii=False).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path, compression="zstd")
