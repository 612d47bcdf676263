"""Counts per split of what a scan saw, as the report gives them."""

from collections import Counter
from dataclasses import dataclass, field

from services.dataset.domain.findings import Findings
from services.dataset.domain.scanned import Label, Scanned


@dataclass(slots=True)
class SplitTally:
    """Counts of one split."""

    images: int = 0
    usable: int = 0
    """Images that the trainer would take, with the labels it would take."""
    labels: int = 0
    """Label files."""
    empty_labels: int = 0
    instances: Counter[int] = field(default_factory=Counter)
    """Boxes the trainer keeps, per class number."""
    widths: list[int] = field(default_factory=list)
    """Smallest and largest width in pixels, if any was seen."""
    heights: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    """What a check comes to: all that was seen, and what was found in it."""

    scanned: Scanned
    findings: Findings
    splits: dict[str, SplitTally]


def count(scanned: Scanned, findings: Findings) -> Tally:
    """The counts of every split."""
    splits = {name: _count(scanned, index) for index, name in enumerate(scanned.splits)}
    return Tally(scanned, findings, splits)


def _count(scanned: Scanned, index: int) -> SplitTally:
    images = scanned.images[scanned.images["split"] == index]
    sized = images[images["width"] > 0]
    return SplitTally(
        images=len(images),
        usable=int(images["usable"].sum()),
        labels=int((images["label"] != Label.NONE).sum()),
        empty_labels=int((images["label"] == Label.EMPTY).sum()),
        instances=Counter(dict(enumerate(scanned.instances[index].tolist()))),
        widths=[int(sized["width"].min()), int(sized["width"].max())] if len(sized) else [],
        heights=[int(sized["height"].min()), int(sized["height"].max())] if len(sized) else [],
    )
