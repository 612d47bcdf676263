"""COCO instances: a parsed JSON in, boxes by class name out. Trusts nothing in it."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from libs.common.errors import BadInput
from services.dataset.domain.boxes import Box, around
from services.dataset.domain.converted import Annotated, Converted, relative_box, stays_inside

_LOSSES = {"segmentation": "masks", "keypoints": "keypoints", "attributes": "attributes"}
_MOST_CLASSES = 10_000


def is_coco(data: Any) -> bool:
    """Whether a parsed JSON has the three lists of COCO instances."""
    lists = ("images", "annotations", "categories")
    return isinstance(data, dict) and all(isinstance(data.get(name), list) for name in lists)


def read_coco(data: dict[str, Any], split: str, sizes: dict[str, tuple[int, int]]) -> Converted:
    """All images of one COCO file, those without boxes too.

    Args:
        data: the parsed file.
        split: of its images.
        sizes: width and height in pixels by file name, for images whose entry has none.

    Raises:
        BadInput: an entry is malformed, or a file name leads out of the dataset.
    """
    found = Converted()
    used = Counter(_id(row, "category_id") for row in data["annotations"])
    names = _categories(data["categories"], used, found)
    found.classes = tuple(names[key] for key in sorted(names, key=_order))
    images: dict[Any, Annotated] = {}
    measured: dict[Any, tuple[float, float]] = {}
    for entry in data["images"]:
        key, image, size = _image(entry, split, sizes)
        if key in images:
            raise BadInput(f"COCO: the image id {key!r} is given twice.", code="coco_malformed")
        images[key], measured[key] = image, size
    for row in data["annotations"]:
        if _id(row, "image_id") not in images:
            found.lost["annotations of no image"] += 1
        elif _id(row, "category_id") not in names:
            found.lost["annotations of no category"] += 1
        elif row.get("iscrowd"):
            found.lost["crowd regions (iscrowd)"] += 1
        else:
            key = row["image_id"]
            for box in _box(row, *measured[key], found):
                images[key].boxes.append((names[row["category_id"]], box))
    found.images = list(images.values())
    return found


def _id(row: Any, name: str) -> int | str | None:
    """An id of a row, if it is one."""
    value = row.get(name) if isinstance(row, dict) else None
    return value if isinstance(value, int | str) else None


def _order(key: Any) -> tuple[int, float, str]:
    return (0, key, "") if isinstance(key, int | float) else (1, 0, str(key))


def _categories(entries: list[Any], used: Counter[Any], found: Converted) -> dict[Any, str]:
    names: dict[Any, str] = {}
    parents = {entry.get("supercategory") for entry in entries if isinstance(entry, dict)}
    if len(entries) > _MOST_CLASSES:
        raise BadInput(f"COCO: more than {_MOST_CLASSES:,} categories.", code="coco_malformed")
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), int | str):
            raise BadInput("COCO: a category has no id.", code="coco_malformed")
        key, name = entry["id"], str(entry.get("name") or f"class_{entry['id']}").strip()[:256]
        if names.get(key, name) != name:
            raise BadInput(
                f"COCO: the category id {key!r} has two names: correct one.", code="coco_malformed"
            )
        if name in parents and not used[key]:
            found.lost["categories that only group others"] += 1
        elif name in names.values() and names.get(key) != name:
            raise BadInput(
                f"COCO: two categories are called {name!r}: rename one.", code="coco_malformed"
            )
        else:
            names[key] = name
    return names


def _image(
    entry: Any, split: str, sizes: dict[str, tuple[int, int]]
) -> tuple[Any, Annotated, tuple[float, float]]:
    name = entry.get("file_name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not isinstance(entry.get("id"), int | str):
        raise BadInput("COCO: an image has no id or no file_name.", code="coco_malformed")
    name = name.replace("\\", "/").removeprefix("./")
    if not stays_inside(name) or not name.isprintable():
        raise BadInput(
            f"COCO: the file name {name[:80]!r} leads out of the dataset.", code="path_traversal"
        )
    size = (entry.get("width"), entry.get("height"))
    if not all(isinstance(n, int | float) and math.isfinite(n) and n > 0 for n in size):
        size = sizes.get(name, (0, 0))
    return entry["id"], Annotated(split, name), (float(size[0]), float(size[1]))


def _box(row: dict[str, Any], width: float, height: float, found: Converted) -> Iterator[Box]:
    """The box of one annotation, if it has one."""
    for key, what in _LOSSES.items():
        found.lost[what] += bool(row.get(key))
    if width <= 0 or height <= 0:
        found.lost["boxes of images whose size is not known"] += 1
        return
    corners = _numbers(row.get("bbox"), 4)
    if corners is None:
        outline = row.get("segmentation")
        parts = outline if isinstance(outline, list) else []
        points = [p for part in parts if isinstance(part, list) for p in part]
        numbers = _numbers(points, len(points))
        if not numbers or len(numbers) < 6 or len(numbers) % 2:
            found.lost["annotations without a box"] += 1
            return
        x, y, wide, high = around(numbers)
        corners = [x - wide / 2, y - high / 2, wide, high]
    left, top, wide, high = corners
    box = relative_box(left, top, left + wide, top + high, width, height)
    if box is None or wide <= 0 or high <= 0:
        found.lost["boxes without area"] += 1
    else:
        yield box


def _numbers(values: Any, count: int) -> list[float] | None:
    if not isinstance(values, list) or len(values) != count:
        return None
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
        return None
    return [float(value) for value in values]
