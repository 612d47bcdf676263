"""Look at a handful of images and labels: what a worker process of the scan does."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from services.dataset.domain.findings import Findings, Hit, Rules
from services.dataset.domain.images import check_image
from services.dataset.domain.labels import LabelFile, parse_label
from services.dataset.domain.rules_labels import check_label
from services.dataset.domain.tally import SplitTally, Tally, Twin
from services.dataset.images import look_at_image

MAX_LABEL_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Orders:
    """What is looked at, and how: the same for every part of a scan."""

    root: Path
    classes: int
    rules: Rules
    images: bool
    labels: bool
    full: bool
    max_examples: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of one split: image paths with their label paths."""

    split: str
    items: tuple[tuple[str, str | None], ...]


def look_at(chunk: Chunk, orders: Orders) -> Tally:
    """Check every image and label of a chunk. One bad file never stops it."""
    tally = Tally(Findings(orders.max_examples))
    for image, label in chunk.items:
        _look_at_item(tally, chunk.split, Path(image), Path(label) if label else None, orders)
    return tally


def deadly(chunk: Chunk, orders: Orders) -> Tally:
    """What is said of images that killed the process which opened them."""
    tally = Tally(Findings(orders.max_examples))
    for image, _ in chunk.items:
        tally.split(chunk.split).images += 1
        hit = Hit("corrupt_scan_data", "Decoding it kills the process: remove it, save it anew.")
        _add(tally, [hit], chunk.split, Path(image), orders)
    return tally


def _look_at_item(
    tally: Tally, split: str, image: Path, label: Path | None, orders: Orders
) -> None:
    counts = tally.split(split)
    counts.images += 1
    usable, facts, parsed = True, None, None
    if orders.images:
        facts = look_at_image(image, orders.rules, full=orders.full)
        usable = facts.usable(orders.rules)
        hits = check_image(facts, orders.rules)
        _add(tally, list(hits), split, image, orders)
        if facts.width:
            counts.saw_size(facts.width, facts.height)
    if label is None:
        text = "It has no label file: the trainer takes it for background. Label it, or add an "
        hit = Hit("image_without_label", text + "empty label file to say so.")
        _add(tally, [hit], split, image, orders)
    else:
        counts.labels += 1
        parsed = _read(label, orders.classes)
        usable = usable and parsed.dropped is None
        if orders.labels:
            hits = check_label(parsed, orders.classes, orders.rules)
            _add(tally, list(hits), split, label, orders)
        _count(counts, parsed)
    counts.usable += usable
    if facts and facts.digest:
        rows = parsed.boxes.tobytes() if parsed else b""
        labels = hashlib.sha256(rows).digest()[:8]
        place = _relative(image, orders.root)
        tally.twins.append(Twin(split, place, facts.digest[:16], labels))


def _read(label: Path, classes: int) -> LabelFile:
    try:
        with label.open("rb") as stream:
            raw = stream.read(MAX_LABEL_BYTES + 1)
    except OSError as error:
        return LabelFile(b"", "", dropped=f"it cannot be read ({error.strerror})")
    if len(raw) > MAX_LABEL_BYTES:
        return LabelFile(raw, "", dropped="it is far too large and was not read")
    return parse_label(raw, classes)


def _count(counts: SplitTally, label: LabelFile) -> None:
    counts.empty_labels += not label.rows and label.dropped is None
    classes = Counter(label.boxes[:, 0].astype(int).tolist())
    counts.instances.update(classes)
    counts.images_of_class.update(classes.keys())


def _add(tally: Tally, hits: list[Hit], split: str, file: Path, orders: Orders) -> None:
    for hit in hits:
        place = _relative(file, orders.root)
        tally.findings.add(orders.rules.finding(hit, split=split, file=place))


def _relative(file: Path, root: Path) -> str:
    """The path as a reader of the report knows it: from the dataset's folder on."""
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
