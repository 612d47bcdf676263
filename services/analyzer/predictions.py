"""Predictions from elsewhere, as files: COCO results, or YOLO txt (see `yolo_txt`).

A COCO file is a list of `{image_id, category_id, bbox, score}`, with
`bbox` = x, y, w, h in pixels of the original image, or a whole COCO dict with these rows.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from libs.common.errors import BadInput
from services.analyzer.domain.reading import Id
from services.analyzer.said import Faults, Said
from services.analyzer.yolo_txt import read_txts, txt_files

MOST_BYTES = 2**30
MOST_ROWS = 20_000_000
ROW_LISTS = ("annotations", "predictions", "detections", "results")
IMAGE_KEYS = ("file_name", "image_path", "image_id")


def read_predictions(path: Path) -> Said:
    """Read a COCO json, a YOLO txt, or a folder of YOLO txt files.

    Raises:
        BadInput: `predictions_unreadable`, `bad_predictions` with the count and the first place,
            `predictions_too_large`, `no_predictions`.
    """
    if path.is_dir():
        return read_txts(path, txt_files(path))
    if path.suffix.lower() == ".txt":
        return read_txts(path.parent, [path])
    return _read_json(path)


def read_tables(path: Path) -> tuple[dict[Id, str] | None, dict[Id, str] | None]:
    """File names by image id and class names by category id of a COCO file; None where absent.

    Raises:
        BadInput: it is no COCO file.
    """
    found = _parse(path)
    if not isinstance(found, dict):
        raise BadInput(f"{path.name} has no tables of COCO", code="predictions_unreadable")
    return _table(found, "images", "file_name"), _table(found, "categories", "name")


def _parse(path: Path) -> Any:
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise BadInput(
            f"{path.name} has {size / 2**30:.1f} GiB; at most 1 GiB is read. Keep fewer boxes.",
            code="predictions_too_large",
        )
    try:
        return orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise BadInput(
            f"{path.name} is not JSON ({error}). NaN and Infinity are not JSON either.",
            code="predictions_unreadable",
        ) from error


def _table(found: dict[str, Any], name: str, value: str) -> dict[Id, str] | None:
    """`{id: value}` of one of COCO's tables; None where it is missing or says nothing."""
    rows = found.get(name)
    if not isinstance(rows, list):
        return None
    table: dict[Id, str] = {}
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get(value), str):
            return None
        if not isinstance(row.get("id"), int | str) or row["id"] in table:
            raise BadInput(
                f"The table '{name}' has an entry without an id of its own: {row!r:.80}",
                code="bad_predictions",
            )
        table[row["id"]] = row[value]
    return table or None


def _read_json(path: Path) -> Said:
    found = _parse(path)
    said = Said()
    rows = found
    if isinstance(found, dict):
        lists = [found[name] for name in ROW_LISTS if isinstance(found.get(name), list)]
        if len(lists) != 1:
            raise BadInput(
                f"{path.name} is a JSON object without one list of predictions: give a list of "
                "{image_id, category_id, bbox, score}, or an object with it under 'annotations'.",
                code="predictions_unreadable",
            )
        [rows] = lists
        said.image_names = _table(found, "images", "file_name")
        said.class_names = _table(found, "categories", "name")
        said.form = "COCO object"
    if not isinstance(rows, list):
        raise BadInput(f"{path.name} holds no list of predictions", code="predictions_unreadable")
    _fill(said, rows)
    return said


def _fill(said: Said, rows: list[Any]) -> None:
    """Take the columns of COCO rows.

    Raises:
        BadInput: `bad_predictions`: a row lacks a field or holds what cannot be.
    """
    if len(rows) > MOST_ROWS:
        raise BadInput(f"{len(rows)} predictions are too many", code="predictions_too_large")
    named = _image_key(said, rows)
    faults = Faults()
    boxes, scores = [], []
    for at, row in enumerate(rows):
        fault, box = _fault(row, named), (0.0, 0.0, 0.0, 0.0)
        if fault:
            faults.note(fault, f"row {at + 1}: {row!r:.120}")
            continue
        x, y, w, h = box = row["bbox"]
        score = row["score"]
        if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(w) and math.isfinite(h)):
            faults.note("a bbox that is not finite", f"row {at + 1}")
        elif w < 0 or h < 0:
            faults.note("a bbox with a negative size", f"row {at + 1}: {box!r:.80}")
        elif not 0 <= score <= 1:
            faults.note("a score outside 0 to 1", f"row {at + 1}: {score!r:.40}")
        said.image_n.append(row[named])
        if named != "image_id" and type(row.get("image_id")) in (int, str):
            said.number_n.append(row["image_id"])
        said.class_n.append(row["category_id"])
        boxes.append(box)
        scores.append(score)
    faults.raise_if_any()
    said.box_n4 = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    said.score_n = np.array(scores, dtype=np.float64)
    reach = said.box_n4[:, :2] + said.box_n4[:, 2:]
    if boxes and reach.max() <= 1.5:
        raise BadInput(
            "No predicted box reaches beyond 1.5 pixels: bbox must be x, y, width, height in "
            "pixels of the original image, not shares of it.",
            code="bad_predictions",
        )


def _image_key(said: Said, rows: list[Any]) -> str:
    """The field that names the image: a file name where every row has one, else `image_id`."""
    if said.image_names:
        return "image_id"
    for key in IMAGE_KEYS:
        if all(isinstance(row, dict) and isinstance(row.get(key), str) for row in rows) and rows:
            return key
    return "image_id"


def _fault(row: Any, named: str) -> str | None:
    """What is wrong with the shape of a row; None if nothing is."""
    if not isinstance(row, dict):
        return "no object"
    if type(row.get(named)) not in (int, str):
        return f"no {named} that is a number or a text"
    if type(row.get("category_id")) not in (int, str):
        return "no category_id that is a number or a text"
    box = row.get("bbox")
    if type(box) is not list or len(box) != 4 or not all(type(v) in (int, float) for v in box):
        return "no bbox of four numbers"
    return None if type(row.get("score")) in (int, float) else "no score that is a number"
