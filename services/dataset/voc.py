"""Pascal VOC: one XML file per image, read without entities and without a DTD."""

import math
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as SafeXml

from libs.common.errors import BadInput
from services.dataset.domain.converted import Annotated, Converted, relative_box, stays_inside

MAX_XML_BYTES = 8 * 1024 * 1024
_MOST_OBJECTS = 10_000
_FLAGS = {
    "difficult": "difficult flags",
    "truncated": "truncated flags",
    "occluded": "occluded flags",
}
_PARTS = {
    "part": "parts",
    "polygon": "masks",
    "attributes": "attributes",
    "robndbox": "turned boxes",
}

Size = Callable[[str], tuple[int, int]]
"""Width and height in pixels of an image by its name, (0, 0) if it is not known."""


def is_voc(file: Path) -> bool:
    """Whether an XML file looks like an annotation, by its first bytes."""
    with file.open("rb") as stream:
        return b"<annotation" in stream.read(4096)


def read_voc(file: Path, split: str, found: Converted, size: Size) -> None:
    """Add one XML file to `found`; its classes are collected under their names.

    Raises:
        BadInput: it is too large, no XML, has a DTD or entities, or leads out of the dataset.
    """
    root = _parsed(file)
    name = (root.findtext("filename") or "").strip().replace("\\", "/").removeprefix("./")
    name = name or file.stem
    if not stays_inside(name) or not name.isprintable():
        raise BadInput(
            f"{file.name}: the file name {name[:80]!r} leads out of the dataset.",
            code="path_traversal",
        )
    image = Annotated(split, name)
    width, height = (_number(root.findtext(f"size/{side}")) for side in ("width", "height"))
    if not width or not height:
        width, height = size(name)
    objects = root.findall("object")
    if len(objects) > _MOST_OBJECTS:
        raise BadInput(f"{file.name}: more than {_MOST_OBJECTS:,} objects.", code="voc_malformed")
    for entry in objects:
        _object(entry, image, float(width or 0), float(height or 0), found)
    found.images.append(image)


def _parsed(file: Path) -> Element:
    if file.stat().st_size > MAX_XML_BYTES:
        raise BadInput(
            f"{file.name} is larger than {MAX_XML_BYTES:,} bytes: that is no annotation.",
            code="voc_too_large",
        )
    try:
        root: Element = SafeXml.fromstring(file.read_bytes(), forbid_dtd=True)
    except DefusedXmlException as error:
        raise BadInput(
            f"{file.name} has a DTD or entities, which annotations do not need: remove them.",
            code="xml_unsafe",
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise BadInput(
            f"{file.name} is no XML: {str(error)[:120]}.", code="voc_malformed"
        ) from error
    if root.tag != "annotation":
        raise BadInput(f"{file.name} is no Pascal VOC annotation.", code="voc_malformed")
    return root


def _object(
    entry: Element, image: Annotated, width: float, height: float, found: Converted
) -> None:
    for tag, what in _FLAGS.items():
        found.lost[what] += (entry.findtext(tag) or "0").strip() == "1"
    for tag, what in _PARTS.items():
        found.lost[what] += entry.find(tag) is not None
    pose = (entry.findtext("pose") or "").strip().lower()
    found.lost["poses"] += pose not in ("", "unspecified")
    name = (entry.findtext("name") or "").strip()[:256]
    edges = [_number(entry.findtext(f"bndbox/{edge}")) for edge in ("xmin", "ymin", "xmax", "ymax")]
    if not name or any(edge is None for edge in edges):
        found.lost["objects without a name or a box"] += 1
        return
    if not width or not height:
        found.lost["boxes of images whose size is not known"] += 1
        return
    left, top, right, bottom = (edge or 0.0 for edge in edges)
    if left >= 1 and top >= 1:  # VOC counts pixels from 1, both ends included; a 0 says otherwise
        left, top = left - 1, top - 1
    box = relative_box(left, top, right, bottom, width, height)
    if box is None or right <= left or bottom <= top:
        found.lost["boxes without area"] += 1
    else:
        image.boxes.append((name, box))


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
