"""What was seen of a dataset, in a form that parts of it can be added up in any order."""

from collections import Counter
from dataclasses import dataclass, field

from services.dataset.domain.findings import Findings


@dataclass(slots=True)
class SplitTally:
    """Counts of one split, or of a part of it."""

    images: int = 0
    usable: int = 0
    """Images that the trainer would take, with the labels it would take."""
    labels: int = 0
    """Label files."""
    empty_labels: int = 0
    instances: Counter[int] = field(default_factory=Counter)
    """Boxes the trainer keeps, per class number."""
    images_of_class: Counter[int] = field(default_factory=Counter)
    widths: list[int] = field(default_factory=list)
    """Smallest and largest width in pixels, if any was seen."""
    heights: list[int] = field(default_factory=list)

    def saw_size(self, width: int, height: int) -> None:
        """Widen the range of image sizes."""
        self.widths = _range([*self.widths, width])
        self.heights = _range([*self.heights, height])

    def merge(self, other: "SplitTally") -> None:
        """Add another part of the same split."""
        self.images += other.images
        self.usable += other.usable
        self.labels += other.labels
        self.empty_labels += other.empty_labels
        self.instances.update(other.instances)
        self.images_of_class.update(other.images_of_class)
        self.widths = _range(self.widths + other.widths)
        self.heights = _range(self.heights + other.heights)


def _range(values: list[int]) -> list[int]:
    return [min(values), max(values)] if values else []


@dataclass(frozen=True, slots=True)
class Twin:
    """What duplicates are told by: where an image is, and hashes of it and of its labels."""

    split: str
    file: str
    image: bytes
    labels: bytes


@dataclass(slots=True)
class Tally:
    """Everything one scan saw, or one part of it."""

    findings: Findings
    splits: dict[str, SplitTally] = field(default_factory=dict)
    twins: list[Twin] = field(default_factory=list)

    def split(self, name: str) -> SplitTally:
        """The counts of a split, begun when there are none."""
        return self.splits.setdefault(name, SplitTally())

    def merge(self, other: "Tally") -> None:
        """Add what another part of the scan saw."""
        self.findings.merge(other.findings)
        for name, split in other.splits.items():
            self.split(name).merge(split)
        self.twins += other.twins
